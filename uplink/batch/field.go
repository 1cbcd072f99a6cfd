package batch

import (
	"encoding/binary"
	"math/bits"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"vigil/decode"
)

// headerSize is what comes before the struct of a kind.
const headerSize = int(unsafe.Sizeof(decode.Header{}))

// coding is how a field is told when it is another than before.
type coding uint8

const (
	difference coding = iota // zigzag of the difference to the value before, in the field's width
	identifier               // reference to the table of IDs
	clock                    // zigzag of the difference to the time of the event
)

// field is one number of a record.
type field struct {
	offset int    // from the start of the record
	width  int    // bytes: 1, 2, 4, 8
	swap   bool   // big-endian on a machine that is not: half of an address
	shift  uint8  // where it lies in its word
	mask   uint64 // of its bits, shifted down
	coding coding
}

// word is 8 bytes of a record, and the fields that lie in them.
type word struct {
	mask       uint64 // of the bytes that fields have
	first, end uint8  // of shape.fields
}

// shape is what a kind's records are made of.
type shape struct {
	fixed   int // bytes before the first text
	lengths int // where those of the texts lie, from the start of the record
	texts   int
	files   int  // how many texts are paths of the decode.FileIdentity that the struct begins with
	ends    bool // the struct begins with a decode.Endpoints
	fields  []field
	words   []word // all before the first text
}

// structs are the structs of the kinds, as decode's accessors have them.
func structs() [decode.KindCount]reflect.Type {
	var all [decode.KindCount]reflect.Type
	set := func(t reflect.Type, kinds ...decode.Kind) {
		for _, k := range kinds {
			all[k] = t
		}
	}
	set(reflect.TypeFor[decode.BPF](), decode.KindBPF)
	set(reflect.TypeFor[decode.Cgroup](), decode.KindCgroup)
	set(reflect.TypeFor[decode.Credentials](), decode.KindCredentials)
	set(reflect.TypeFor[decode.Descriptor](), decode.KindIOUring, decode.KindMemfd, decode.KindUserfaultfd)
	set(reflect.TypeFor[decode.DNS](), decode.KindDNS)
	set(reflect.TypeFor[decode.Exec](), decode.KindExec, decode.KindProcess)
	set(reflect.TypeFor[decode.Exit](), decode.KindExit)
	set(reflect.TypeFor[decode.FileChange](), decode.KindFileChmod, decode.KindFileChown, decode.KindFileMkdir, decode.KindFileTruncate, decode.KindFileUnlink)
	set(reflect.TypeFor[decode.FileOpen](), decode.KindFileOpen, decode.KindFileRead)
	set(reflect.TypeFor[decode.FilePair](), decode.KindFileLink, decode.KindFileRename, decode.KindFileSymlink)
	set(reflect.TypeFor[decode.FileSetxattr](), decode.KindFileSetxattr)
	set(reflect.TypeFor[decode.FileWrite](), decode.KindFileWrite)
	set(reflect.TypeFor[decode.Flow](), decode.KindFlowEnd)
	set(reflect.TypeFor[decode.Fork](), decode.KindFork)
	set(reflect.TypeFor[decode.Kexec](), decode.KindKexec)
	set(reflect.TypeFor[decode.Lost](), decode.KindLost)
	set(reflect.TypeFor[decode.Memory](), decode.KindMmap, decode.KindMprotect)
	set(reflect.TypeFor[decode.Module](), decode.KindModule)
	set(reflect.TypeFor[decode.Mount](), decode.KindMount, decode.KindPivotRoot, decode.KindUmount)
	set(reflect.TypeFor[decode.Namespace](), decode.KindNamespace)
	set(reflect.TypeFor[decode.ProcessVM](), decode.KindProcessVM)
	set(reflect.TypeFor[decode.Ptrace](), decode.KindPtrace)
	set(reflect.TypeFor[decode.RenameTask](), decode.KindRenameTask)
	set(reflect.TypeFor[decode.Signal](), decode.KindSignal)
	set(reflect.TypeFor[decode.Socket](), decode.KindAccept, decode.KindBind, decode.KindConnect, decode.KindDatagram, decode.KindListen, decode.KindRawSocket)
	set(reflect.TypeFor[decode.Sysctl](), decode.KindSysctl)
	return all
}

