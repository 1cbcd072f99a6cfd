package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// recordingBuffer is how much a Reader reads at once, bytes: several of the longest
// records.
const recordingBuffer = 4 * MaxRecord

// Reader reads a recording. It is not for several goroutines at once.
type Reader struct {
	r       io.Reader
	meta    Meta
	buffer  []byte // aligned
	from    int    // what is read and not given out lies in buffer[from:to]
	to      int
	offset  int64 // of buffer[from], in the recording
	records uint64
	err     error
}

// NewReader reads the header of a recording.
func NewReader(r io.Reader) (*Reader, error) {
	d := &Reader{r: r, buffer: alignedBuffer(recordingBuffer)}
	if err := d.header(); err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	return d, nil
}

func (d *Reader) header() error {
	if err := d.fill(recordingFixed); err != nil {
		return headerError(err)
	}
	length, err := checkFixed(d.buffer[:recordingFixed])
	if err != nil {
		return err
	}
	if err := d.fill(length); err != nil {
		return headerError(err)
	}
	if d.meta, err = parseMeta(d.buffer[:length]); err != nil {
		return err
	}
	d.skip(length)
	return nil
}

func headerError(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("it ends inside the header: %w", ErrShort)
	}
	return err
}

// Meta is what the recording says of its machine.
func (d *Reader) Meta() Meta { return d.meta }

// Records counts what Next has given.
func (d *Reader) Records() uint64 { return d.records }

// Next gives the next record, valid until Next is called again, or io.EOF at the
// end. A recording that was torn off inside a record ends with an error that is
// ErrShort, one whose bytes contradict each other with ErrDamaged: all records
// before are whole, and the error tells how many they are.
func (d *Reader) Next() (Record, error) {
	if d.err != nil {
		return Record{}, d.err
	}
	r, err := d.next()
	if err != nil {
		d.err = err
		return Record{}, err
	}
	d.records++
	return r, nil
}

func (d *Reader) next() (Record, error) {
	switch err := d.fill(headerSize); {
	case err == nil:
	case errors.Is(err, io.EOF) && d.to == d.from:
		return Record{}, io.EOF
	default:
		return Record{}, d.fail(err)
	}
	length := int(binary.NativeEndian.Uint32(d.buffer[d.from:])) // Header.Length
	if length < headerSize || length > MaxRecord {
		return Record{}, d.fail(fmt.Errorf("length of %d bytes: %w", uint(length), ErrDamaged))
	}
	if err := d.fill(aligned(length)); err != nil {
		return Record{}, d.fail(err)
	}
	b := d.buffer[d.from : d.from+aligned(length)]
	r, err := Decode(b[:length])
	if err == nil && !zero(b[length:]) {
		err = fmt.Errorf("%w: no zeros behind it", ErrDamaged)
	}
	if err != nil {
		return Record{}, d.fail(err)
	}
	d.skip(len(b))
	return r, nil
}

// fail says where the recording ends before its time.
func (d *Reader) fail(err error) error {
	if errors.Is(err, io.EOF) {
		err = ErrShort
	}
	return fmt.Errorf("read recording: record %d, at byte %d, after %d whole records: %w", d.records+1, d.offset, d.records, err)
}

func (d *Reader) skip(n int) {
	d.from += n
	d.offset += int64(n)
}

// fill reads until n bytes are there; io.EOF when there are fewer.
func (d *Reader) fill(n int) error {
	if d.to-d.from >= n {
		return nil
	}
	if d.from > 0 { // a multiple of 8: what is kept stays aligned
		d.to = copy(d.buffer, d.buffer[d.from:d.to])
		d.from = 0
	}
	for idle := 0; d.to < n; {
		got, err := d.r.Read(d.buffer[d.to:])
		d.to += got
		if d.to >= n {
			return nil // an error comes again
		}
		if err != nil {
			return err
		}
		if got > 0 {
			idle = 0
		} else if idle++; idle == 100 {
			return io.ErrNoProgress
		}
	}
	return nil
}
