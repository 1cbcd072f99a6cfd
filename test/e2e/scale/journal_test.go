//go:build linux

package scale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"vigil/decode"
	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

// note is a line of a sensor's journal: before and after each append to its spool. A kill
// loses no line that was written.
type note struct {
	What     string // begun, acknowledged, refused
	Epoch    uint64 `json:",omitempty"`
	Sequence uint64 `json:",omitempty"`
	Held
}

// Held is what a batch holds; its numbers tell its events from all others.
type Held struct {
	Class  string
	Rows   uint64
	First  uint64 `json:",omitempty"` // the lowest number of its events
	Last   uint64 `json:",omitempty"`
	Sum    uint64 `json:",omitempty"`
	Events uint64 // that have a number
}

// journal is a spool that writes down what it was given and what it acknowledged.
type journal struct {
	spool *spool.Spool
	file  *os.File

	mu           sync.Mutex
	acknowledged uint64 // rows, in all lives
}

// Append implements feed.Spool.
func (j *journal) Append(c batch.Class, events int, b []byte) (spool.Entry, error) {
	h, err := hold(c, b)
	if err != nil {
		return spool.Entry{}, err
	}
	if err := j.write(note{What: "begun", Held: h}); err != nil {
		return spool.Entry{}, err
	}
	e, err := j.spool.Append(c, events, b)
	if err != nil {
		return e, errors.Join(err, j.write(note{What: "refused", Held: h}))
	}
	j.mu.Lock()
	j.acknowledged += h.Rows
	j.mu.Unlock()
	return e, j.write(note{What: "acknowledged", Epoch: e.Epoch, Sequence: e.Sequence, Held: h})
}

func (j *journal) total() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.acknowledged
}

func (j *journal) write(n note) error {
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(line, '\n'))
	return err
}

// hold looks into a batch.
func hold(c batch.Class, b []byte) (Held, error) {
	block, err := batch.Decode(b, batch.DefaultLimits())
	if err != nil {
		return Held{}, fmt.Errorf("what the spool is given: %w", err)
	}
	h := Held{Class: c.String(), Rows: uint64(block.Len())}
	err = block.Events(func(r decode.Record, _ *decode.Actor) bool {
		if r.Kind() == decode.KindFileWrite {
			h.number(r.FileWrite().Bytes)
		}
		return true
	})
	return h, err
}

func (h *Held) number(n uint64) {
	if h.Events == 0 {
		h.First = n
	}
	h.Events++
	h.Last = n
	h.Sum += n
}

// openJournal opens what earlier lives wrote, and tells how many rows were acknowledged
// and which number is the next.
func openJournal(path string, first uint64) (j *journal, next uint64, err error) {
	notes, err := readJournal(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, 0, err
	}
	j, next = &journal{}, first
	for _, n := range notes {
		if n.What == "acknowledged" {
			j.acknowledged += n.Rows
		}
		next = max(next, n.Last+1)
	}
	j.file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return j, next, err
}

func readJournal(path string) ([]note, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var notes []note
	for line := range bytes.Lines(text) {
		if line[len(line)-1] != '\n' {
			break // being written
		}
		var n note
		if err := json.Unmarshal(line, &n); err != nil {
			return nil, fmt.Errorf("journal %s: %w", path, err)
		}
		notes = append(notes, n)
	}
	return notes, nil
}
