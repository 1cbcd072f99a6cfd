package decode_test

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"unsafe"

	"vigil/decode"
)

// leaf is a number somewhere in a struct: its name, place and size.
type leaf struct {
	name   string
	offset uintptr
	size   uintptr
}

// leaves lists the numbers of a type that say something: no padding, no lengths.
func leaves(name string, t reflect.Type, offset uintptr) []leaf {
	switch t.Kind() {
	case reflect.Struct:
		var all []leaf
		for f := range t.Fields() {
			if f.Name != "_" && f.Name != "Len" {
				all = append(all, leaves(name+"."+f.Name, f.Type, offset+f.Offset)...)
			}
		}
		return all
	case reflect.Array:
		var all []leaf
		for i := range t.Len() {
			all = append(all, leaves(fmt.Sprintf("%s[%d]", name, i), t.Elem(), offset+uintptr(i)*t.Elem().Size())...)
		}
		return all
	default:
		return []leaf{{name, offset, t.Size()}}
	}
}

// blank is a record of a kind with nothing in it but texts of one byte.
func blank(k decode.Kind) []byte {
	size, lengths, texts := decode.Layout(k)
	total := int(unsafe.Sizeof(decode.Header{})) + size + texts
	words := make([]uint64, (total+7)/8)
	b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), total)
	h := (*decode.Header)(unsafe.Pointer(&b[0]))
	h.Length, h.Kind = uint32(total), uint16(k)
	for i := range texts {
		*(*uint16)(unsafe.Pointer(&b[64+lengths+2*i])) = 1
		b[64+size+i] = 'a'
	}
	return b
}

// structOf is the type that the kind's accessor gives: of Record's methods, the one
// that gives a struct for this record.
func structOf(t *testing.T, r decode.Record) reflect.Type {
	t.Helper()
	v := reflect.ValueOf(r)
	for m := range v.Type().Methods() {
		if m.Type.NumIn() != 1 || m.Type.NumOut() != 1 || m.Type.Out(0).Kind() != reflect.Pointer {
			continue
		}
		if out := v.Method(m.Index).Call(nil)[0]; !out.IsNil() {
			return m.Type.Out(0).Elem()
		}
	}
	t.Fatalf("%s has no accessor", r.Kind())
	return nil
}

// Whoever reads JSON must be able to rebuild the record: no two values of any
// number of it, and no two texts, look the same. New fields of event.h fail here
// until AppendJSON tells them.
func TestJSONTellsEveryField(t *testing.T) {
	for _, k := range kinds() {
		r, err := decode.Decode(blank(k))
		if err != nil {
			t.Fatal(err)
		}
		all := leaves("Header", reflect.TypeFor[decode.Header](), 0)
		all = append(all, leaves(k.String(), structOf(t, r), unsafe.Sizeof(decode.Header{}))...)
		for _, l := range all {
			if l.name != "Header.Length" && l.name != "Header.Kind" {
				checkLeaf(t, k, l)
			}
		}
		size, _, texts := decode.Layout(k)
		for i := range texts {
			checkText(t, k, 64+size+i)
		}
	}
}

// checkLeaf puts values into one number and expects as many different outputs. A
// file's size only shows where the file has an identity: so both ways.
func checkLeaf(t *testing.T, k decode.Kind, l leaf) {
	t.Helper()
	patterns := [][]byte{
		{},
		{1},
		{2},
		{3},
		{5},
		{7},
		{0, 1},
		{0xff},
		{0xff, 0xff},
		{0xff, 0xff, 0xff, 0xff},
		{0, 0, 0, 1},
		{0, 0, 0, 0x80},
		{0, 0, 0, 0, 1},
		{0, 0, 0, 0, 0, 0, 0, 0x80},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	seen := map[string][]byte{}
	for _, p := range patterns {
		value := make([]byte, l.size)
		if copy(value, p); len(p) > len(value) {
			continue
		}
		b := blank(k)
		copy(b[l.offset:], value)
		r, err := decode.Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", l.name, err)
		}
		out := string(decode.AppendJSON(nil, r, nil))
		if other, ok := seen[out]; ok && !bytes.Equal(other, value) {
			t.Errorf("%s: %s is not in the output: %x and %x look the same:\n%s", k, l.name, other, value, out)
			return
		}
		seen[out] = value
	}
}

func checkText(t *testing.T, k decode.Kind, offset int) {
	t.Helper()
	seen := map[string]byte{}
	for _, c := range []byte{'a', 'b', 0, '/', 0x80, 0xff, '"', '\\', '\n', ' ', '\''} {
		b := blank(k)
		b[offset] = c
		r, err := decode.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		out := string(decode.AppendJSON(nil, r, nil))
		if other, ok := seen[out]; ok {
			t.Errorf("%s: texts %q and %q look the same:\n%s", k, other, c, out)
		}
		seen[out] = c
	}
}
