// Package flat makes fields of JSON that nobody vouches for.
package flat

import (
	"errors"
	"strings"

	"vigil/decode"
)

// Field is a name and what it has, always text.
type Field = decode.Field

// Bounds of an object.
const (
	MostDepth = 32
	MostNames = 900 // that are kept
)

// Rule says of a field's name whether it is left out, or not to be had at all.
type Rule func(name string) (skip bool, err error)

// Flattener makes fields of JSON objects: {"a":{"b":1}} is a.b with 1, as VictoriaLogs
// has it. Numbers and truths are text, an array is its JSON, null is not there, and the
// name of a file is not when its path says it. Objects of a kind have their members in
// the same order: it remembers what came after what, so that a name costs one comparison.
type Flattener struct {
	Fields []Field

	scanner
	rule  Rule // nil: all is taken as it is
	root  *member
	names map[string]*fieldName
	row   uint64 // number of the object
	known int    // members that are remembered
}

// member is a name within an object, as it came before.
type member struct {
	key      string
	name     *fieldName
	children []*member
}

// fieldName is a field's whole name.
type fieldName struct {
	text string
	seen uint64 // number of the last object that had it
	skip bool
	over string // the name that this one's value ends with: a file's name is the end of its path
	err  error
}

const mostKnown = 4_096 // what hostile senders can make us remember

// New makes a flattener.
func New(rule Rule) *Flattener {
	f := &Flattener{rule: rule}
	f.forget()
	return f
}

func (f *Flattener) forget() {
	f.root, f.names, f.known = &member{name: &fieldName{}}, map[string]*fieldName{}, 0
}

var (
	errTwice  = errors.New("a name comes twice")
	errMany   = errors.New("it has too many names")
	errBehind = errors.New("something follows the object")
)

// Object appends the fields of a JSON object behind those that the caller put there.
// They are valid until the next call, and as long as b.
func (f *Flattener) Object(b []byte) error {
	if f.known > mostKnown {
		f.forget()
	}
	f.row++
	f.b, f.at, f.text = b, 0, f.text[:0]
	if f.next() != '{' {
		return errObject
	}
	if err := f.members(f.root, 0); err != nil {
		return err
	}
	if f.next() != 0 || f.at != len(f.b) {
		return errBehind
	}
	return nil
}

func (f *Flattener) members(parent *member, depth int) error {
	if depth == MostDepth {
		return errDeep
	}
	f.at++
	place, first := 0, true
	for ; ; first = false {
		switch c := f.next(); {
		case c == '}':
			f.at++
			return nil
		case c == ',' && !first:
			f.at++
			if f.next() != '"' {
				return errValue
			}
		case c == 0:
			return errEnd
		case c != '"' || !first:
			return errValue
		}
		key, err := f.str()
		if err != nil {
			return err
		}
		if f.next() != ':' {
			return errValue
		}
		f.at++
		var m *member
		m, place = f.member(parent, key, place)
		if err := f.value(m, depth); err != nil {
			return err
		}
	}
}

func (f *Flattener) value(m *member, depth int) error {
	var v string
	var err error
	switch f.next() {
	case '{':
		return f.members(m, depth+1)
	case '[':
		v, err = f.array()
	case '"':
		v, err = f.str()
	case 0:
		return errEnd
	default:
		if v, err = f.word(); v == "null" {
			v = ""
		}
	}
	switch n := m.name; {
	case err != nil:
		return err
	case n.err != nil:
		return n.err
	case n.seen == f.row:
		return errTwice
	case len(f.Fields) >= MostNames && f.rule != nil:
		return errMany
	default:
		n.seen = f.row
		if last := len(f.Fields) - 1; n.over != "" && last >= 0 && f.Fields[last].Name == n.over && strings.HasSuffix(v, f.Fields[last].Value) {
			f.Fields = f.Fields[:last]
		}
		if v != "" && !n.skip {
			f.Fields = append(f.Fields, Field{Name: n.text, Value: v})
		}
	}
	return nil
}

// member finds a name among those of its object: at the place where it was last, as a
// rule. It gives the place of the next.
func (f *Flattener) member(parent *member, key string, place int) (*member, int) {
	for i := place; i < len(parent.children); i++ {
		if parent.children[i].key == key {
			return parent.children[i], i + 1
		}
	}
	for i := range min(place, len(parent.children)) {
		if parent.children[i].key == key {
			return parent.children[i], i + 1
		}
	}
	f.known++
	m := &member{key: strings.Clone(key)}
	whole := m.key
	if parent.name.text != "" {
		whole = parent.name.text + "." + m.key
	}
	if m.name = f.names[whole]; m.name == nil {
		m.name = &fieldName{text: whole}
		if f.rule != nil {
			m.name.skip, m.name.err = f.rule(whole)
			if of, ok := strings.CutSuffix(whole, ".path"); ok {
				m.name.over = of + ".name"
			}
		}
		f.names[whole] = m.name
	}
	if f.known <= mostKnown {
		parent.children = append(parent.children, m)
	}
	return m, max(place, len(parent.children))
}
