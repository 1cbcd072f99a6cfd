package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"vigil/decode"
	"vigil/detect"
	"vigil/sensor"
)

// recorder is a sink that keeps records as they came. A full disk ends the
// recording, not the watch.
type recorder struct {
	mutex  sync.Mutex
	name   string
	file   io.WriteCloser
	buffer *bufio.Writer
	writer *decode.Writer
	failed func(error) // called once, when the recording ends; nil: nobody need know
	due    time.Time   // of the next flush
	err    error
}

// recordEvery is how often what waits is written, so that little is missing should the
// sensor be killed.
const recordEvery = time.Second

func createRecorder(path string, meta decode.Meta) (*recorder, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return newRecorder(path, f, meta)
}

func newRecorder(name string, f io.WriteCloser, meta decode.Meta) (*recorder, error) {
	r := &recorder{name: name, file: f, buffer: bufio.NewWriterSize(f, 1<<20)}
	var err error
	if r.writer, err = decode.NewWriter(r.buffer, meta); err == nil {
		err = r.buffer.Flush()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("record: %w", err), f.Close())
	}
	return r, nil
}

// Take writes a record.
func (r *recorder) Take(e *sensor.Event) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.err == nil {
		r.err = r.writer.Write(e.Record)
	}
}

// Alert keeps nothing: a replay judges again.
func (r *recorder) Alert(*detect.Alert, detect.Activity, *sensor.Event) {}

// Flush writes what waits, now and then. The first failure is told.
func (r *recorder) Flush() {
	now := time.Now()
	if now.Before(r.due) {
		return
	}
	r.due = now.Add(recordEvery)
	if err := r.flush(); err != nil && r.failed != nil {
		r.failed(err)
		r.failed = nil
	}
}

// flush writes what waits. It gives what ended the recording, always again.
func (r *recorder) flush() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.err == nil {
		r.err = r.buffer.Flush()
	}
	if r.err == nil {
		return nil
	}
	return fmt.Errorf("the recording %s is not whole: make room and record again: %w", r.name, r.err)
}

func (r *recorder) close() error {
	err := r.flush()
	if closed := r.file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("the recording %s may not be whole: %w", r.name, closed)
	}
	return err
}
