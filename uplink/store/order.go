package store

import (
	"slices"
	"strings"
)

// sorter puts fields in the order of their names, as the library wants them in the end:
// it then finds them in order. It adds the row's words where none are. Rows of a kind
// have the same names in the same order as others before, so that both are known as a rule.
type sorter struct {
	texts []string // names of fields that words are taken of, the best first
	known []known  // the last used first
	out   []Field
}

type known struct {
	names []string
	order []uint16 // one beyond the names is the words
	words int      // which field they are of; -1: none, or they are there
}

const mostOrders = 64

func (s *sorter) sort(fields []Field) []Field {
	k := s.find(fields)
	s.out = s.out[:0]
	for _, at := range k.order {
		if int(at) == len(fields) {
			s.out = append(s.out, Field{Name: FieldText, Value: fields[k.words].Value})
			continue
		}
		s.out = append(s.out, fields[at])
	}
	return s.out
}

// words are what a row's text is made of; "" for nothing.
func (s *sorter) words(fields []Field) string {
	if k := s.find(fields); k.words >= 0 {
		return fields[k.words].Value
	}
	return ""
}

func (s *sorter) find(fields []Field) *known {
	for i := range s.known {
		if !s.known[i].is(fields) {
			continue
		}
		if i > 0 {
			k := s.known[i]
			copy(s.known[1:i+1], s.known[:i])
			s.known[0] = k
		}
		return &s.known[0]
	}
	s.known = slices.Insert(s.known[:min(len(s.known), mostOrders-1)], 0, s.learn(fields))
	return &s.known[0]
}

func (k *known) is(fields []Field) bool {
	if len(k.names) != len(fields) {
		return false
	}
	for i := len(fields) - 1; i >= 0; i-- { // the first are those that all have
		if fields[i].Name != k.names[i] {
			return false
		}
	}
	return true
}

func (s *sorter) learn(fields []Field) known {
	k := known{words: -1}
	best := len(s.texts)
	said := slices.ContainsFunc(fields, func(f Field) bool { return f.Name == FieldText || f.Name == FieldFault })
	for i := range fields {
		k.names, k.order = append(k.names, strings.Clone(fields[i].Name)), append(k.order, uint16(i))
		if at := slices.Index(s.texts[:best], fields[i].Name); at >= 0 && !said {
			best, k.words = at, i
		}
	}
	all := k.names
	if k.words >= 0 {
		all, k.order = append(slices.Clone(all), FieldText), append(k.order, uint16(len(fields)))
	}
	slices.SortFunc(k.order, func(a, b uint16) int { return strings.Compare(all[a], all[b]) })
	return k
}
