package export

import (
	"context"
	"errors"
	"time"
)

// deliver takes batches and sends each until nothing is left of it. When ctx is over it
// goes on with what is queued, without waiting, until an attempt fails or hard is over.
func (e *Exporter) deliver(ctx, hard context.Context) {
	for e.wait(ctx) && hard.Err() == nil {
		items := e.take()
		if len(items) == 0 {
			if ctx.Err() != nil {
				return
			}
			continue
		}
		if left := e.persist(ctx, hard, items); len(left) > 0 {
			e.abandon(left, ReasonStopped)
			return
		}
	}
}

// wait returns when there is something to send: a full batch at once, less after Delay.
// It tells whether there can be.
func (e *Exporter) wait(ctx context.Context) bool {
	var late <-chan time.Time
	for {
		e.mu.Lock()
		n, bytes := e.queue.len(), e.queue.bytes
		e.mu.Unlock()
		if ctx.Err() != nil {
			return n > 0
		}
		if n >= e.config.Batch.Items || bytes >= e.config.Batch.Bytes {
			return true
		}
		if n > 0 && late == nil {
			late = e.clock.After(e.config.Batch.Delay)
		}
		select {
		case <-e.come:
		case <-late:
			return true
		case <-ctx.Done():
		}
	}
}

// take takes a batch out of the queue. What could break the others in it is lost here.
func (e *Exporter) take() []Item {
	var items []Item
	e.mu.Lock()
	for bytes := 0; len(items) < e.config.Batch.Items; {
		most := e.config.Batch.Bytes - bytes
		if len(items) == 0 {
			most = e.config.Queue.Bytes
		}
		i, ok := e.queue.pop(most)
		if !ok {
			break
		}
		bytes += i.size()
		items = append(items, i)
	}
	e.status.Sending += uint64(len(items))
	e.mu.Unlock()
	signal(e.left)

	well := items[:0]
	var bad []Item
	for _, i := range items {
		if i.wellFormed() {
			well = append(well, i)
		} else {
			bad = append(bad, i)
		}
	}
	e.abandon(bad, ReasonMalformed)
	return well
}

// persist sends items until none is left, or it was told to stop: then it gives those.
func (e *Exporter) persist(ctx, hard context.Context, items []Item) []Item {
	began := e.clock.Now()
	for failures := 0; ; {
		b := newBatch(items)
		attempt, cancel := context.WithTimeout(hard, e.config.Timeout)
		err := e.to.send(attempt, b)
		cancel()
		if items = b.left(); err == nil && len(items) > 0 {
			err = errors.New("the destination did not answer for all items")
		}
		e.note(b, len(items), err)
		if len(items) == 0 || hard.Err() != nil || ctx.Err() != nil {
			return items
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
			e.abandon(items, ReasonGivenUp)
			return nil
		}
		select {
		case <-e.clock.After(wait):
		case <-ctx.Done():
		}
	}
}

// note counts an attempt.
func (e *Exporter) note(b *batch, left int, err error) {
	now := e.clock.Now()
	e.mu.Lock()
	s := &e.status
	lost := s.Undelivered
	b.account(s, now)
	s.Attempts++
	began, ended := false, false
	if left > 0 {
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
	more := s.Undelivered > lost
	e.mu.Unlock()
	switch {
	case began:
		e.log.Warn("export: delivery fails, it is tried again", "export", e.config.Name, "error", err)
	case ended:
		e.log.Info("export: delivery works again", "export", e.config.Name)
	}
	if more {
		signal(e.lost)
	}
}

// abandon counts items that were taken and will not be delivered.
func (e *Exporter) abandon(items []Item, why Reason) {
	if len(items) == 0 {
		return
	}
	now := e.clock.Now()
	e.mu.Lock()
	for i := range items {
		e.status.lose(&items[i], why, now)
	}
	e.status.Sending -= uint64(len(items))
	e.mu.Unlock()
	signal(e.lost)
}
