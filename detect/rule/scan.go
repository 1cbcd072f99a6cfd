package rule

// scan marks the literals in a column's values, and makes candidates of the rules that
// hang on them.
func (st *state) scan(c uint16) {
	st.columns[c].scanned = st.epoch
	col := st.read(c)
	a := st.p.columns[c].automaton
	for _, v := range st.values[col.from:col.to] {
		st.pass(a, v)
	}
}

func (st *state) pass(a *automaton, v []byte) {
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
			st.found(a, s)
		}
	}
	if s = a.next(s, a.end); s >= findsState {
		st.found(a, s&stateMask)
	}
}

// found marks what a state has found.
func (st *state) found(a *automaton, s uint32) {
	for {
		literals, more := a.finds(s)
		for _, l := range literals {
			if st.seen[l] == st.epoch {
				continue
			}
			st.seen[l] = st.epoch
			for _, r := range st.p.hanging[st.p.hang[l]:st.p.hang[l+1]] {
				if st.touched[r] != st.epoch {
					st.touched[r] = st.epoch
					st.candidates = append(st.candidates, r)
				}
			}
		}
		if s = more; s == 0 {
			return
		}
	}
}
