package main

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"vigil/decode"
	"vigil/sensor"
)

// recorder is a sink that keeps records as they came.
type recorder struct {
	file   *os.File
	buffer *bufio.Writer
	writer *decode.Writer
	lost   uint64
	err    error
}

func newRecorder(path string) (*recorder, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	r := &recorder{file: f, buffer: bufio.NewWriterSize(f, 1<<20)}
	meta := decode.Meta{Version: version}
	if offset, err := sensor.BootOffset(); err == nil {
		meta.BootOffset = offset
	}
	meta.Host, _ = os.Hostname()
	if r.writer, err = decode.NewWriter(r.buffer, meta); err != nil {
		return nil, errors.Join(fmt.Errorf("record: %w", err), f.Close())
	}
	return r, nil
}

// Take writes a record. A full disk ends the recording, not the watch; how much
// is missing is told at the end.
func (r *recorder) Take(e *sensor.Event) {
	if r.err != nil {
		r.lost++
		return
	}
	r.err = r.writer.Write(e.Record)
}

func (r *recorder) close(log *slog.Logger) {
	err := errors.Join(r.err, r.buffer.Flush(), r.file.Close())
	if err != nil {
		log.Error("the recording is not whole", "file", r.file.Name(), "missing_records", r.lost, "error", err)
	}
}
