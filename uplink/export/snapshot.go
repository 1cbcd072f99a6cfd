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

// Source gives the items of a snapshot until yield says no.
type Source func(ctx context.Context, yield func(Item) bool) error

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

// next is when the next snapshot after now is due.
func (s *Snapshot) next(now time.Time) time.Time {
	if s.Every > 0 {
		return now.Add(s.Every)
	}
	at, _ := time.Parse(dailyForm, s.Daily) // check has seen it
	y, m, d := now.UTC().Date()
	due := time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, time.UTC)
	if !due.After(now) {
		due = due.AddDate(0, 0, 1)
	}
	return due
}

func (e *Exporter) snapshots(ctx context.Context) {
	for {
		now := e.clock.Now()
		select {
		case <-e.clock.After(e.config.Snapshot.next(now).Sub(now)):
		case <-ctx.Done():
			return
		}
		e.mu.Lock()
		e.status.Snapshot = e.clock.Now()
		e.mu.Unlock()
		if err := e.source(ctx, func(i Item) bool { return e.offerWaiting(ctx, i) }); err != nil && ctx.Err() == nil {
			e.log.Error("export: snapshot is not whole", "export", e.config.Name, "error", err)
			e.mu.Lock()
			e.status.LastError, e.status.LastErrorAt = "snapshot: "+err.Error(), e.clock.Now()
			e.mu.Unlock()
		}
	}
}

// offerWaiting is Offer for who may wait for room. It tells whether to go on.
func (e *Exporter) offerWaiting(ctx context.Context, i Item) bool {
	passes := e.config.Filter.passes(&i)
	for {
		e.mu.Lock()
		fits := !passes || e.closed || e.queue.room(&i) || i.size() > e.config.Queue.Bytes
		if fits {
			e.status.Offered++
			if passes {
				e.push(i)
			} else {
				e.status.Filtered++
			}
		}
		e.mu.Unlock()
		if fits {
			return ctx.Err() == nil
		}
		select {
		case <-e.left:
		case <-ctx.Done():
			return false
		}
	}
}
