package decode

import (
	"fmt"
	"io"
)

// Writer writes a recording. It is not for several goroutines at once.
type Writer struct {
	w       io.Writer
	room    []byte
	records uint64
	err     error
}

// NewWriter begins a recording: the header is written at once.
func NewWriter(w io.Writer, m Meta) (*Writer, error) {
	header, err := appendMeta(nil, &m)
	if err == nil {
		_, err = w.Write(header)
	}
	if err != nil {
		return nil, fmt.Errorf("begin recording: %w", err)
	}
	return &Writer{w: w, room: make([]byte, 0, MaxRecord)}, nil
}

// Write adds a record, by one Write to the writer below, which had better be
// buffered. After an error all calls give it again: what follows a torn record
// could not be read.
func (w *Writer) Write(r Record) error {
	if w.err != nil {
		return w.err
	}
	padded := r.raw
	if n := aligned(len(r.raw)) - len(r.raw); n > 0 {
		w.room = appendZeros(append(w.room[:0], r.raw...), n)
		padded = w.room
	}
	if _, err := w.w.Write(padded); err != nil {
		w.err = fmt.Errorf("write recording: after %d records: %w", w.records, err)
		return w.err
	}
	w.records++
	return nil
}

// Records counts what was written.
func (w *Writer) Records() uint64 { return w.records }
