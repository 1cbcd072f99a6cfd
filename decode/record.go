package decode

import (
	"errors"
	"fmt"
	"iter"
	"unsafe"
)

const headerSize = int(unsafe.Sizeof(Header{}))

// MaxRecord bounds the length of one record, bytes: a longer one is damaged.
const MaxRecord = 1 << 16

type layout struct {
	size    uint16 // of the struct behind the header, bytes
	texts   uint16 // how many strings follow
	lengths uint16 // where in the struct their lengths lie, bytes
}

// Errors of Decode, for callers that tell a short buffer from a damaged one.
var (
	ErrShort   = errors.New("record is cut off")
	ErrDamaged = errors.New("record is damaged")
)

// Record is one event as the kernel wrote it. The zero Record is not valid.
type Record struct {
	*Header
	raw []byte
}

// Decode checks the record at the start of b and gives a view of it; nothing is
// copied. b must be aligned to 8 bytes, as ring buffers and recordings are.
// It fails with ErrShort when b ends too early and ErrDamaged when lengths
// contradict each other.
func Decode(b []byte) (Record, error) {
	if len(b) < headerSize {
		return Record{}, ErrShort
	}
	if uintptr(unsafe.Pointer(&b[0]))&7 != 0 {
		return Record{}, fmt.Errorf("%w: not aligned to 8 bytes", ErrDamaged)
	}
	h := (*Header)(unsafe.Pointer(&b[0]))
	length := int(h.Length)
	if length > len(b) {
		return Record{}, ErrShort
	}
	kind := Kind(h.Kind)
	if kind == KindNone || kind >= KindCount {
		return Record{}, fmt.Errorf("%w: unknown kind %d", ErrDamaged, h.Kind)
	}
	l := &layouts[kind]
	end := headerSize + int(l.size)
	if length < end || length > MaxRecord {
		return Record{}, fmt.Errorf("%w: %s of %d bytes", ErrDamaged, kind, length)
	}
	raw := b[:length:length]
	lengths := unsafe.Slice((*uint16)(unsafe.Pointer(&raw[headerSize+int(l.lengths)])), l.texts)
	for _, n := range lengths {
		end += int(n)
	}
	if end != length {
		return Record{}, fmt.Errorf("%w: %s of %d bytes has strings up to %d", ErrDamaged, kind, length, end)
	}
	return Record{Header: h, raw: raw}, nil
}

// Kind tells what the record is about.
func (r Record) Kind() Kind { return Kind(r.Header.Kind) }

// Bytes is the whole record, as recorded.
func (r Record) Bytes() []byte { return r.raw }

// Text is the i-th string of the record: a view, not a copy, of bytes that
// nobody promises to be UTF-8. Out of range it is nil.
func (r Record) Text(i int) []byte {
	l := &layouts[r.Header.Kind]
	if uint(i) >= uint(l.texts) {
		return nil
	}
	at := headerSize + int(l.size)
	lengths := unsafe.Slice((*uint16)(unsafe.Pointer(&r.raw[headerSize+int(l.lengths)])), l.texts)
	for _, n := range lengths[:i] {
		at += int(n)
	}
	return r.raw[at : at+int(lengths[i])]
}

// Texts gives all strings at once, each as Text does: as many as dst has room for.
func (r Record) Texts(dst [][]byte) {
	l := &layouts[r.Header.Kind]
	at := headerSize + int(l.size)
	for i := range dst[:min(len(dst), int(l.texts))] {
		end := at + int(*(*uint16)(unsafe.Pointer(&r.raw[headerSize+int(l.lengths)+2*i])))
		dst[i] = r.raw[at:end]
		at = end
	}
}

// Is tells whether the header has the flag, one of Event*.
func (r Record) Is(flag uint16) bool { return r.Flags&flag != 0 }

// Arguments iterates over zero-terminated strings, as in ExecArgumentsText.
func Arguments(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := 0
			for n < len(b) && b[n] != 0 {
				n++
			}
			if !yield(b[:n]) {
				return
			}
			b = b[min(n+1, len(b)):]
		}
	}
}

// String is the kind's name, as in --kinds and in output.
func (k Kind) String() string {
	if k > KindNone && k < KindCount {
		return kindNames[k]
	}
	return "unknown"
}

// ParseKind finds a kind by its name.
func ParseKind(name string) (Kind, bool) {
	for k := KindNone + 1; k < KindCount; k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	return KindNone, false
}
