package main

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/sensor"
)

// disk takes so many bytes.
type disk struct {
	bytes.Buffer
	room   int
	closed error
}

func (d *disk) Write(b []byte) (int, error) {
	n, err := len(b), error(nil)
	if d.Len()+n > d.room {
		n, err = d.room-d.Len(), syscall.ENOSPC
	}
	d.Buffer.Write(b[:n])
	return n, err
}

func (d *disk) Close() error { return d.closed }

func take(r *recorder, n int) {
	e := sensor.Event{Record: recordtest.Decoded(decode.KindFork, decode.Fork{})}
	for range n {
		r.Take(&e)
	}
}

func TestRecorder(t *testing.T) {
	d := &disk{room: 1 << 20}
	r, err := newRecorder("x.rec", d, decode.Meta{Host: "web1"})
	if err != nil {
		t.Fatal(err)
	}
	take(r, 3)
	if err := r.flush(); err != nil {
		t.Error(err)
	}
	take(r, 2)
	if err := r.close(); err != nil {
		t.Error(err)
	}
	again, err := decode.NewReader(&d.Buffer)
	if err != nil || again.Meta().Host != "web1" {
		t.Fatal(again, err)
	}
	for again.Records() < 5 {
		if _, err := again.Next(); err != nil {
			t.Fatal(err)
		}
	}
}

// A full disk ends the recording, and it is said once and for all.
func TestRecorderOnFullDisk(t *testing.T) {
	r, err := newRecorder("x.rec", &disk{room: 200}, decode.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	take(r, 10)
	first := r.flush()
	take(r, 10)
	last := r.close()
	for _, err := range []error{first, last} {
		if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "the recording x.rec is not whole: make room and record again: ") {
			t.Error(err)
		}
	}
	if _, err := createRecorder("/dev/full", decode.Meta{}); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "record: ") {
		t.Errorf("a disk that is full from the start: %v", err)
	}
	if _, err := createRecorder("/none/x.rec", decode.Meta{}); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a folder that is not there: %v", err)
	}
	fault := errors.New("the network's disk has gone")
	if r, err = newRecorder("x.rec", &disk{room: 1 << 20, closed: fault}, decode.Meta{}); err != nil {
		t.Fatal(err)
	}
	if err := r.close(); !errors.Is(err, fault) {
		t.Errorf("an error of closing: %v", err)
	}
}
