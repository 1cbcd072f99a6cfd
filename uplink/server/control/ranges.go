package control

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Range is numbers from First to Last, both within.
type Range struct{ First, Last uint64 }

// Ranges is a set of numbers as ranges in order that do not touch.
type Ranges []Range

// maxRanges bounds what one sensor can make the server remember for one epoch. Honest
// sensors have as many as batches are in flight: what their spool dropped is told, and
// closes the gap.
const maxRanges = 4096

// bound closes the lowest gaps of a set that has too many: what was missing there is
// taken for received. Who leaves so many gaps harms nobody else by it.
func (r Ranges) bound() Ranges {
	if n := len(r) - maxRanges; n > 0 {
		r[n].First = r[0].First
		return r[n:]
	}
	return r
}

// Has tells whether n is in the set.
func (r Ranges) Has(n uint64) bool {
	i, found := slices.BinarySearchFunc(r, n, func(e Range, n uint64) int {
		switch {
		case e.Last < n:
			return -1
		case e.First > n:
			return 1
		}
		return 0
	})
	return found && i < len(r)
}

// Add gives the set with add in it.
func (r Ranges) Add(add Range) Ranges {
	// The ranges that add touches are from i to before j.
	i, _ := slices.BinarySearchFunc(r, add, func(e, add Range) int {
		if e.Last < add.First && add.First-e.Last > 1 {
			return -1
		}
		return 1
	})
	j := i
	for ; j < len(r) && (r[j].First <= add.Last || r[j].First-add.Last <= 1); j++ {
		add.First, add.Last = min(add.First, r[j].First), max(add.Last, r[j].Last)
	}
	return slices.Replace(r, i, j, add)
}

// Without gives the set without what is in another.
func (r Ranges) Without(other Ranges) (left Ranges) {
	for _, e := range r {
		for _, o := range other {
			if o.Last < e.First {
				continue
			}
			if o.First > e.Last {
				break
			}
			if o.First > e.First {
				left = append(left, Range{e.First, o.First - 1})
			}
			if o.Last >= e.Last {
				e.First, e.Last = 1, 0
				break
			}
			e.First = o.Last + 1
		}
		if e.First <= e.Last {
			left = append(left, e)
		}
	}
	return left
}

// Bridge moves from gone to the set what touches it, so that what never comes leaves no gaps.
func (r Ranges) Bridge(gone Ranges) (set, left Ranges) {
	for _, g := range gone {
		if g.First > 0 && r.Has(g.First-1) || r.Has(g.First) || r.Has(g.Last) || g.Last < g.Last+1 && r.Has(g.Last+1) {
			r = r.Add(g)
		} else {
			left = append(left, g)
		}
	}
	return r, left
}

// String writes the set as 1-5,9.
func (r Ranges) String() string {
	var b []byte
	for i, e := range r {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, e.First, 10)
		if e.Last != e.First {
			b = append(b, '-')
			b = strconv.AppendUint(b, e.Last, 10)
		}
	}
	return string(b)
}

// ParseRanges reads what String writes.
func ParseRanges(s string) (Ranges, error) {
	if s == "" {
		return nil, nil
	}
	r := make(Ranges, 0, strings.Count(s, ",")+1)
	for part := range strings.SplitSeq(s, ",") {
		low, high, two := strings.Cut(part, "-")
		first, err := strconv.ParseUint(low, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("parse range %q: %w", part, err)
		}
		last := first
		if two {
			if last, err = strconv.ParseUint(high, 10, 64); err != nil {
				return nil, fmt.Errorf("parse range %q: %w", part, err)
			}
		}
		if last < first || len(r) > 0 && (first <= r[len(r)-1].Last || first-r[len(r)-1].Last == 1) {
			return nil, fmt.Errorf("parse range %q: out of order", part)
		}
		r = append(r, Range{first, last})
	}
	return r, nil
}
