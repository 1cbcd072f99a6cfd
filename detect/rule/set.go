package rule

import (
	"cmp"
	"fmt"
	"slices"
)

// Set is rules, compiled: immutable, and shared by all matchers.
type Set struct {
	rules    []*Rule
	fields   []string
	fieldIDs map[string]Field
	programs map[LogSource]*program
	count    int
}

// Field is a field's number in one Set. Field 0 is what keywords search: all there is.
type Field uint16

// Compile makes a Set of rules. Correlations take part by their Correlator.
func Compile(rules []*Rule) (*Set, error) {
	s := &Set{rules: rules, fields: []string{""}, fieldIDs: map[string]Field{"": 0}, programs: map[LogSource]*program{}}
	if len(rules) > 1<<16 {
		return nil, fmt.Errorf("compile: %d rules are too many", len(rules))
	}
	bySource := map[LogSource][]*Rule{}
	for _, r := range rules {
		if r.when != nil {
			bySource[r.Source] = append(bySource[r.Source], r)
		}
		if c := r.correlation; c != nil {
			s.intern(c.field)
		}
	}
	sources := make([]LogSource, 0, len(bySource))
	for source := range bySource {
		sources = append(sources, source)
	}
	slices.SortFunc(sources, func(a, b LogSource) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Service, b.Service))
	})
	for _, source := range sources {
		p, err := s.compile(bySource[source])
		if err != nil {
			return nil, fmt.Errorf("compile rules of %s: %w", source, err)
		}
		p.number = s.count
		s.count++
		s.programs[source] = p
	}
	s.internCorrelations()
	if len(s.fields) > 1<<16 {
		return nil, fmt.Errorf("compile: %d fields are too many", len(s.fields))
	}
	return s, nil
}

func (s *Set) intern(name string) Field {
	id, ok := s.fieldIDs[name]
	if !ok {
		id = Field(len(s.fields))
		s.fields = append(s.fields, name)
		s.fieldIDs[name] = id
	}
	return id
}

// Fields are the names that rules ask for, each at its number; the first is "".
func (s *Set) Fields() []string { return s.fields }

// Field gives the number of a field, if a rule asks for it.
func (s *Set) Field(name string) (Field, bool) {
	id, ok := s.fieldIDs[name]
	return id, ok
}

// Rules are the rules of the set.
func (s *Set) Rules() []*Rule { return s.rules }

// Size is how much memory the tables take, bytes.
func (s *Set) Size() int {
	n := 0
	for _, p := range s.programs {
		n += p.size()
	}
	return n
}

// Source is what a Set has for events of one log source.
type Source struct {
	programs []*program
}

// Source gives what there is for events of a log source. It is for those who make
// events to call once, not for each of them.
func (s *Set) Source(l LogSource) *Source {
	var out Source
	for mask := range 8 {
		narrow := l
		if mask&1 != 0 {
			narrow.Product = ""
		}
		if mask&2 != 0 {
			narrow.Category = ""
		}
		if mask&4 != 0 {
			narrow.Service = ""
		}
		if p := s.programs[narrow]; p != nil && !slices.Contains(out.programs, p) {
			out.programs = append(out.programs, p)
		}
	}
	return &out
}

// Event is what rules are matched against.
type Event interface {
	// Source is what Set.Source gave for the event's log source.
	Source() *Source
	// Append appends the values of a field: views that stay valid as long as the event
	// does. A field that is there without a value is present, and appends none.
	Append(dst [][]byte, f Field) (values [][]byte, present bool)
}
