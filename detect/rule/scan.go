package rule

import "bytes"

// scan marks the literals that rules hang on in a column's values, and makes candidates
// of those rules.
func (st *state) scan(c uint16) {
	col := st.read(c)
	for _, v := range st.values[col.from:col.to] {
		st.pass(st.p.columns[c].hung, col.hung, v)
	}
}

// scanRest marks the other literals of a column, once.
func (st *state) scanRest(c uint16) {
	if col := st.read(c); col.scanned != st.epoch {
		col.scanned = st.epoch
		for _, v := range st.values[col.from:col.to] {
			st.pass(st.p.columns[c].rest, col.rest, v)
		}
	}
}

// pass sends a value through an automaton.
func (st *state) pass(a *automaton, finds []uint32, v []byte) {
	s := a.start
	for _, b := range v {
		class := uint32(a.class[b])
		if s < deepState {
			s = a.rows[s+class]
		} else {
			s = a.step(s, class)
		}
		if s >= findsState {
			s &= stateMask
			st.found(a, finds, s)
		}
	}
	if s = a.next(s, a.end); s >= findsState {
		st.found(a, finds, s&stateMask)
	}
}

// found marks what a state finds. What has been found in this event leads to nothing
// new, nor does what it links to.
func (st *state) found(a *automaton, finds []uint32, s uint32) {
	for n := a.findOf(s); n != 0 && finds[n] != st.epoch; n = a.finds[n].more {
		finds[n] = st.epoch
		for _, l := range a.found[a.finds[n].from:a.finds[n+1].from] {
			st.mark(l)
		}
	}
}

// mark marks a literal, and makes candidates of the rules that hang on it.
func (st *state) mark(l uint32) {
	st.seen[l] = st.epoch
	for _, r := range st.p.hanging[st.p.hang[l]:st.p.hang[l+1]] {
		if st.touched[r] != st.epoch {
			st.touched[r] = st.epoch
			st.candidates = append(st.candidates, r)
		}
	}
}

// look looks for one literal in its column's values.
func (st *state) look(l *literal) bool {
	col := st.read(l.column)
	for _, v := range st.values[col.from:col.to] {
		if l.in(v) {
			return true
		}
	}
	return false
}

func (l *literal) in(v []byte) bool {
	n := len(l.text)
	switch {
	case len(v) < n || l.begins && l.ends && len(v) != n:
		return false
	case l.begins:
		return hasFolded(v, l.text)
	case l.ends:
		return hasFolded(v[len(v)-n:], l.text)
	}
	return containsFolded(v, l.text)
}

// containsFolded tells whether a text that is folded is in a value, whatever its case.
func containsFolded(v []byte, text string) bool {
	pivot := 0 // a byte that has no case can be looked for at once
	for pivot < len(text) && 'a' <= text[pivot] && text[pivot] <= 'z' {
		pivot++
	}
	if pivot == len(text) {
		for ; len(v) >= len(text); v = v[1:] {
			if fold(v[0]) == text[0] && hasFolded(v, text) {
				return true
			}
		}
		return false
	}
	for from := 0; ; {
		i := bytes.IndexByte(v[min(from+pivot, len(v)):], text[pivot])
		if i < 0 || from+i+len(text) > len(v) {
			return false
		}
		if from += i; hasFolded(v[from:], text) {
			return true
		}
		from++
	}
}

// hasFolded tells whether a value begins with a text that is folded, whatever its case.
func hasFolded(v []byte, text string) bool {
	for i := range len(text) {
		if fold(v[i]) != text[i] {
			return false
		}
	}
	return true
}
