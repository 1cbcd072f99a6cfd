package decode_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"vigil/decode"
)

func meta() decode.Meta {
	return decode.Meta{BootSeed: 0x1234567890abcdef, BootOffset: -5, Version: "v1", Host: "web1", Kernel: "6.12.0", Architecture: "amd64"}
}

// recorded is a recording of a sample of each kind, and where each record ends.
func recorded(t testing.TB) (b []byte, ends []int) {
	t.Helper()
	var out bytes.Buffer
	w, err := decode.NewWriter(&out, meta())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds() {
		ends = append(ends, out.Len())
		if err := w.Write(sample(t, k)); err != nil {
			t.Fatal(err)
		}
	}
	if w.Records() != uint64(len(ends)) {
		t.Fatalf("%d records are counted of %d", w.Records(), len(ends))
	}
	return out.Bytes(), append(ends, out.Len())
}

// replay reads all that a recording has, and writes it again.
func replay(r io.Reader) (again []byte, records uint64, err error) {
	d, err := decode.NewReader(r)
	if err != nil {
		return nil, 0, err
	}
	var out bytes.Buffer
	w, err := decode.NewWriter(&out, d.Meta())
	if err != nil {
		return nil, 0, err
	}
	for {
		record, err := d.Next()
		if errors.Is(err, io.EOF) {
			return out.Bytes(), d.Records(), nil
		}
		if err != nil {
			return out.Bytes(), d.Records(), err
		}
		if err := w.Write(record); err != nil {
			return nil, 0, err
		}
	}
}

