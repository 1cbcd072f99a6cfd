package decode_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// aligned copies b to where Decode takes it.
func aligned(b []byte) []byte {
	words := make([]uint64, len(b)/8+1)
	out := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(b))
	copy(out, b)
	return out
}

// mended makes a record of what bytes there are: kind, length and the lengths of
// texts are brought to where they contradict nothing, as those of the kernel's are.
func mended(b []byte) []byte {
	if len(b) < 64 {
		return b
	}
	b = b[:min(len(b), decode.MaxRecord)]
	k := decode.Kind(1 + binary.NativeEndian.Uint16(b[4:])%uint16(decode.KindCount-1))
	size, lengths, texts := decode.Layout(k)
	if len(b) < 64+size {
		return b
	}
	rest := len(b) - 64 - size
	if texts == 0 {
		b, rest = b[:64+size], 0
	}
	for i := range texts {
		at := b[64+lengths+2*i:]
		n := min(int(binary.NativeEndian.Uint16(at)), rest)
		if i == texts-1 {
			n = min(rest, 1<<16-1)
			b = b[:len(b)-(rest-n)]
		}
		binary.NativeEndian.PutUint16(at, uint16(n))
		rest -= n
	}
	binary.NativeEndian.PutUint16(b[4:], uint16(k))
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	return b
}

// use does all that can be done with a record.
func use(t *testing.T, r decode.Record, a *decode.Actor) {
	for i := -1; i < 9; i++ {
		if len(r.Text(i)) > len(r.Bytes()) {
			t.Fatalf("%s: text %d is longer than the record", r.Kind(), i)
		}
	}
	views, v := 0, reflect.ValueOf(r)
	for m := range v.Type().Methods() {
		if m.Type.NumIn() == 1 && m.Type.NumOut() == 1 && m.Type.Out(0).Kind() == reflect.Pointer && !v.Method(m.Index).Call(nil)[0].IsNil() {
			views++
		}
	}
	if views != 1 {
		t.Fatalf("%s has %d views", r.Kind(), views)
	}
	out := decode.AppendJSON([]byte("before"), r, a)
	if !bytes.HasPrefix(out, []byte("before{")) || !json.Valid(out[6:]) {
		t.Fatalf("%s: no JSON: %q", r.Kind(), out)
	}
	tame(t, out)
	tame(t, decode.AppendText(nil, r, a, decode.Style{Zone: time.UTC}))
}

func FuzzDecode(f *testing.F) {
	for _, k := range kinds() {
		f.Add(recordtest.Sample(k), true)
		f.Add(recordtest.Sample(k), false)
		f.Add(blank(k), true)
	}
	for _, name := range hostile() {
		f.Add(rename(name).Bytes(), true)
	}
	filter, err := decode.ParseFilter(`kind~e pid!=1 args!~"x y" path!=x host!=x container!=x ip!=9.9.9.9 port!=1 flag!=stack`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, mend bool) {
		b = aligned(b)
		if mend {
			b = mended(b)
		}
		r, err := decode.Decode(b)
		if err != nil {
			if !errors.Is(err, decode.ErrShort) && !errors.Is(err, decode.ErrDamaged) {
				t.Fatalf("an error that is neither: %v", err)
			}
			return
		}
		if int(r.Length) != len(r.Bytes()) || !bytes.Equal(r.Bytes(), b[:len(r.Bytes())]) {
			t.Fatal("the record is not the bytes it was decoded from")
		}
		use(t, r, nil)
		use(t, r, &decode.Actor{Comm: r.Text(0), Path: r.Text(0), Arguments: r.Text(1), CWD: r.Text(2), User: string(r.Text(0))})
		filter.Match(r, nil)
	})
}

func FuzzDNS(f *testing.F) {
	f.Add(sample(f, decode.KindDNS).Text(decode.DNSMessageText))
	f.Add(recordtest.Answer("a.example", decode.DNSTypeHTTPS, []byte("\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3\x00\x03\x00\x02\x01\xbb")))
	f.Add(recordtest.Answer("a.example", decode.DNSTypeSOA, []byte("\xc0\x0c\xc0\x0c\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x05")))
	f.Add(recordtest.Answer("a.example", decode.DNSTypeTXT, []byte("\x05hello")))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode.ParseDNS(b)
		if err != nil {
			return
		}
		n, last := 0, decode.DNSQuestion
		for r := (decode.DNSRecord{}); m.Next(&r); n++ {
			name := r.Name.AppendTo(nil)
			if len(name) == 0 || len(name) > 4*255 {
				t.Fatalf("a name of %d", len(name))
			}
			for _, out := range [][]byte{name, r.AppendData(nil), []byte(r.Type.String()), []byte(r.Class.String())} {
				for _, c := range out {
					if c < ' ' || c >= 0x7f {
						t.Fatalf("%q is not visible", out)
					}
				}
			}
			if r.Section < last {
				t.Fatalf("section %d after %d", r.Section, last)
			}
			last = r.Section
		}
		promised := int(m.Count[0]) + int(m.Count[1]) + int(m.Count[2]) + int(m.Count[3])
		if ended := m.Cut() || m.Err() != nil; n > promised || n < promised && !ended || n == promised && ended {
			t.Fatalf("%d records of %d, cut %v, %v", n, promised, m.Cut(), m.Err())
		}
		var r decode.DNSRecord
		if m.Next(&r) {
			t.Fatal("Next goes on after its end")
		}
		if len(b) < 1<<16 {
			use(t, recordtest.Decoded(decode.KindDNS, decode.DNS{}, b[:min(len(b), 60_000)]), nil)
		}
	})
}

func FuzzRecording(f *testing.F) {
	b, ends := recorded(f)
	f.Add(b)
	f.Add(b[:ends[0]])
	f.Add(b[:ends[4]])
	f.Add(b[:ends[4]+9])
	f.Fuzz(func(t *testing.T, b []byte) {
		again, records, err := replay(bytes.NewReader(b))
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("%d records written again differ", records)
		}
		if err == nil && len(again) != len(b) {
			t.Fatalf("%d bytes of %d without an error", len(again), len(b))
		}
		if errors.Is(err, io.EOF) {
			t.Fatalf("the end as an error: %v", err)
		}
	})
}

func FuzzFilter(f *testing.F) {
	for _, expression := range []string{
		"kind=exec,connect pid=12 path~/etc/ name=sh uid=0 container=abc", `args!~"a \"b\\",c`, "ip=10.0.0.0/8 port!=1,2", "flag=cut kind~file_",
		"exec=0011223344556677", "host=a. user= pod!=",
	} {
		f.Add(expression)
	}
	var records []decode.Record
	for _, k := range kinds() {
		records = append(records, sample(f, k))
	}
	a := someone()
	f.Fuzz(func(t *testing.T, expression string) {
		filter, err := decode.ParseFilter(expression)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "parse filter: column ") || strings.ContainsAny(err.Error(), "\n\x1b\x00") || filter != nil {
				t.Fatalf("%q: %v", expression, err)
			}
			return
		}
		for _, r := range records {
			if one, two := filter.Match(r, a), filter.Match(r, a); one != two {
				t.Fatalf("%q: %s matches by chance", expression, r.Kind())
			}
			filter.Match(r, nil)
		}
	})
}
