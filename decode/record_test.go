package decode_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// kinds are all that there are.
func kinds() []decode.Kind {
	var all []decode.Kind
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		all = append(all, k)
	}
	return all
}

func TestEveryKindHasASample(t *testing.T) {
	for _, k := range kinds() {
		b := recordtest.Sample(k)
		if b == nil {
			t.Errorf("recordtest.Sample has no case for %s", k)
			continue
		}
		if r, err := decode.Decode(b); err != nil || r.Kind() != k || !bytes.Equal(r.Bytes(), b) {
			t.Errorf("%s: decoded as %s, %v", k, r.Kind(), err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	whole := recordtest.Sample(decode.KindExec)
	change := func(f func(b []byte)) []byte {
		b := recordtest.Sample(decode.KindExec)
		f(b)
		return b
	}
	put16, put32 := binary.NativeEndian.PutUint16, binary.NativeEndian.PutUint32
	for _, c := range []struct {
		name string
		b    []byte
		want error
		says string
	}{
		{"nothing", nil, decode.ErrShort, "cut off"},
		{"less than a header", whole[:63], decode.ErrShort, "cut off"},
		{"less than its length", whole[:len(whole)-1], decode.ErrShort, "cut off"},
		{"an odd address", append(make([]byte, 1, 1<<10), whole...)[1:], decode.ErrDamaged, "aligned"},
		{"no kind", change(func(b []byte) { put16(b[4:], 0) }), decode.ErrDamaged, "unknown kind 0"},
		{"a kind to come", change(func(b []byte) { put16(b[4:], uint16(decode.KindCount)) }), decode.ErrDamaged, "unknown kind"},
		{"length 0", change(func(b []byte) { put32(b, 0) }), decode.ErrDamaged, "of 0 bytes"},
		{"no place for its struct", change(func(b []byte) { put32(b, 64+143) }), decode.ErrDamaged, "exec of 207 bytes"},
		{"texts longer than it", change(func(b []byte) { put16(b[64+124:], 65535) }), decode.ErrDamaged, "has strings up to"},
		{"texts shorter than it", change(func(b []byte) { put16(b[64+124:], 0) }), decode.ErrDamaged, "has strings up to"},
	} {
		_, err := decode.Decode(c.b)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v that says %q", c.name, err, c.want, c.says)
		}
	}
}

func TestDecodeTooLong(t *testing.T) {
	b := make([]byte, 80_000)
	copy(b, recordtest.Sample(decode.KindExec))
	binary.NativeEndian.PutUint32(b, 65_544)
	if _, err := decode.Decode(b); !errors.Is(err, decode.ErrDamaged) {
		t.Errorf("a record above MaxRecord: %v", err)
	}
}

func TestDecodeTakesOnlyTheFirst(t *testing.T) {
	first := recordtest.Sample(decode.KindFork) // a multiple of 8
	buffer := append(slices.Clone(first), recordtest.Sample(decode.KindExit)...)
	r, err := decode.Decode(buffer)
	if err != nil || len(r.Bytes()) != len(first) || cap(r.Bytes()) != len(first) {
		t.Fatalf("%d bytes, %v", len(r.Bytes()), err)
	}
}

func TestText(t *testing.T) {
	r := recordtest.Decoded(decode.KindExec, decode.Exec{}, recordtest.Texts("/bin/sh", "sh\x00", "/", "", "", "tty1", "sh")...)
	for i, want := range []string{"/bin/sh", "sh\x00", "/", "", "", "tty1", "sh"} {
		if got := r.Text(i); string(got) != want || cap(got) < len(got) {
			t.Errorf("text %d: %q, want %q", i, got, want)
		}
	}
	for _, i := range []int{-1, 7, 1 << 30} {
		if r.Text(i) != nil {
			t.Errorf("text %d is there", i)
		}
	}
	if r := recordtest.Decoded(decode.KindFork, decode.Fork{}); r.Text(0) != nil {
		t.Error("a fork has a text")
	}
}

func TestArguments(t *testing.T) {
	for in, want := range map[string][]string{
		"":             nil,
		"\x00":         {""},
		"a\x00":        {"a"},
		"a\x00\x00b":   {"a", "", "b"},
		"a b\x00c\x00": {"a b", "c"},
	} {
		var got []string
		for a := range decode.Arguments([]byte(in)) {
			got = append(got, string(a))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for range decode.Arguments([]byte("a\x00b\x00")) {
		break
	}
}

func TestKindNames(t *testing.T) {
	for _, k := range kinds() {
		if got, ok := decode.ParseKind(k.String()); !ok || got != k {
			t.Errorf("%d is called %q, which is %d", k, k, got)
		}
	}
	if k, ok := decode.ParseKind("nosuch"); ok {
		t.Errorf("nosuch is %d", k)
	}
	for _, k := range []decode.Kind{decode.KindNone, decode.KindCount, 65535} {
		if k.String() != "unknown" {
			t.Errorf("%d is called %q", k, k)
		}
	}
}
