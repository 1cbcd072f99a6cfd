package rule

import "slices"

// most is how many matches of a group can matter: one more than a condition asks for.
func (c *correlation) most() int {
	n := 16 * len(c.names)
	for _, b := range c.bounds {
		n = max(n, b.number+1)
	}
	return n
}

// rising tells whether more matches can only make the condition hold: then it is told
// once it does, and counting starts again.
func (c *correlation) rising() bool {
	for _, b := range c.bounds {
		if b.compare == isLess || b.compare == isLessOrEqual {
			return false
		}
	}
	return true
}

// met tells whether what a group has within the timespan is what the rule asks for.
func (c *correlation) met(all []match) bool {
	switch c.kind {
	case eventCount:
		return c.count(len(all))
	case valueCount:
		seen := 0
		for i, m := range all {
			if !slices.ContainsFunc(all[:i], func(o match) bool { return o.value == m.value }) {
				seen++
			}
		}
		return c.count(seen)
	case temporalOrdered:
		next := 0
		for _, m := range all {
			if next < len(c.names) && m.part == next {
				next++
			}
		}
		return next == len(c.names)
	}
	parts := 0
	for part := range c.names {
		if slices.ContainsFunc(all, func(m match) bool { return m.part == part }) {
			parts++
		}
	}
	if len(c.bounds) > 0 {
		return c.count(parts)
	}
	return parts == len(c.names)
}

func (c *correlation) count(n int) bool {
	for _, b := range c.bounds {
		if !b.compare.holds(float64(n), float64(b.number)) {
			return false
		}
	}
	return true
}

// internCorrelations gives the fields that correlations group by their numbers.
func (s *Set) internCorrelations() {
	for _, r := range s.rules {
		if r.correlation == nil {
			continue
		}
		for _, name := range r.correlation.groupBy {
			for _, other := range s.rules {
				s.intern(r.correlation.fieldOf(name, other))
			}
		}
	}
}
