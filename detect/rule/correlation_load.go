package rule

import (
	"slices"
	"strconv"
	"time"
)

// correlation is what must come together of the matches of other rules.
type correlation struct {
	kind     correlationKind
	names    []string // ids or names of the rules
	line     int
	groupBy  []string
	aliases  map[string]map[string]string // alias, rule's id or name: field
	timespan time.Duration
	bounds   []bound
	field    string // whose values are counted
	generate bool
}

type correlationKind uint8

const (
	eventCount correlationKind = iota
	valueCount
	temporal
	temporalOrdered
)

// bound is one comparison of a correlation's condition.
type bound struct {
	compare compare
	number  int
}

func readCorrelation(n *node) (*correlation, error) {
	if n.kind != mapNode {
		return nil, wrong(n.line, "correlation is no map")
	}
	c := &correlation{
		names: n.get("rules").scalars(), line: n.line, groupBy: n.get("group-by").scalars(),
		generate: n.get("generate").scalar() == "true",
	}
	kinds := []string{"event_count", "value_count", "temporal", "temporal_ordered"}
	kind := slices.Index(kinds, n.get("type").scalar())
	if kind < 0 {
		return nil, wrong(n.line, "correlation type %q is none of %v", n.get("type").scalar(), kinds)
	}
	c.kind = correlationKind(kind)
	if len(c.names) == 0 {
		return nil, wrong(n.line, "the correlation names no rules")
	}
	var ok bool
	if c.timespan, ok = readSpan(n.get("timespan").scalar()); !ok {
		return nil, wrong(n.line, "timespan %q is no number with s, m, h, d, w, M or y", n.get("timespan").scalar())
	}
	if err := c.readCondition(n.get("condition")); err != nil {
		return nil, err
	}
	return c, c.readAliases(n.get("aliases"))
}

// maxCount bounds what a condition may ask for: so many are kept for each group.
const maxCount = 1 << 16

func (c *correlation) readCondition(n *node) error {
	if n == nil {
		if c.kind == eventCount || c.kind == valueCount {
			return wrong(c.line, "the correlation has no condition")
		}
		return nil
	}
	if n.kind != mapNode {
		return wrong(n.line, "the condition of a correlation is a map")
	}
	for _, p := range n.keys {
		if p.key == "field" {
			c.field = p.value.scalar()
			continue
		}
		i := slices.Index([]string{"eq", "lt", "lte", "gt", "gte"}, p.key)
		number, err := strconv.Atoi(p.value.scalar())
		if i < 0 || err != nil || number < 0 || number > maxCount {
			return wrong(p.line, "condition %s: %s is none of eq, lt, lte, gt, gte with a number up to %d", p.key, p.value.scalar(), maxCount)
		}
		c.bounds = append(c.bounds, bound{compare(i), number})
	}
	switch {
	case len(c.bounds) == 0 && (c.kind == eventCount || c.kind == valueCount):
		return wrong(n.line, "the condition of the correlation compares with nothing")
	case c.kind == valueCount && c.field == "":
		return wrong(n.line, "value_count has no field in its condition")
	}
	return nil
}

func (c *correlation) readAliases(n *node) error {
	if n == nil {
		return nil
	}
	c.aliases = map[string]map[string]string{}
	for _, p := range n.keys {
		if p.value.kind != mapNode {
			return wrong(p.line, "alias %q is no map from rules to fields", p.key)
		}
		c.aliases[p.key] = map[string]string{}
		for _, q := range p.value.keys {
			c.aliases[p.key][q.key] = q.value.scalar()
		}
	}
	return nil
}

// readSpan reads a number with a unit; a month has 30 days, a year 365.
func readSpan(s string) (time.Duration, bool) {
	if len(s) < 2 {
		return 0, false
	}
	const aDay = 24 * time.Hour
	unit := map[byte]time.Duration{
		's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': aDay, 'w': 7 * aDay, 'M': 30 * aDay, 'y': 365 * aDay,
	}[s[len(s)-1]]
	n, err := strconv.Atoi(s[:len(s)-1])
	return time.Duration(n) * unit, err == nil && n > 0 && n <= 10_000 && unit > 0
}

// fieldOf is the field of a rule's events that a group-by names.
func (c *correlation) fieldOf(name string, r *Rule) string {
	fields, ok := c.aliases[name]
	if !ok {
		return name
	}
	if f := fields[r.ID]; f != "" && r.ID != "" {
		return f
	}
	return fields[r.Name]
}

// correlate drops correlations of rules that are not there, and marks the rules that
// only correlations ask for.
func (b *batch) correlate() {
	for again := true; again; {
		again = false
		b.rules = slices.DeleteFunc(b.rules, func(r *Rule) bool {
			if r.correlation == nil {
				return false
			}
			for _, name := range r.correlation.names {
				other := b.ids[name]
				if other == nil || other == r {
					b.problem(r.File, wrong(r.correlation.line, "the correlation is of %q, which is no rule here", name))
					delete(b.ids, r.ID)
					delete(b.ids, r.Name)
					again = true
					return true
				}
			}
			return false
		})
	}
	for _, r := range b.rules {
		if r.correlation == nil {
			continue
		}
		for _, name := range r.correlation.names {
			b.ids[name].Silent = !r.correlation.generate
		}
	}
}
