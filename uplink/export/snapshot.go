package export

import (
	"context"
	"fmt"
	"time"
)

// Snapshot makes an exporter hand on all of a source (all open alerts, say) at certain
// times, in place of what comes. Give one of Daily and Every.
type Snapshot struct {
	Daily string        // "06:30", UTC
	Every time.Duration // at least a minute
}

// Source gives the items of the snapshot that is due then until yield says no.
type Source func(ctx context.Context, due time.Time, yield func(Item) bool) error

const dailyForm = "15:04"

func (s *Snapshot) check() error {
	switch {
	case (s.Daily == "") == (s.Every == 0):
		return fmt.Errorf("snapshot: give daily (a time such as 06:30) or every (a duration), one of them")
	case s.Every != 0 && s.Every < time.Minute:
		return fmt.Errorf("snapshot.every: %s is too often: give at least 1m", s.Every)
	case s.Daily != "":
		if _, err := time.Parse(dailyForm, s.Daily); err != nil {
			return fmt.Errorf("snapshot.daily: %q is no time of a day: give one such as 06:30 (UTC)", s.Daily)
		}
	}
	return nil
}

// next is when the next snapshot after now is due: the same for all who ask.
func (s *Snapshot) next(now time.Time) time.Time {
	if s.Every > 0 {
		return now.UTC().Truncate(s.Every).Add(s.Every)
	}
	at, _ := time.Parse(dailyForm, s.Daily) // check has seen it
	y, m, d := now.UTC().Date()
	due := time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, time.UTC)
	if !due.After(now) {
		due = due.AddDate(0, 0, 1)
	}
	return due
}

// plan is when the next snapshot is; never, without any.
type plan struct {
	at  time.Time
	due <-chan time.Time
}

func (e *Exporter) plan() plan {
	if e.config.Snapshot == nil {
		return plan{}
	}
	now := e.clock.Now()
	at := e.config.Snapshot.next(now)
	return plan{at, e.clock.After(at.Sub(now))}
}

// snapshot hands on what the source has, a batch at a time.
func (e *Exporter) snapshot(ctx, hard context.Context, due time.Time) {
	b := e.backlog
	b.mu.Lock()
	b.status.Snapshot = e.clock.Now()
	b.mu.Unlock()
	var items []Item
	flush := func() {
		b.mu.Lock()
		b.status.Offered += uint64(len(items))
		b.mu.Unlock()
		if len(items) > 0 {
			e.persist(ctx, hard, items)
		}
		items = nil
	}
	err := e.source(ctx, due, func(i Item) bool {
		if e.config.Filter.Wants(i.kind(), i.Severity) {
			items = append(items, i)
		}
		if isFull(items, &e.config.Batch) {
			flush()
		}
		return ctx.Err() == nil
	})
	flush()
	if err != nil && ctx.Err() == nil {
		e.log.Error("export: snapshot is not whole", "export", e.config.Name, "error", err)
		b.failed(fmt.Errorf("snapshot: %w", err), e.clock.Now())
	}
	e.keep()
}
