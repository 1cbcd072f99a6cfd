package rule

// Matcher matches events against a Set. It is for one goroutine.
type Matcher struct {
	set    *Set
	states []*state // by the program's number, made when first needed
	index  index    // of the state that is matching
}

// NewMatcher makes what one goroutine needs to match.
func (s *Set) NewMatcher() *Matcher { return &Matcher{set: s, states: make([]*state, s.count)} }

// Match calls emit for each rule that matches, once. It allocates nothing, but for the
// first events of a log source and for events larger than all before.
func (m *Matcher) Match(e Event, emit func(*Rule)) {
	for _, p := range e.Source().programs {
		m.state(p).match(e, emit)
	}
}

func (m *Matcher) state(p *program) *state {
	st := m.states[p.number]
	if st == nil {
		st = newState(p, &m.index)
		m.states[p.number] = st
	}
	return st
}

// state is what is known of one event while its rules are evaluated. What carries
// another epoch is of an event before.
type state struct {
	p     *program
	epoch uint32
	event Event

	seen       []uint32 // epoch, or that plus missed, by literal
	touched    []uint32 // epoch, by rule: it is a candidate
	candidates []uint32
	columns    []columnState
	values     [][]byte
	checked    []checkState // by choice, then by check
	index      *index
	memo       *memo // of records; nil until the first
}

// missed is added to the epoch for a literal that was looked for and is not there.
const missed = 1

type columnState struct {
	read, scanned, indexed uint32 // epoch
	asked                  uint32 // how many literals, that no scan finds
	first                  uint32 // place in the index
	present                bool
	from, to               uint32 // in values
}

type checkState struct {
	epoch uint32
	holds bool
}

func newState(p *program, x *index) *state {
	return &state{
		p: p, index: x, seen: make([]uint32, len(p.literals)), touched: make([]uint32, len(p.rules)),
		candidates: make([]uint32, 0, len(p.rules)), columns: make([]columnState, len(p.columns)),
		checked: make([]checkState, len(p.choices)+len(p.checks)), values: make([][]byte, 0, 64),
	}
}

func (st *state) match(e Event, emit func(*Rule)) {
	st.begin(e)
	for _, c := range st.p.eager {
		st.scan(c)
	}
	for _, r := range st.p.always {
		if st.run(r) {
			emit(st.p.rules[r])
		}
	}
	for _, r := range st.candidates {
		if st.run(r) {
			emit(st.p.rules[r])
		}
	}
	st.end()
}

// end lets go of what the event gave.
func (st *state) end() {
	st.event = nil
	clear(st.values)
}

func (st *state) begin(e Event) {
	if st.epoch += 2; st.epoch == 0 { // all numbers are used up
		clear(st.seen)
		clear(st.touched)
		for i := range st.columns {
			col := &st.columns[i]
			col.read, col.scanned, col.indexed = 0, 0, 0
		}
		clear(st.checked)
		st.epoch = 2
	}
	st.event = e
	st.candidates = st.candidates[:0]
	st.values = st.values[:0]
	st.index.begin()
}

// run evaluates a rule.
func (st *state) run(rule uint32) bool {
	p := st.p
	at := p.starts[rule]
	for at < unmatched {
		j := &p.code[at]
		if st.holds(j.test) {
			at = j.yes
		} else {
			at = j.no
		}
	}
	return at == matched
}

func (st *state) holds(test uint32) bool {
	if int(test) >= len(st.seen) {
		return st.evaluate(test - uint32(len(st.seen)))
	}
	if st.seen[test] == st.epoch {
		return true
	}
	if st.seen[test] == st.epoch+missed {
		return false
	}
	l := &st.p.literals[test]
	if l.way == byScan {
		st.scan(l.column)
		return st.seen[test] == st.epoch
	}
	if st.ask(l) {
		st.seen[test] = st.epoch
		return true
	}
	st.seen[test] = st.epoch + missed
	return false
}

// evaluate finds out, once, whether a choice or a check holds.
func (st *state) evaluate(n uint32) bool {
	known := &st.checked[n]
	if known.epoch != st.epoch {
		holds := false
		if choices := len(st.p.choices); int(n) < choices {
			holds = st.oneOf(&st.p.choices[n])
		} else {
			holds = st.check(&st.p.checks[int(n)-choices])
		}
		*known = checkState{st.epoch, holds}
	}
	return known.holds
}

// read asks the event for a column's values, once.
func (st *state) read(c uint16) *columnState {
	col := &st.columns[c]
	if col.read != st.epoch {
		col.read, col.asked = st.epoch, 0
		col.from = uint32(len(st.values))
		st.values, col.present = st.event.Append(st.values, st.p.columns[c].field)
		col.to = uint32(len(st.values))
	}
	return col
}

// check evaluates a test that literals do not answer.
func (st *state) check(k *check) bool {
	if len(k.guards) > 0 && !st.anyOf(k.guards) {
		return false
	}
	for _, group := range k.also {
		if !st.anyOf(group) {
			return false
		}
	}
	col := st.read(k.column)
	values := st.values[col.from:col.to]
	switch k.test.kind {
	case isNull:
		return len(values) == 0
	case isThere:
		return col.present == k.test.want
	case isField:
		other := st.read(k.other)
		for _, v := range st.values[col.from:col.to] { // the second read may have moved them
			for _, w := range st.values[other.from:other.to] {
				if k.test.relates(v, w) {
					return true
				}
			}
		}
		return false
	}
	for _, v := range values {
		if k.value(v) {
			return true
		}
	}
	return false
}

func (st *state) anyOf(literals []uint32) bool {
	for _, l := range literals {
		if st.holds(l) {
			return true
		}
	}
	return false
}
