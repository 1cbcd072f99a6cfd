package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/spool"
)

// Way is a sensor's spool as ship sees it. Run keeps those awake who wait for a batch.
type Way struct {
	spool *spool.Spool

	mu   sync.Mutex
	more chan struct{} // closed when something was appended
}

// NewWay makes the way out of a spool.
func NewWay(s *spool.Spool) *Way { return &Way{spool: s, more: make(chan struct{})} }

// Run wakes those who wait until the context ends.
func (w *Way) Run(ctx context.Context) error {
	for {
		select {
		case <-w.spool.Ready():
			w.mu.Lock()
			close(w.more)
			w.more = make(chan struct{})
			w.mu.Unlock()
		case <-ctx.Done():
			return nil
		}
	}
}

// Next implements ship.Spool.
func (w *Way) Next(ctx context.Context, c protocol.Class) (ship.Batch, error) {
	for {
		w.mu.Lock()
		more := w.more
		w.mu.Unlock()
		e, b, err := w.spool.NextOf(c.Batch(), nil)
		if err == nil {
			return ship.Batch{ID: protocol.ID{Epoch: e.Epoch, Sequence: e.Sequence, Class: c}, Events: e.Events, Body: b}, nil
		}
		if !errors.Is(err, spool.ErrEmpty) {
			return ship.Batch{}, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ship.Batch{}, ctx.Err()
		}
	}
}

// Release implements ship.Spool.
func (w *Way) Release(b ship.Batch) error { return w.spool.Release(b.Sequence) }

// Refuse implements ship.Spool.
func (w *Way) Refuse(b ship.Batch, _ string) error {
	return w.spool.Refuse(b.Class.Batch(), b.Sequence)
}

// Queued is how many batches are in the spool.
func (w *Way) Queued() int {
	n := uint64(0)
	for _, c := range w.spool.Stats().Classes {
		n += c.Waiting.Batches
	}
	return int(n)
}

// Untold implements ship.Drops.
func (w *Way) Untold() []protocol.Drop {
	var all []protocol.Drop
	for _, d := range w.spool.Tell() {
		n := protocol.Drop{
			ID: d.ID, Epoch: fmt.Sprintf("%016x", w.spool.Epoch()), First: d.First, Last: d.Last, Class: protocol.ClassOf(d.Class), Reason: string(d.Reason),
			Batches: d.Batches, Events: d.Events, Time: d.Time,
		}
		for _, r := range d.Gone {
			n.Gone = append(n.Gone, [2]uint64{r.First, r.Last})
		}
		all = append(all, n)
	}
	return all
}

// Told implements ship.Drops.
func (w *Way) Told(told []protocol.Drop) {
	if n := len(told); n > 0 { // they rise
		w.spool.Told(told[n-1].ID)
	}
}
