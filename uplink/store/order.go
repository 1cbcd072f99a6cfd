package store

import (
	"slices"
	"strings"
)

// sorter puts fields in the order of their names, as the library wants them in the end:
// it then finds them in order. Rows of a kind have the same names in the same order as
// others before, so that the order is known as a rule.
type sorter struct {
	known []known // the last used first
	out   []Field
}

type known struct {
	names []string
	order []uint16
}

const mostOrders = 64

func (s *sorter) sort(fields []Field) []Field {
	i := slices.IndexFunc(s.known, func(k known) bool {
		if len(k.names) != len(fields) {
			return false
		}
		for i := range fields {
			if fields[i].Name != k.names[i] {
				return false
			}
		}
		return true
	})
	var k known
	if i >= 0 {
		k = s.known[i]
		copy(s.known[1:i+1], s.known[:i])
		s.known[0] = k
	} else {
		k = learn(fields)
		s.known = append([]known{k}, s.known[:min(len(s.known), mostOrders-1)]...)
	}
	s.out = s.out[:0]
	for _, at := range k.order {
		s.out = append(s.out, fields[at])
	}
	return s.out
}

func learn(fields []Field) known {
	k := known{make([]string, len(fields)), make([]uint16, len(fields))}
	for i := range fields {
		k.names[i], k.order[i] = strings.Clone(fields[i].Name), uint16(i)
	}
	slices.SortFunc(k.order, func(a, b uint16) int { return strings.Compare(k.names[a], k.names[b]) })
	return k
}
