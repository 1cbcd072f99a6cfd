package rule

import (
	"hash/maphash"
	"slices"
	"time"
)

// Correlator judges what correlations say of matches. Its state is bounded: so many
// groups a correlation, of which the one that was quiet longest makes room; and of each
// only what its condition can ask for. It is for one goroutine.
type Correlator struct {
	set    *Set
	seed   maphash.Seed
	byRule map[*Rule][]input
	groups int
	depth  int
	values [][]byte

	// Forgotten counts the groups that made room for others.
	Forgotten uint64
}

// input is a correlation that a rule takes part in, as its so-manyeth.
type input struct {
	to     *window
	part   int
	fields []Field // to group by
	value  Field   // to count the values of
}

// window is the state of one correlation.
type window struct {
	rule   *Rule
	groups map[uint64]*members
}

// members are the matches of one group that are not too old, oldest first.
type members struct {
	last    int64
	matches []match
}

type match struct {
	at    int64 // ns since 1970
	part  int
	value uint64
}

// NewCorrelator makes a Correlator that keeps at most so many groups a correlation.
func (s *Set) NewCorrelator(groups int) *Correlator {
	c := &Correlator{set: s, seed: maphash.MakeSeed(), byRule: map[*Rule][]input{}, groups: max(1, groups)}
	named := map[string]*Rule{}
	for _, r := range s.rules {
		named[r.ID], named[r.Name] = r, r
	}
	delete(named, "")
	for _, r := range s.rules {
		if r.correlation == nil {
			continue
		}
		w := &window{rule: r, groups: map[uint64]*members{}}
		for part, name := range r.correlation.names {
			from := named[name]
			in := input{to: w, part: part, value: s.fieldIDs[r.correlation.field]}
			for _, field := range r.correlation.groupBy {
				in.fields = append(in.fields, s.fieldIDs[r.correlation.fieldOf(field, from)])
			}
			c.byRule[from] = append(c.byRule[from], in)
		}
	}
	return c
}

// maxChain bounds correlations of correlations.
const maxChain = 8

// Feed takes a match of a rule, at the event's own time, and calls emit for each
// correlation that it completes.
func (c *Correlator) Feed(r *Rule, e Event, at time.Time, emit func(*Rule)) {
	inputs := c.byRule[r]
	if len(inputs) == 0 || c.depth == maxChain {
		return
	}
	c.depth++
	defer func() { c.depth-- }()
	for i := range inputs {
		in := &inputs[i]
		key, ok := c.group(in, e)
		if !ok || !c.add(in, key, e, at.UnixNano()) {
			continue
		}
		completed := in.to.rule
		if !completed.Silent {
			emit(completed)
		}
		c.Feed(completed, e, at, emit)
	}
}

// group gives the group of an event; a field without a value is in none.
func (c *Correlator) group(in *input, e Event) (uint64, bool) {
	var h maphash.Hash
	h.SetSeed(c.seed)
	for _, f := range in.fields {
		values, _ := e.Append(c.values[:0], f)
		c.values = values
		if f == 0 || len(values) == 0 {
			return 0, false
		}
		for _, v := range values {
			_, _ = h.Write(v) // never fails
			_ = h.WriteByte(0)
		}
		_ = h.WriteByte(1)
	}
	return h.Sum64(), true
}

func (c *Correlator) add(in *input, key uint64, e Event, at int64) bool {
	w, rule := in.to, in.to.rule.correlation
	m := match{at: at, part: in.part}
	if rule.kind == valueCount {
		values, _ := e.Append(c.values[:0], in.value)
		if c.values = values; len(values) == 0 {
			return false
		}
		m.value = maphash.Bytes(c.seed, values[0])
	}
	g := w.groups[key]
	if g == nil {
		if len(w.groups) >= c.groups {
			c.forget(w, at-rule.timespan.Nanoseconds())
		}
		g = &members{}
		w.groups[key] = g
	}
	g.put(rule, m)
	if !rule.met(g.matches) {
		return false
	}
	if rule.rising() { // told: what comes next begins anew
		g.matches = g.matches[:0]
	}
	return true
}

// put keeps a match in the order of time, drops those too old, and those that say no
// more than a later one does.
func (g *members) put(c *correlation, m match) {
	g.last = max(g.last, m.at)
	old := g.last - c.timespan.Nanoseconds()
	g.matches = slices.DeleteFunc(g.matches, func(o match) bool {
		return o.at < old || c.kind == valueCount && o.value == m.value && o.at <= m.at
	})
	if m.at < old {
		return
	}
	at := len(g.matches)
	for at > 0 && g.matches[at-1].at > m.at {
		at--
	}
	g.matches = slices.Insert(g.matches, at, m)
	if most := c.most(); len(g.matches) > most {
		g.matches = slices.Delete(g.matches, 0, len(g.matches)-most)
	}
}

// forget makes room: all groups whose matches are too old, else the quietest.
func (c *Correlator) forget(w *window, before int64) {
	quietest, least := uint64(0), int64(0)
	for key, g := range w.groups {
		if g.last < before {
			delete(w.groups, key)
		} else if least == 0 || g.last < least {
			quietest, least = key, g.last
		}
	}
	if len(w.groups) >= c.groups {
		delete(w.groups, quietest)
		c.Forgotten++
	}
}
