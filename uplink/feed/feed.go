package feed

import (
	"log/slog"
	"sync/atomic"
	"time"

	"vigil/decode"
	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

// The shape of blocks.
const (
	fullBytes  = 512 << 10 // that a block of events has about, at most
	fullEvents = 8192
	pending    = time.Second // that events wait at most
	blocks     = 4           // on the way to the spool
	mostBytes  = 4 << 20     // that wait in memory while the spool does not take them
)

// Spool takes batches: see spool.Spool.
type Spool interface {
	Append(c batch.Class, events int, b []byte) (spool.Entry, error)
}

// Stats tell how a feed fares.
type Stats struct {
	Events  uint64 `json:"events"` // given to the spool
	Alerts  uint64 `json:"alerts"`
	Batches uint64 `json:"batches"`
	Lost    uint64 `json:"lost"` // events and alerts that neither memory nor the spool had room for
}

// Feed is for one goroutine, but for Run and Stats.
type Feed struct {
	events, alerts *batch.Encoder
	began          time.Time // when the first of the events that wait came
	spool          Spool
	log            *slog.Logger
	free           chan []byte
	full           chan block

	sent, told, batches, lost atomic.Uint64
}

type block struct {
	class  batch.Class
	events int
	b      []byte
}

// New makes a feed of what a machine's sensor sees.
func New(m decode.Meta, s Spool, log *slog.Logger) *Feed {
	f := &Feed{
		events: batch.NewEncoder(m), alerts: batch.NewEncoder(m), spool: s, log: log,
		free: make(chan []byte, blocks), full: make(chan block, blocks),
	}
	for range blocks {
		f.free <- nil
	}
	return f
}

// Event takes an event; nothing of it is kept.
func (f *Feed) Event(r decode.Record, a *decode.Actor, now time.Time) {
	if f.events.Len() == 0 {
		f.began = now
	}
	f.events.Event(r, a)
	if f.events.Len() >= fullEvents || f.events.Size() >= fullBytes {
		f.cut(batch.Events, f.events)
	}
}

// Alert takes an alert, a line as detect.Alert.AppendJSON writes it, and sends it on.
func (f *Feed) Alert(line []byte) {
	f.alerts.Alert(line)
	f.cut(batch.Alerts, f.alerts)
}

// Flush sends on what has waited long enough. Call it often.
func (f *Feed) Flush(now time.Time) {
	f.cut(batch.Alerts, f.alerts)
	if now.Sub(f.began) >= pending {
		f.cut(batch.Events, f.events)
	}
}

// cut makes a block and gives it to Run; while there is no room it waits in its encoder.
func (f *Feed) cut(c batch.Class, e *batch.Encoder) {
	n := e.Len()
	if n == 0 {
		return
	}
	select {
	case b := <-f.free:
		f.full <- block{c, n, e.Encode(b[:0])} // there are as many places as blocks
	default:
		if e.Size() >= mostBytes {
			e.Encode(nil)
			f.lost.Add(uint64(n))
		}
	}
}

// Run lays blocks into the spool until Close.
func (f *Feed) Run() error {
	for b := range f.full {
		f.lay(b)
	}
	return nil
}

func (f *Feed) lay(b block) {
	defer func() { f.free <- b.b }()
	if _, err := f.spool.Append(b.class, b.events, b.b); err != nil {
		f.lost.Add(uint64(b.events))
		f.log.Error("what was seen is not kept for the server", "events", b.events, "error", err)
		return
	}
	f.batches.Add(1)
	if b.class == batch.Alerts {
		f.told.Add(uint64(b.events))
	} else {
		f.sent.Add(uint64(b.events))
	}
}

// Close sends on all that waits and ends Run when it has laid it down. It waits for a
// place, so Run must run.
func (f *Feed) Close() {
	for _, e := range []struct {
		class batch.Class
		*batch.Encoder
	}{{batch.Alerts, f.alerts}, {batch.Events, f.events}} {
		if n := e.Len(); n > 0 {
			f.full <- block{e.class, n, e.Encode((<-f.free)[:0])}
		}
	}
	close(f.full)
}

// Stats tell how it fares.
func (f *Feed) Stats() Stats {
	return Stats{Events: f.sent.Load(), Alerts: f.told.Load(), Batches: f.batches.Load(), Lost: f.lost.Load()}
}
