package rule

import "bytes"

// scan marks the literals of a column that are found in one pass, once, and makes
// candidates of the rules that hang on them.
func (st *state) scan(c uint16) {
	col := st.read(c)
	if col.scanned == st.epoch {
		return
	}
	col.scanned = st.epoch
	p := &st.p.columns[c]
	for _, v := range st.values[col.from:col.to] {
		if p.begins != nil {
			st.forward(p.begins, v)
		}
		if p.ends != nil {
			st.backward(p.ends, v)
		}
		isWide := false
		if p.narrow != nil {
			isWide = st.sieve(p.narrow, v)
		}
		if p.wide != nil && (isWide || p.narrow == nil) {
			st.sieve(p.wide, v)
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

// fewAsked is for how many literals it is cheaper to look one by one.
const fewAsked = 2

// indexed indexes a column, once, and tells whether it has. It does so when it pays for
// all that has been asked, with so many literals more.
func (st *state) indexed(c uint16, more int) (*columnState, bool) {
	col := st.read(c)
	if col.indexed == st.epoch {
		return col, true
	}
	if col.asked += uint32(more); col.asked <= fewAsked {
		return col, false
	}
	col.indexed, col.first = st.epoch, st.index.first+uint32(len(st.index.before))
	for _, v := range st.values[col.from:col.to] {
		st.index.add(v)
	}
	return col, true
}

// ask finds out whether a literal is there that is no part of a scan.
func (st *state) ask(l *literal) bool {
	if l.way == byIndex {
		if col, is := st.indexed(l.column, 1); is {
			return st.index.find(l, st.values[col.from:col.to], col.first)
		}
	}
	col := st.read(l.column)
	for _, v := range st.values[col.from:col.to] {
		if containsFolded(v, l.text) {
			return true
		}
	}
	return false
}

// oneOf finds out whether one of the literals of a choice is there.
func (st *state) oneOf(g *choice) bool {
	if len(g.scanned) > 0 {
		st.scan(g.column)
		for _, l := range g.scanned {
			if st.seen[l] == st.epoch {
				return true
			}
		}
	}
	if len(g.asked) == 0 {
		return false
	}
	col, is := st.indexed(g.column, len(g.asked))
	for i, l := range g.asked {
		if is && g.buckets[i] != noBucket && st.index.last[g.buckets[i]&(noBucket-1)] < col.first {
			continue
		}
		if st.holds(l) {
			return true
		}
	}
	return false
}

func (b *byteLiteral) in(v []byte) bool {
	return bytes.IndexByte(v, b.lower) >= 0 || b.upper != b.lower && bytes.IndexByte(v, b.upper) >= 0
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
