package export

import (
	"bytes"
	"strings"
)

// paths is a tree of the dotted paths that a table asks for. A step that is a number is
// the place in an array.
type paths struct {
	step string
	slot int // where the value goes; 0: it is not asked for itself
	next []*paths
}

// add gives the slot of a path, a new one where it was not asked for yet.
func (p *paths) add(path string, slots *int) int {
	for step := range strings.SplitSeq(path, ".") {
		below := p.below([]byte(step))
		if below == nil {
			below = &paths{step: step}
			p.next = append(p.next, below)
		}
		p = below
	}
	if p.slot == 0 {
		*slots++
		p.slot = *slots
	}
	return p.slot
}

func (p *paths) below(step []byte) *paths {
	for _, n := range p.next {
		if n.step == string(step) {
			return n
		}
	}
	return nil
}

// walker takes the values of the paths out of JSON in one pass, without a copy. JSON
// that is not well-formed gives values that are wrong, and no more.
type walker struct {
	json   []byte
	at     int
	values [][]byte // by slot
}

func (w *walker) walk(p *paths, json []byte) {
	clear(w.values)
	w.json, w.at = json, 0
	w.value(p)
}

// value reads one value, whose paths are p; nil: nobody asks.
func (w *walker) value(p *paths) {
	w.space()
	from := w.at
	switch {
	case w.at >= len(w.json):
		return
	case p == nil || len(p.next) == 0:
		w.skip()
	case w.json[w.at] == '{':
		w.object(p)
	case w.json[w.at] == '[':
		w.array(p)
	default:
		w.skip()
	}
	if p != nil && p.slot > 0 {
		w.values[p.slot] = w.json[from:w.at]
	}
}

func (w *walker) space() {
	for w.at < len(w.json) && w.json[w.at] <= ' ' {
		w.at++
	}
}

// next steps over the mark after an element and tells whether another element follows.
func (w *walker) next(end byte) bool {
	w.space()
	if w.at < len(w.json) && w.json[w.at] == ',' {
		w.at++
		w.space()
	}
	if w.at >= len(w.json) || w.json[w.at] == end {
		w.at = min(w.at+1, len(w.json))
		return false
	}
	return true
}

func (w *walker) object(p *paths) {
	for w.at++; w.next('}'); {
		from := w.at
		w.skip()
		key := bytes.Trim(w.json[from:w.at], `"`)
		w.space()
		if w.at < len(w.json) && w.json[w.at] == ':' {
			w.at++
		}
		if w.value(p.below(key)); w.at == from { // not JSON: never stand still
			w.at++
		}
	}
}

func (w *walker) array(p *paths) {
	w.at++
	for i := 0; w.next(']'); i++ {
		from := w.at
		var below *paths
		if i < 10 {
			below = p.below([]byte{'0' + byte(i)})
		}
		if w.value(below); w.at == from {
			w.at++
		}
	}
}

// skip steps over a value, however deep.
func (w *walker) skip() {
	depth := 0
	for w.at < len(w.json) {
		switch c := w.json[w.at]; c {
		case '"':
			w.text()
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			w.at++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return
			}
			w.at++
			continue
		default:
			for w.at < len(w.json) && !delimits(w.json[w.at]) {
				w.at++
			}
		}
		if depth == 0 {
			return
		}
	}
}

func delimits(c byte) bool {
	switch c {
	case ',', ':', '{', '}', '[', ']', '"', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// text steps over a string.
func (w *walker) text() {
	for w.at++; ; {
		n := bytes.IndexByte(w.json[w.at:], '"')
		if n < 0 {
			w.at = len(w.json)
			return
		}
		end := w.at + n
		escapes := 0
		for end-escapes > w.at && w.json[end-escapes-1] == '\\' {
			escapes++
		}
		if w.at = end + 1; escapes%2 == 0 {
			return
		}
	}
}
