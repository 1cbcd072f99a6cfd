package spool

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"vigil/uplink/batch"
)

// The file "state" has two slots, written by turns, so that one is whole whenever
// writing is broken off: checksum of what follows, length, number of the writing, JSON.
// It has its size from the beginning: what was released and dropped can be written on a
// disk that is full.
const (
	stateName   = "state"
	stateSlot   = 32 << 10
	stateHeader = 16
	// mostDrops and mostReleased bound what a slot has to hold: so many drops that are
	// being told, as many that are not, and of each class what was released.
	mostDrops    = 48
	mostReleased = 512
)

// Reason says why batches were dropped.
type Reason string

// The reasons.
const (
	Bytes    Reason = "bytes"     // the spool would have more than Settings.MaxBytes
	Age      Reason = "age"       // older than Settings.MaxAge
	DiskFull Reason = "disk full" // there was no room on the disk
	Damaged  Reason = "damaged"   // what was read is not what was written
	Failed   Reason = "failed"    // the disk did not take them
	Refused  Reason = "refused"   // the one that they are for will never take them
)

// Drop tells of batches that were taken, and are gone before they were released.
type Drop struct {
	ID      uint64      `json:"id"` // rises from drop to drop
	Class   batch.Class `json:"class"`
	Reason  Reason      `json:"reason"`
	First   uint64      `json:"first"` // sequences: of all from First to Last, those of the class
	Last    uint64      `json:"last"`  // that were not released
	Batches uint64      `json:"batches"`
	Events  uint64      `json:"events"`
	Bytes   uint64      `json:"bytes"`
	Time    time.Time   `json:"time"`
	Given   bool        `json:"given,omitempty"`   // one batch, that Next had given: it may have arrived
	Offered bool        `json:"offered,omitempty"` // given out by Tell: it stays as it is, or would be counted twice
}

// state is what a spool knows beside its segments.
type state struct {
	Epoch    uint64                   `json:"epoch"`
	Floor    map[batch.Class]uint64   `json:"floor"`    // all below are released or dropped
	Released map[batch.Class][]uint64 `json:"released"` // and these, above
	Drops    []Drop                   `json:"drops"`    // not told yet
	DropID   uint64                   `json:"drop_id"`
}

// stateFile writes the state.
type stateFile struct {
	file   *os.File
	number uint64
}

func openState(path string) (*stateFile, state, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, state{}, err
	}
	s := &stateFile{file: f}
	b := make([]byte, 2*stateSlot)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, state{}, errors.Join(err, f.Close())
	}
	if n < len(b) {
		if _, err := f.WriteAt(b[n:], int64(n)); err != nil {
			return nil, state{}, errors.Join(err, f.Close())
		}
	}
	var last state
	for i := range 2 {
		if st, number, ok := parseState(b[i*stateSlot : (i+1)*stateSlot]); ok && number > s.number {
			last, s.number = st, number
		}
	}
	return s, last, nil
}

func parseState(slot []byte) (st state, number uint64, ok bool) {
	length, number := binary.LittleEndian.Uint32(slot[4:]), binary.LittleEndian.Uint64(slot[8:])
	if length > uint32(len(slot)-stateHeader) {
		return st, 0, false
	}
	body := slot[stateHeader : stateHeader+length]
	if checksum(slot[4:stateHeader], body) != binary.LittleEndian.Uint32(slot) || json.Unmarshal(body, &st) != nil {
		return state{}, 0, false
	}
	return st, number, true
}

func (f *stateFile) write(s *state) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if len(body) > stateSlot-stateHeader {
		return fmt.Errorf("write state: %d bytes are too many", len(body))
	}
	b := make([]byte, stateHeader, stateHeader+len(body))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(body)))
	binary.LittleEndian.PutUint64(b[8:], f.number+1)
	b = append(b, body...)
	binary.LittleEndian.PutUint32(b, checksum(b[4:]))
	if _, err := f.file.WriteAt(b, int64((f.number+1)%2)*stateSlot); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	f.number++
	return nil
}

// drop notes a drop. The oldest of a class and reason are told as one when there are
// too many; of those that may have arrived as late as possible, for then it cannot be
// told any more that they did.
func (s *state) drop(d Drop) {
	s.DropID++
	d.ID = s.DropID
	s.Drops = append(s.Drops, d)
	free := 0
	for i := range s.Drops {
		if !s.Drops[i].Offered {
			free++
		}
	}
	if free > mostDrops && !s.merge(false) {
		s.merge(true)
	}
}

func (s *state) merge(given bool) bool {
	for i := range s.Drops {
		for j := i + 1; j < len(s.Drops); j++ {
			a, b := &s.Drops[i], &s.Drops[j]
			if a.Class != b.Class || a.Reason != b.Reason || a.Offered || b.Offered || !given && (a.Given || b.Given) {
				continue
			}
			b.First, b.Last, b.Given = min(a.First, b.First), max(a.Last, b.Last), false
			b.Batches, b.Events, b.Bytes = a.Batches+b.Batches, a.Events+b.Events, a.Bytes+b.Bytes
			s.Drops = append(s.Drops[:i], s.Drops[i+1:]...)
			return true
		}
	}
	return false
}
