package store

import (
	"context"
	"strconv"
	"strings"
)

// The questions below are LogsQL that any Store answers.

// quote makes any text one word of LogsQL.
func quote(s string) string { return strconv.Quote(s) }

// oneOf makes a list for LogsQL's in(...).
func oneOf(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return "in(" + strings.Join(quoted, ",") + ")"
}

// stream makes the filter of a sensor's rows of some kinds; "" is every sensor, none every kind.
func stream(sensor string, kinds ...string) string {
	var tags []string
	if sensor != "" {
		tags = append(tags, `"`+FieldSensor+`"=`+quote(sensor))
	}
	if len(kinds) > 0 {
		tags = append(tags, `"`+FieldKind+`"`+oneOf(kinds))
	}
	if len(tags) == 0 {
		return "*"
	}
	return "{" + strings.Join(tags, ",") + "}"
}

// all gives what a query finds, copied, as the rows' fields.
func all(ctx context.Context, s Store, q Query) ([]Result, error) {
	var out []Result
	err := s.Query(ctx, q, func(r Result) bool {
		out = append(out, r.clone())
		return true
	})
	return out, err
}

func (r Result) clone() Result {
	c := Result{make([]Field, len(r.Fields))}
	for i, f := range r.Fields {
		c.Fields[i] = field(strings.Clone(f.Name), strings.Clone(f.Value))
	}
	return c
}

func (r Result) number(name string) uint64 {
	n, err := strconv.ParseUint(r.Get(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
