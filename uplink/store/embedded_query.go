package store

import (
	"context"
	"fmt"
	"math"
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
// alone, in a window that grows back from the last: whole rows are read of these only.
func (e *Embedded) newest(ctx context.Context, p parsed, q Query, now time.Time, give func(Result) bool) error {
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
		asked.last(q.Limit, true)
		n, first := 0, from
		err := e.blocks(ctx, asked, q, func(names []string, values [][]string) bool {
			for i, name := range names {
				if name != FieldTime || len(values[i]) == 0 {
					continue
				}
				n += len(values[i])
				if t, err := time.Parse(time.RFC3339Nano, values[i][len(values[i])-1]); err == nil && n >= q.Limit {
					first = t.UnixNano()
				}
			}
			return true
		})
		if err != nil {
			return err
		}
		if n < q.Limit && from > oldest {
			continue
		}
		if n == 0 {
			return nil
		}
		p.between(first, until)
		p.last(q.Limit, false)
		return e.rows(ctx, p, q, give)
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
					fields = append(fields, Field{name, v})
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
