package decode

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// A recording is a file of records as the kernel wrote them, to be shown or judged
// again. It is, in this order:
//
//	offset  size
//	     0     8  "VIGILREC"
//	     8     4  version, 1
//	    12     4  length of all before the first record: a multiple of 8
//	    16     8  0x0102030405060708 in the recording machine's byte order
//	    24     8  boot seed
//	    32     8  boot offset
//	    40     8  lengths of the four texts
//	    48        version of vigil, host, kernel release, architecture; zeros up to a
//	              multiple of 8
//	              the records, each followed by zeros up to a multiple of 8
//
// The header's numbers are little-endian, those of records in the byte order of
// the machine that recorded. There is one way to write a recording: what was read
// and is written again has the same bytes.
const (
	recordingMagic   = "VIGILREC"
	recordingVersion = 1
	recordingFixed   = 48
	recordingTexts   = 4
	byteOrderMark    = 0x0102030405060708
)

// Meta is what a recording says of the machine it was made on.
type Meta struct {
	BootSeed     uint64 // what exec IDs are hashed with
	BootOffset   int64  // Actor.BootOffset
	Version      string // of the vigil that recorded
	Host         string // its name
	Kernel       string // release, as uname -r has it
	Architecture string // as GOARCH has it
}

func (m *Meta) texts() [recordingTexts]string {
	return [recordingTexts]string{m.Version, m.Host, m.Kernel, m.Architecture}
}

// appendMeta appends the header of a recording.
func appendMeta(dst []byte, m *Meta) ([]byte, error) {
	start, length := len(dst), recordingFixed
	for _, text := range m.texts() {
		if len(text) >= 1<<16 {
			return nil, fmt.Errorf("text of %d bytes in the header: must be below %d", len(text), 1<<16)
		}
		length += len(text)
	}
	length = aligned(length)
	dst = append(dst, recordingMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, recordingVersion)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(length))
	dst = binary.NativeEndian.AppendUint64(dst, byteOrderMark)
	dst = binary.LittleEndian.AppendUint64(dst, m.BootSeed)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(m.BootOffset))
	for _, text := range m.texts() {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(text)))
	}
	for _, text := range m.texts() {
		dst = append(dst, text...)
	}
	return appendZeros(dst, length-(len(dst)-start)), nil
}

// checkFixed reads the part of the header that has one size, and gives the length
// of all of it.
func checkFixed(b []byte) (length int, err error) {
	if string(b[:8]) != recordingMagic {
		return 0, fmt.Errorf("it does not begin with %s: it is no recording of vigil's", recordingMagic)
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != recordingVersion {
		return 0, fmt.Errorf("version %d: this vigil reads version %d, use the one that recorded", v, recordingVersion)
	}
	switch mark := b[16:24]; {
	case binary.NativeEndian.Uint64(mark) == byteOrderMark:
	case binary.LittleEndian.Uint64(mark) == byteOrderMark, binary.BigEndian.Uint64(mark) == byteOrderMark:
		return 0, fmt.Errorf("it was recorded in another byte order: replay it on a machine like the one that recorded")
	default:
		return 0, fmt.Errorf("byte order mark: %w", ErrDamaged)
	}
	want := recordingFixed
	for i := range recordingTexts {
		want += int(binary.LittleEndian.Uint16(b[40+2*i:]))
	}
	want = aligned(want)
	length = int(binary.LittleEndian.Uint32(b[12:]))
	if length != want {
		return 0, fmt.Errorf("header of %d bytes, %d expected: %w", length, want, ErrDamaged)
	}
	return length, nil
}

// parseMeta reads a whole header that checkFixed found good.
func parseMeta(b []byte) (Meta, error) {
	var texts [recordingTexts]string
	rest := b[recordingFixed:]
	for i := range texts {
		n := binary.LittleEndian.Uint16(b[40+2*i:])
		texts[i], rest = string(rest[:n]), rest[n:]
	}
	if !zero(rest) {
		return Meta{}, fmt.Errorf("end of the header: %w", ErrDamaged)
	}
	return Meta{
		BootSeed: binary.LittleEndian.Uint64(b[24:]), BootOffset: int64(binary.LittleEndian.Uint64(b[32:])),
		Version: texts[0], Host: texts[1], Kernel: texts[2], Architecture: texts[3],
	}, nil
}

// aligned rounds up to a multiple of 8.
func aligned(n int) int { return (n + 7) &^ 7 }

// alignedBuffer gives n bytes, a multiple of 8, at an address that is one too.
func alignedBuffer(n int) []byte {
	words := make([]uint64, n/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), n)
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func appendZeros(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, 0)
	}
	return dst
}
