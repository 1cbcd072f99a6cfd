package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bucket is how many rows of a kind there are from a time on, for a step.
type Bucket struct {
	Time time.Time
	Kind string
	Rows uint64
}

// Histogram counts what a query without pipes finds, by kind and time, the earliest first.
func Histogram(ctx context.Context, s Store, q Query, step time.Duration) ([]Bucket, error) {
	if step < time.Millisecond {
		return nil, fmt.Errorf("histogram: a step of %s: at least 1ms", step)
	}
	q.LogsQL = fmt.Sprintf("%s | stats by (_time:%dms, %s) count() rows", q.LogsQL, step.Milliseconds(), FieldKind)
	q.Limit = MostRows
	var out []Bucket
	err := s.Query(ctx, q, func(r Result) bool {
		out = append(out, Bucket{r.Time(), strings.Clone(r.Get(FieldKind)), r.number("rows")})
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	slices.SortFunc(out, func(a, b Bucket) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Kind, b.Kind)) })
	return out, nil
}

// Count counts what a query without pipes finds.
func Count(ctx context.Context, s Store, q Query) (rows uint64, err error) {
	q.LogsQL += " | stats count() rows"
	err = s.Query(ctx, q, func(r Result) bool {
		rows = r.number("rows")
		return true
	})
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return rows, nil
}

// Counted is a name or a value, and in how many rows it is.
type Counted struct {
	Text string
	Rows uint64
}

// FieldNames gives the names of fields that rows of a query have, the most frequent first.
func FieldNames(ctx context.Context, s Store, q Query) ([]Counted, error) {
	q.LogsQL += " | field_names"
	return counted(ctx, s, q, "name", "names of fields")
}

// FieldValues gives the values that a field has in a query's rows, the most frequent first.
func FieldValues(ctx context.Context, s Store, q Query, field string, most int) ([]Counted, error) {
	q.LogsQL += fmt.Sprintf(" | top %d by (%s)", most, quote(field))
	return counted(ctx, s, q, field, "values of "+field)
}

func counted(ctx context.Context, s Store, q Query, name, what string) ([]Counted, error) {
	q.Limit = MostRows
	var out []Counted
	err := s.Query(ctx, q, func(r Result) bool {
		out = append(out, Counted{strings.Clone(r.Get(name)), r.number("hits")})
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	slices.SortFunc(out, func(a, b Counted) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), strings.Compare(a.Text, b.Text)) })
	return out, nil
}
