package batch

import (
	"encoding/binary"
	"reflect"
	"strings"
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
	offset int // from the start of the record
	width  int // bytes: 1, 2, 4, 8
	big    bool
	coding coding
}

// word is 8 bytes of a record, and the fields that lie in them.
type word struct {
	offset int
	mask   uint64 // of the bytes that fields have
	first  int    // of shape.fields
	end    int
}

// shape is what a kind's records are made of.
type shape struct {
	fixed   int // bytes before the first text
	lengths int // where those of the texts lie, from the start of the record
	texts   int
	files   int  // how many texts are paths of the decode.FileIdentity that the struct begins with
	ends    bool // the struct begins with a decode.Endpoints
	fields  []field
	words   []word
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

// shapesOf finds the fields of every kind.
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
			s.fields = append(s.fields, field{offset: offset, width: 8, big: true}, field{offset: offset + 8, width: 8, big: true})
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
	for i, f := range s.fields {
		at := f.offset &^ 7
		var bytes [8]byte
		for j := range f.width {
			bytes[f.offset-at+j] = 0xff
		}
		mask := binary.NativeEndian.Uint64(bytes[:])
		if n := len(s.words); n > 0 && s.words[n-1].offset == at {
			s.words[n-1].mask |= mask
			s.words[n-1].end = i + 1
			continue
		}
		s.words = append(s.words, word{offset: at, mask: mask, first: i, end: i + 1})
	}
}

// load reads the field of a record.
func (f *field) load(b []byte) uint64 {
	b = b[f.offset:]
	switch f.width {
	case 8:
		if f.big {
			return binary.BigEndian.Uint64(b)
		}
		return binary.NativeEndian.Uint64(b)
	case 4:
		return uint64(binary.NativeEndian.Uint32(b))
	case 2:
		return uint64(binary.NativeEndian.Uint16(b))
	}
	return uint64(b[0])
}

// store writes the field of a record; what does not fit is cut off.
func (f *field) store(b []byte, v uint64) {
	b = b[f.offset:]
	switch f.width {
	case 8:
		if f.big {
			binary.BigEndian.PutUint64(b, v)
			return
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
	switch f.width {
	case 4:
		return int64(int32(v - before))
	case 2:
		return int64(int16(v - before))
	case 1:
		return int64(int8(v - before))
	}
	return int64(v - before)
}
