package decode

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unsafe"
)

// A recording is the line below, four bytes of length and as many of JSON (Meta)
// filled up with spaces to a multiple of 8, then records as the kernel wrote
// them, each filled up with zeros to a multiple of 8. Numbers are little-endian.
const recordingMagic = "vigil recording 1\n\x00\x00"

// Meta tells where a recording was made.
type Meta struct {
	Version    string `json:"version"`
	Host       string `json:"host"`
	BootOffset int64  `json:"boot_offset_ns"` // added to a record's time, gives wall time
}

// ErrNoRecording says that a file is none.
var ErrNoRecording = errors.New("not a vigil recording")

// Writer writes a recording.
type Writer struct {
	w io.Writer
}

// NewWriter begins a recording.
func NewWriter(w io.Writer, m Meta) (*Writer, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("begin recording: %w", err)
	}
	for (len(recordingMagic)+4+len(text))%8 != 0 {
		text = append(text, ' ')
	}
	head := append([]byte(recordingMagic), binary.LittleEndian.AppendUint32(nil, uint32(len(text)))...)
	if _, err := w.Write(append(head, text...)); err != nil {
		return nil, fmt.Errorf("begin recording: %w", err)
	}
	return &Writer{w}, nil
}

// Write adds a record.
func (w *Writer) Write(r Record) error {
	if _, err := w.w.Write(r.raw); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	var zeros [8]byte
	if _, err := w.w.Write(zeros[:-len(r.raw)&7]); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// Reader reads a recording.
type Reader struct {
	r     io.Reader
	meta  Meta
	words []uint64 // the record, aligned
	count int
}

// NewReader reads the head of a recording; ErrNoRecording when there is none.
func NewReader(r io.Reader) (*Reader, error) {
	head := make([]byte, len(recordingMagic)+4)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:len(recordingMagic)]) != recordingMagic {
		return nil, ErrNoRecording
	}
	n := binary.LittleEndian.Uint32(head[len(recordingMagic):])
	if n > 1<<16 {
		return nil, ErrNoRecording
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, ErrNoRecording
	}
	out := &Reader{r: r, words: make([]uint64, MaxRecord/8+1)}
	if err := json.Unmarshal(text, &out.meta); err != nil {
		return nil, ErrNoRecording
	}
	return out, nil
}

// Meta tells where the recording was made.
func (r *Reader) Meta() Meta { return r.meta }

// Next gives the next record, valid until the one after; io.EOF at the end. A
// recording that was cut off ends with an error that tells how much was good.
func (r *Reader) Next() (Record, error) {
	b := unsafe.Slice((*byte)(unsafe.Pointer(&r.words[0])), len(r.words)*8)
	if _, err := io.ReadFull(r.r, b[:8]); errors.Is(err, io.EOF) {
		return Record{}, io.EOF
	} else if err != nil {
		return Record{}, r.torn(err)
	}
	length := int(binary.LittleEndian.Uint32(b))
	if length < headerSize || length > MaxRecord {
		return Record{}, r.torn(fmt.Errorf("%w: length %d", ErrDamaged, length))
	}
	if _, err := io.ReadFull(r.r, b[8:(length+7)&^7]); err != nil {
		return Record{}, r.torn(err)
	}
	record, err := Decode(b[:length])
	if err != nil {
		return Record{}, r.torn(err)
	}
	r.count++
	return record, nil
}

func (r *Reader) torn(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrShort
	}
	return fmt.Errorf("the recording ends after %d whole records: %w", r.count, err)
}
