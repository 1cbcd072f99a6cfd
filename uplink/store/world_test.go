package store

import (
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// world makes the rows of a busy server.
type world struct {
	*recordtest.World
	sensor   string
	epoch    uint64
	sequence uint64
	index    uint32
	buffer   []byte
}

type proc = recordtest.Process

const batchRows = 1_000

// newWorld makes a server whose first event is at a time.
func newWorld(seed uint64, sensor string, first time.Time, step time.Duration) *world {
	return &world{World: recordtest.NewWorld(seed, sensor+".example.com", first, step), sensor: sensor, epoch: seed<<32 | 0xabcdef, sequence: 1}
}

// row makes the row of an event; its JSON is the world's until release.
func (w *world) row(e recordtest.Event) Row {
	from := len(w.buffer)
	w.buffer = decode.AppendJSON(w.buffer, e.Record, e.Actor)
	row := Row{
		Time: int64(e.Record.Time) + e.Actor.BootOffset, Sensor: w.sensor, Epoch: w.epoch, Sequence: w.sequence, Index: w.index, Kind: e.Record.Kind().String(),
		JSON: w.buffer[from:len(w.buffer):len(w.buffer)],
	}
	if w.index++; w.index == batchRows {
		w.sequence, w.index = w.sequence+1, 0
	}
	return row
}

// release lets the JSON of earlier rows be written over.
func (w *world) release() { w.buffer = w.buffer[:0] }

func (w *world) fork(p *proc) (Row, *proc) {
	e, child := w.Fork(p)
	return w.row(e), child
}

func (w *world) exec(p *proc, path, args string) Row { return w.row(w.Exec(p, path, args)) }

func (w *world) exit(i int) Row { return w.row(w.Exit(i)) }

func (w *world) next() Row { return w.row(w.Next()) }
