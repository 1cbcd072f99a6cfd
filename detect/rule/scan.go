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

// fewAsked is for how many literals it is cheaper to look one by one.
const fewAsked = 4

// scanRest marks the other literals of a column, once, and tells whether it has. It does
// so when it pays.
func (st *state) scanRest(c uint16) bool {
	col := st.read(c)
	if col.scanned == st.epoch {
		return true
	}
	if col.asked++; col.asked <= fewAsked {
		return false
	}
	col.scanned = st.epoch
	for _, v := range st.values[col.from:col.to] {
		st.pass(st.p.columns[c].rest, col.rest, v)
	}
	return true
}

// pass sends a value through an automaton.
func (st *state) pass(a *automaton, finds []uint32, v []byte) {
	if overlap := a.length; len(v) >= longValue && 3*overlap <= len(v) {
		st.passLong(a, finds, v, overlap)
		return
	}
	s := a.start
	for _, b := range v {
		if s = a.next(s, uint32(a.class[b])); s >= findsState {
			s &= stateMask
			st.found(a, finds, s)
		}
	}
	st.end(a, finds, s)
}

func (st *state) end(a *automaton, finds []uint32, s uint32) {
	if s = a.next(s, a.end); s >= findsState {
		st.found(a, finds, s&stateMask)
	}
}

// longValue is from where on it pays to read a value at four places at once, bytes.
const longValue = 192

// passLong sends four parts of a value through an automaton, a byte of each in turn: a
// processor waits for the table most of the time, and so it waits for four at once. The
// parts overlap by the longest literal, so that each occurrence is whole in one of them.
func (st *state) passLong(a *automaton, finds []uint32, v []byte, overlap int) {
	m := (len(v) + 3*overlap + 3) / 4
	v0, v1, v2, v3 := v[:m], v[m-overlap:][:m], v[min(2*(m-overlap), len(v)-m):][:m], v[len(v)-m:]
	rows, class := a.rows, &a.class
	s0, s1, s2, s3 := a.start, uint32(0), uint32(0), uint32(0)
	for i := range v0 {
		c0, c1, c2, c3 := uint32(class[v0[i]]), uint32(class[v1[i]]), uint32(class[v2[i]]), uint32(class[v3[i]])
		if s0|s1|s2|s3 < deepState {
			s0, s1, s2, s3 = rows[s0+c0], rows[s1+c1], rows[s2+c2], rows[s3+c3]
		} else {
			s0, s1, s2, s3 = a.next(s0, c0), a.next(s1, c1), a.next(s2, c2), a.next(s3, c3)
		}
		if s0|s1|s2|s3 < findsState {
			continue
		}
		for _, s := range [...]uint32{s0, s1, s2, s3} {
			if s >= findsState {
				st.found(a, finds, s&stateMask)
			}
		}
		s0, s1, s2, s3 = s0&stateMask, s1&stateMask, s2&stateMask, s3&stateMask
	}
	st.end(a, finds, s3)
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