func TestRecordingIsByteExact(t *testing.T) {
	b, ends := recorded(t)
	for name, r := range map[string]io.Reader{
		"at once": bytes.NewReader(b), "byte by byte": iotest.OneByteReader(bytes.NewReader(b)),
		"halves": iotest.HalfReader(bytes.NewReader(b)), "end with data": iotest.DataErrReader(bytes.NewReader(b)),
	} {
		again, records, err := replay(r)
		if err != nil || records != uint64(len(ends)-1) || !bytes.Equal(again, b) {
			t.Errorf("%s: %d records, %d bytes of %d, %v", name, records, len(again), len(b), err)
		}
	}
	d, err := decode.NewReader(bytes.NewReader(b))
	if err != nil || d.Meta() != meta() {
		t.Errorf("%+v, %v", d.Meta(), err)
	}
	for i, k := range kinds() {
		r, err := d.Next()
		if err != nil || r.Kind() != k || !bytes.Equal(r.Bytes(), sample(t, k).Bytes()) {
			t.Errorf("record %d is %s, want %s, %v", i, r.Kind(), k, err)
		}
	}
	if _, err := d.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

// More than the Reader's buffer holds: what is kept when it fills stays aligned.
func TestRecordingLarge(t *testing.T) {
	buffer, offsets := traffic(3 << 20)
	var out bytes.Buffer
	w, err := decode.NewWriter(&out, decode.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range offsets {
		r, err := decode.Decode(buffer[at:])
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	again, records, err := replay(iotest.HalfReader(bytes.NewReader(out.Bytes())))
	if err != nil || records != uint64(len(offsets)) || !bytes.Equal(again, out.Bytes()) {
		t.Errorf("%d records of %d, %v", records, len(offsets), err)
	}
}

func TestRecordingTornAnywhere(t *testing.T) {
	b, ends := recorded(t)
	whole := 0
	for n := ends[0]; n <= len(b); n++ {
		for ends[whole+1] <= n && whole+2 < len(ends) {
			whole++
		}
		want := uint64(whole)
		if n == len(b) {
			want++
		}
		_, records, err := replay(bytes.NewReader(b[:n]))
		if records != want {
			t.Fatalf("torn at %d: %d records, want %d", n, records, want)
		}
		if n == ends[whole] || n == len(b) {
			if err != nil {
				t.Fatalf("ended at %d: %v", n, err)
			}
			continue
		}
		says := fmt.Sprintf("read recording: record %d, at byte %d, after %d whole records: ", want+1, ends[whole], want)
		if !errors.Is(err, decode.ErrShort) || !strings.HasPrefix(err.Error(), says) {
			t.Fatalf("torn at %d: %v, want %s", n, err, says)
		}
	}
	for n := range ends[0] {
		if _, err := decode.NewReader(bytes.NewReader(b[:n])); !errors.Is(err, decode.ErrShort) {
			t.Fatalf("header torn at %d: %v", n, err)
		}
	}
}

func TestRecordingRefuses(t *testing.T) {
	b, ends := recorded(t)
	for _, c := range []struct {
		name   string
		change func(b []byte)
		says   string
	}{
		{"another file", func(b []byte) { copy(b, "\x7fELF") }, "no recording of vigil's"},
		{"a version to come", func(b []byte) { b[8] = 2 }, "version 2: this vigil reads version 1"},
		{"another byte order", func(b []byte) { flip(b[16:24]) }, "another byte order"},
		{"no byte order", func(b []byte) { b[16] = 99 }, "byte order mark"},
		{"a header of another length", func(b []byte) { b[12]++ }, "expected"},
		{"a header that goes on", func(b []byte) { b[ends[0]-1] = 'x' }, "end of the header"},
		{"a record of nothing", func(b []byte) { clear(b[ends[3] : ends[3]+4]) }, "record 4, at byte "},
		{"a record without end", func(b []byte) { b[ends[3]+3] = 0xff }, "length of"},
		{"a record of no kind", func(b []byte) { b[ends[3]+4] = 0xff }, "unknown kind"},
		{"something between records", func(b []byte) { b[ends[1]-1] = 1 }, ""},
	} {
		broken := bytes.Clone(b)
		c.change(broken)
		_, _, err := replay(bytes.NewReader(broken))
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want it to say %q", c.name, err, c.says)
		}
	}
}

func flip(b []byte) { binary.BigEndian.PutUint64(b, binary.LittleEndian.Uint64(b)) }

func TestRecordingPadding(t *testing.T) {
	b, ends := recorded(t)
	for i, k := range kinds() {
		n := len(sample(t, k).Bytes())
		for at := ends[i] + n; at < ends[i+1]; at++ {
			broken := bytes.Clone(b)
			broken[at] = 1
			_, records, err := replay(bytes.NewReader(broken))
			if !errors.Is(err, decode.ErrDamaged) || records != uint64(i) {
				t.Fatalf("%s with a byte behind it: %d records, %v", k, records, err)
			}
		}
	}
}

func TestRecordingErrors(t *testing.T) {
	b, ends := recorded(t)
	fault := errors.New("disk on fire")
	_, records, err := replay(io.MultiReader(bytes.NewReader(b[:ends[2]]), iotest.ErrReader(fault)))
	if !errors.Is(err, fault) || records != 2 {
		t.Errorf("%d records, %v", records, err)
	}
	if _, err := decode.NewWriter(failing{fault}, meta()); !errors.Is(err, fault) {
		t.Errorf("header: %v", err)
	}
	if _, err := decode.NewWriter(io.Discard, decode.Meta{Host: strings.Repeat("x", 1<<16)}); err == nil {
		t.Error("a host of 65536 bytes is taken")
	}
	limit := &limited{left: ends[2]}
	w, err := decode.NewWriter(limit, meta())
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range kinds() {
		if err = w.Write(sample(t, k)); (err != nil) != (i >= 2) {
			t.Fatalf("record %d: %v", i, err)
		}
	}
	if !strings.Contains(err.Error(), "after 2 records: full") {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// limited takes so many bytes.
type limited struct{ left int }

func (l *limited) Write(b []byte) (int, error) {
	if len(b) > l.left {
		return l.left, errors.New("full")
	}
	l.left -= len(b)
	return len(b), nil
}
