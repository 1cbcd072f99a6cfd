package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Query implements Store.
func (e *Embedded) Query(ctx context.Context, q Query, give func(Result) bool) error {
	q, err := q.bounds()
	if err != nil {
		return err
	}
	e.asking.RLock()
	defer e.asking.RUnlock()
	if e.closed {
		return fmt.Errorf("query: %w", ErrClosed)
	}
	now := time.Now()
	p, err := parse(q.LogsQL, now)
	if err != nil {
		return err
	}
	q.restrict(p)
	ctx, cancel := context.WithTimeoutCause(ctx, q.Within, ErrSlow)
	defer cancel()
	select {
	case e.turns <- struct{}{}:
		defer func() { <-e.turns }()
	case <-ctx.Done():
		return over(ctx, q.Within)
	}
	if p.newest() {
		return e.newest(ctx, p, q, now, give)
	}
	p.first(q.Limit)
	return e.rows(ctx, p, q, give)
}

// restrict narrows what is asked to the query's time.
func (q Query) restrict(p parsed) {
	since, until := int64(math.MinInt64), int64(math.MaxInt64)
	if !q.Since.IsZero() {
		since = q.Since.UnixNano()
	}
	if !q.Until.IsZero() {
		until = q.Until.UnixNano() - 1
	}
	if !q.Since.IsZero() || !q.Until.IsZero() {
		p.between(since, until)
	}
}

// newest gives the newest rows that match. Which they are is found first, by their times
// alone, in a window that grows back from the last: whole rows are read of these only,
// some at a time, for each has many fields.
func (e *Embedded) newest(ctx context.Context, p parsed, q Query, now time.Time, give func(Result) bool) error {
	q.Limit = min(q.Limit, MostNewest)
	times, err := e.newestTimes(ctx, p, q, now)
	if err != nil {
		return err
	}
	const page = 1_000
	for left := q.Limit; left > 0 && len(times) > 0; {
		n := min(page, len(times))
		for n < len(times) && times[n] == times[n-1] {
			n++
		}
		asked := p.clone()
		asked.between(times[n-1], times[0])
		times = times[n:]
		var rows []Result
		err := e.rows(ctx, asked, q, func(r Result) bool {
			rows = append(rows, r.clone())
			return len(rows) < MostRows
		})
		if err != nil {
			return err
		}
		slices.SortStableFunc(rows, func(a, b Result) int { return b.Time().Compare(a.Time()) })
		for _, r := range rows[:min(left, len(rows))] {
			if !give(r) {
				return nil
			}
		}
		left -= len(rows)
	}
	return nil
}

// newestTimes gives the times of the newest rows, the last first.
func (e *Embedded) newestTimes(ctx context.Context, p parsed, q Query, now time.Time) ([]int64, error) {
	since, until := p.times()
	last := now.UnixNano()
	for _, engine := range e.engines {
		if t := engine.newestTime(); t != math.MaxInt64 {
			last = max(last, t)
		}
	}
	until = min(until, last)
	oldest := max(since, now.Add(-e.keep.longest()).UnixNano())
	for window := int64(time.Minute); ; window *= 16 {
		from := max(oldest, until-window)
		asked := p.clone()
		asked.between(from, until)
		asked.last(q.Limit)
		var times []int64
		err := e.rows(ctx, asked, q, func(r Result) bool {
			times = append(times, r.Time().UnixNano())
			return true
		})
		if err != nil || len(times) >= q.Limit || from <= oldest {
			return times, err
		}
	}
}

// rows gives row by row what a query finds.
func (e *Embedded) rows(ctx context.Context, p parsed, q Query, give func(Result) bool) error {
	var fields []Field
	return e.blocks(ctx, p, q, func(names []string, values [][]string) bool {
		if len(values) == 0 {
			return true
		}
		for row := range values[0] {
			fields = fields[:0]
			for i, name := range names {
				if v := values[i][row]; v != "" {
					fields = append(fields, field(name, v))
				}
			}
			if !give(Result{fields}) {
				return false
			}
		}
		return true
	})
}

// blocks runs a query until give returns false or ctx ends.
func (e *Embedded) blocks(ctx context.Context, p parsed, q Query, give func(names []string, values [][]string) bool) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	enough := false
	err := ask(inner, e.engines[:], p, func(names []string, values [][]string) {
		if enough || inner.Err() != nil {
			return
		}
		if !give(names, values) {
			enough = true
			stop()
		}
	})
	if enough {
		return nil
	}
	if err := over(ctx, q.Within); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("query %s: %w", strconv.Quote(q.LogsQL), err)
	}
	return nil
}

func (r Retention) longest() time.Duration {
	longest := time.Duration(0)
	for _, d := range r {
		longest = max(longest, d)
	}
	return longest + ahead
}
