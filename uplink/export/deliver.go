package export

import (
	"context"
	"errors"
	"time"
)

// deliver takes batches and sends each until nothing is left of it, and snapshots when
// they are due. When ctx is over it ends with the attempt under way, and at the latest
// when hard is over.
func (e *Exporter) deliver(ctx, hard context.Context) {
	plan := e.plan()
	for ctx.Err() == nil {
		items, snapshot := e.next(ctx, plan.due)
		if len(items) > 0 {
			e.persist(ctx, hard, items)
		}
		if snapshot {
			e.snapshot(ctx, hard, plan.at)
			plan = e.plan()
		}
	}
}

// next waits for a batch: a full one at once, less after Delay. It says when a snapshot
// is due.
func (e *Exporter) next(ctx context.Context, due <-chan time.Time) (items []Item, snapshot bool) {
	var late <-chan time.Time
	for {
		items = e.backlog.take(items, e.config.Batch.Items, e.config.Batch.Bytes, e.clock.Now())
		if isFull(items, &e.config.Batch) {
			return items, false
		}
		if len(items) == 0 {
			e.note(newBatch(nil), nil) // what was lost alone
		} else if late == nil {
			late = e.clock.After(e.config.Batch.Delay)
		}
		select {
		case <-e.backlog.spool.Ready():
		case <-due:
			return items, true
		case <-late:
			return items, false
		case <-ctx.Done():
			return nil, false
		}
	}
}

func isFull(items []Item, most *Batch) bool {
	bytes := 0
	for i := range items {
		bytes += items[i].size()
	}
	return len(items) >= most.Items || bytes >= most.Bytes
}

// persist sends items until none is left, or it was told to stop.
func (e *Exporter) persist(ctx, hard context.Context, items []Item) {
	began := e.clock.Now()
	for failures := 0; ; {
		b := newBatch(items)
		attempt, cancel := context.WithTimeout(hard, e.config.Timeout)
		err := e.send(attempt, b)
		cancel()
		if items = b.left(); len(items) == 0 {
			err = nil
		}
		e.note(b, err)
		if len(items) == 0 || ctx.Err() != nil {
			break
		}
		if len(items) < len(b.items) {
			failures = 0
		}
		failures++
		var l *later
		wish := time.Duration(0)
		if errors.As(err, &l) {
			wish = l.wish
		}
		wait := e.config.Retry.wait(failures, wish)
		if e.clock.Now().Add(wait).Sub(began) > e.config.Retry.For {
			for i := range items {
				e.backlog.answer(&items[i], ReasonGivenUp, e.clock.Now())
			}
			e.keep()
			return
		}
		select {
		case <-e.clock.After(wait):
		case <-ctx.Done():
		}
	}
	for i := range items {
		if items[i].of == nil { // of a snapshot, which nobody keeps
			e.backlog.answer(&items[i], ReasonStopped, e.clock.Now())
		}
	}
}

// note counts an attempt: what it answered for, and why something is left.
func (e *Exporter) note(b *batch, err error) {
	now := e.clock.Now()
	for i, f := range b.fate {
		if f.done {
			e.backlog.answer(&b.items[i], f.lost, now)
		}
	}
	e.backlog.mu.Lock()
	s := &e.backlog.status
	if b.unnamed > 0 {
		s.Delivered -= uint64(b.unnamed)
		s.loseSome(b.unnamed, ReasonUnnamed, now)
		signal(e.backlog.lost)
	}
	began, ended := false, false
	if len(b.items) > 0 {
		s.Attempts++
		e.backlog.fresh = true
		if err != nil {
			s.Failures++
			s.LastError, s.LastErrorAt = err.Error(), now
			if s.FailingSince.IsZero() {
				s.FailingSince = now
				if began = now.Sub(e.warned) >= tellEvery; began {
					e.warned = now
				}
			}
		} else {
			ended = s.FailingSince.Equal(e.warned) && !e.warned.IsZero()
			s.FailingSince = time.Time{}
		}
	}
	e.backlog.mu.Unlock()
	switch {
	case began:
		e.log.Warn("export: delivery fails, it is tried again", "export", e.config.Name, "error", err)
	case ended:
		e.log.Info("export: delivery works again", "export", e.config.Name)
	}
	e.keep()
}

// keep makes what was counted last.
func (e *Exporter) keep() {
	if err := e.backlog.commit(); err != nil {
		e.log.Error("export: what was delivered is not kept", "export", e.config.Name, "error", err)
	}
}
