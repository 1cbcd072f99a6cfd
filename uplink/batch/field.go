package batch

import (
	"math/bits"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"vigil/decode"
)

// headerSize is what comes before the struct of a kind.
const headerSize = int(unsafe.Sizeof(decode.Header{}))

// coding is how a word is told when it is another than before.
type coding uint8

const (
	halves     coding = iota // of smaller fields: of each half zigzag of the difference to the one before
	difference               // zigzag of the difference to the value before
	identifier               // reference to the table of IDs
	clock                    // zigzag of the difference to the time of the event
)

// word is 8 bytes of a record.
type word struct {
	mask   uint64 // of the bytes that are told
	at     uint8  // where it lies, in words
	coding coding
	swap   bool     // big-endian: half of an address
	shift  [2]uint8 // of what is told of each half
}

// shape is what a kind's records are made of.
type shape struct {
	fixed   int // bytes before the first text
	lengths int // where those of the texts lie, from the start of the record
	texts   int
	files   int    // how many texts are paths of the decode.FileIdentity that the struct begins with
	ends    bool   // the struct begins with a decode.Endpoints
	words   []word // that are told
	wide    uint64 // those of them that nothing foretells: numbers of 8 bytes
	cpu     uint64 // where in its word the CPU is
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
		told := make([]word, s.fixed/8)
		header(told)
		s.structure(told, t, headerSize)
		if t == reflect.TypeFor[decode.FilePair]() {
			s.files = 2
		}
		s.cpu = bytesAt(int(cpuOffset), int(unsafe.Sizeof(decode.Header{}.CPU)))
		for at, w := range told {
			if w.mask == 0 {
				continue
			}
			w.at = uint8(at)
			for i, half := range [...]uint32{uint32(w.mask), uint32(w.mask >> 32)} {
				w.shift[i] = uint8(bits.TrailingZeros32(half))
			}
			if w.coding == difference || w.coding == clock {
				s.wide |= 1 << len(s.words)
			}
			s.words = append(s.words, w)
		}
	}
	return &all
}

// bytesAt is where bytes of a record are in their word.
func bytesAt(offset, size int) uint64 { return (1<<(8*size) - 1) << (8 * (offset % 8)) }

// header finds the words with what the header tells by kind.
func header(told []word) {
	t := reflect.TypeFor[decode.Header]()
	for _, name := range [...]string{"Flags", "CPU", "Ring", "Lost", "Count"} {
		f, _ := t.FieldByName(name)
		told[f.Offset/8].mask |= bytesAt(int(f.Offset), int(f.Type.Size()))
	}
}

// structure finds the words of a struct, with its padding: a record comes back as it was.
func (s *shape) structure(told []word, t reflect.Type, at int) {
	for i := range t.NumField() {
		f := t.Field(i)
		offset := at + int(f.Offset)
		switch size := int(f.Type.Size()); {
		case f.Name == "Len":
			s.lengths, s.texts = offset, f.Type.Len()
		case f.Type.Kind() == reflect.Struct:
			if f.Type == reflect.TypeFor[decode.FileIdentity]() {
				s.files = 1
			}
			s.ends = s.ends || f.Type == reflect.TypeFor[decode.Endpoints]()
			s.structure(told, f.Type, offset)
		case size == 16 && f.Type.Kind() == reflect.Array: // an address
			w := word{mask: ^uint64(0), coding: difference, swap: true}
			told[offset/8], told[offset/8+1] = w, w
		case size == 8 && f.Type.Kind() == reflect.Uint64:
			told[offset/8] = word{mask: ^uint64(0), coding: codingOf(f.Name)}
		default:
			for n := range size {
				told[(offset+n)/8].mask |= bytesAt(offset+n, 1)
			}
		}
	}
}

func codingOf(name string) coding {
	switch {
	case strings.HasSuffix(name, "ExecID"):
		return identifier
	case name == "Start", name == "First", name == "Last", name == "Since", name == "Until":
		return clock
	}
	return difference
}

// value is the word as the number that it is.
func (w *word) value(v uint64) uint64 {
	if w.swap {
		return bits.ReverseBytes64(v)
	}
	return v
}

// parts are what is told of the halves.
func (w *word) parts(v uint64) (low, high uint32) {
	v &= w.mask
	return uint32(v) >> w.shift[0], uint32(v>>32) >> w.shift[1]
}

// whole is the word of two parts; what does not fit is cut off.
func (w *word) whole(low, high uint32) uint64 {
	return (uint64(low<<w.shift[0]) | uint64(high<<w.shift[1])<<32) & w.mask
}