// shapes are the fields of every kind; nobody changes them.
var shapes = sync.OnceValue(shapesOf)

func shapesOf() *[decode.KindCount]shape {
	var all [decode.KindCount]shape
	for k, t := range structs() {
		if t == nil {
			continue
		}
		s := &all[k]
		s.fixed = headerSize + int(t.Size())
		s.header()
		s.structure(t, headerSize)
		if t == reflect.TypeFor[decode.FilePair]() {
			s.files = 2
		}
		s.group()
	}
	return &all
}

// header adds the fields of the header that are told by kind.
func (s *shape) header() {
	t := reflect.TypeFor[decode.Header]()
	for _, name := range [...]string{"Flags", "CPU", "Ring", "Lost", "Count"} {
		f, _ := t.FieldByName(name)
		s.fields = append(s.fields, field{offset: int(f.Offset), width: int(f.Type.Size())})
	}
}

// structure adds the fields of a struct in order, padding too: a record comes back as it was.
func (s *shape) structure(t reflect.Type, at int) {
	for i := range t.NumField() {
		f := t.Field(i)
		offset := at + int(f.Offset)
		switch {
		case f.Name == "Len":
			s.lengths, s.texts = offset, f.Type.Len()
		case f.Type.Kind() == reflect.Struct:
			if f.Type == reflect.TypeFor[decode.FileIdentity]() {
				s.files = 1
			}
			s.ends = s.ends || f.Type == reflect.TypeFor[decode.Endpoints]()
			s.structure(f.Type, offset)
		case f.Type.Kind() == reflect.Array && f.Type.Size() == 16: // an address
			swap := binary.NativeEndian.Uint16([]byte{0, 1}) != 1
			s.fields = append(s.fields, field{offset: offset, width: 8, swap: swap}, field{offset: offset + 8, width: 8, swap: swap})
		case f.Type.Kind() == reflect.Array:
			width := int(f.Type.Elem().Size())
			for j := range f.Type.Len() {
				s.fields = append(s.fields, field{offset: offset + j*width, width: width})
			}
		default:
			s.fields = append(s.fields, field{offset: offset, width: int(f.Type.Size()), coding: codingOf(f.Name)})
		}
	}
}

func codingOf(name string) coding {
	switch {
	case strings.HasSuffix(name, "ExecID"):
		return identifier
	case name == "Start", name == "Since", name == "Until":
		return clock
	}
	return difference
}

// group finds the words in which the fields lie.
func (s *shape) group() {
	s.words = make([]word, s.fixed/8)
	for i := range s.fields {
		f := &s.fields[i]
		var bytes [8]byte
		for j := range f.width {
			bytes[f.offset%8+j] = 0xff
		}
		mask := binary.NativeEndian.Uint64(bytes[:])
		f.shift = uint8(bits.TrailingZeros64(mask))
		f.mask = mask >> f.shift
		w := &s.words[f.offset/8]
		if w.mask == 0 {
			w.first = uint8(i)
		}
		w.mask |= mask
		w.end = uint8(i + 1)
	}
}

// value is the field in its word.
func (f *field) value(w uint64) uint64 {
	if f.swap {
		return bits.ReverseBytes64(w)
	}
	return w >> f.shift & f.mask
}

// store writes the field of a record; what does not fit is cut off.
func (f *field) store(b []byte, v uint64) {
	b = b[f.offset:]
	switch f.width {
	case 8:
		if f.swap {
			v = bits.ReverseBytes64(v)
		}
		binary.NativeEndian.PutUint64(b, v)
	case 4:
		binary.NativeEndian.PutUint32(b, uint32(v))
	case 2:
		binary.NativeEndian.PutUint16(b, uint16(v))
	default:
		b[0] = uint8(v)
	}
}

// step is the difference of two values of the field, as the smallest number in its width.
func (f *field) step(v, before uint64) int64 {
	unused := 64 - 8*f.width
	return int64((v-before)<<unused) >> unused
}
