// Package recordtest builds records as the kernel writes them, for tests.
package recordtest

import (
	"fmt"
	"reflect"
	"unsafe"

	"vigil/decode"
)

// Header is what the records of Build begin with: a process of user 1000 on the
// second CPU, 1000 s after boot.
func Header() decode.Header {
	return decode.Header{
		Time: 1_000_123_456_789, ExecID: 0x1122334455667788, ParentExecID: 0x99aabbccddeeff00, CgroupID: 4242,
		PID: 1234, TID: 1235, UID: 1000, CPU: 1, Count: 1,
	}
}

// Build lays a record out: Header, the struct of the kind (decode.Exec, or a
// pointer to one), and the texts in the order of event.h, missing ones empty. The
// result is aligned to 8 bytes, and its lengths are right whatever fixed says. It
// panics when the struct is not the kind's.
func Build(kind decode.Kind, fixed any, texts ...[]byte) []byte {
	return BuildWith(Header(), kind, fixed, texts...)
}

// BuildWith is Build with a header of the caller's; its length and kind are set.
func BuildWith(h decode.Header, kind decode.Kind, fixed any, texts ...[]byte) []byte {
	from := reflect.ValueOf(fixed)
	if from.Kind() == reflect.Pointer {
		from = from.Elem()
	}
	body := reflect.New(from.Type())
	body.Elem().Set(from)
	setLengths(kind, body.Elem(), texts)

	size := int(unsafe.Sizeof(h) + from.Type().Size())
	for _, b := range texts {
		size += len(b)
	}
	h.Length, h.Kind = uint32(size), uint16(kind)
	words := make([]uint64, (size+7)/8)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
	n := copy(raw, unsafe.Slice((*byte)(unsafe.Pointer(&h)), unsafe.Sizeof(h)))
	n += copy(raw[n:], unsafe.Slice((*byte)(body.UnsafePointer()), from.Type().Size()))
	for _, b := range texts {
		n += copy(raw[n:], b)
	}
	if _, err := decode.Decode(raw); err != nil {
		panic(fmt.Sprintf("recordtest: build %s of %s: %v", kind, from.Type(), err))
	}
	return raw
}

func setLengths(kind decode.Kind, body reflect.Value, texts [][]byte) {
	lengths := body.FieldByName("Len")
	if !lengths.IsValid() {
		if len(texts) > 0 {
			panic(fmt.Sprintf("recordtest: build %s: it has no texts", kind))
		}
		return
	}
	if len(texts) > lengths.Len() {
		panic(fmt.Sprintf("recordtest: build %s: %d texts, it has %d", kind, len(texts), lengths.Len()))
	}
	for i := range lengths.Len() {
		n := 0
		if i < len(texts) {
			n = len(texts[i])
		}
		lengths.Index(i).SetUint(uint64(n))
	}
}

// Decoded is Build, decoded.
func Decoded(kind decode.Kind, fixed any, texts ...[]byte) decode.Record {
	return decoded(Build(kind, fixed, texts...))
}

// DecodedWith is BuildWith, decoded.
func DecodedWith(h decode.Header, kind decode.Kind, fixed any, texts ...[]byte) decode.Record {
	return decoded(BuildWith(h, kind, fixed, texts...))
}

func decoded(b []byte) decode.Record {
	r, err := decode.Decode(b)
	if err != nil {
		panic(fmt.Sprintf("recordtest: %v", err))
	}
	return r
}

// Texts makes texts for Build out of strings.
func Texts(texts ...string) [][]byte {
	b := make([][]byte, len(texts))
	for i, s := range texts {
		b[i] = []byte(s)
	}
	return b
}
