package rule

import "math/bits"

// memo remembers, of records that are alike (detect.Like), what their actors alone decide:
// programs do other things each time, but most rules are not about them whatever they do.
type memo struct {
	keys []uint64 // 0: free
	// For each key, bits by rule: what must be evaluated for each such record, and what if
	// it is a candidate by what records that are alike may differ in.
	must, may []uint64
	words     int // of a key's bits

	ways, walked []uint32 // of possible: where to go on in the code, and where it has been
	walk         uint32
}

const (
	memoKeys = 2048
	memoBits = 1 << 20 // for all keys, bits; more rules leave room for fewer keys
)

func newMemo(p *program) *memo {
	words := (len(p.rules) + 63) / 64
	keys := memoKeys
	for keys > 64 && keys*words*128 > memoBits {
		keys /= 2
	}
	return &memo{keys: make([]uint64, keys), must: make([]uint64, keys*words), may: make([]uint64, keys*words), words: words, walked: make([]uint32, len(p.code))}
}

// MatchRecord is Match for a record, which it only looks at as far as what it knows of
// records that are alike leaves something open.
func (m *Matcher) MatchRecord(e *Record, emit func(*Rule)) {
	if e.like == 0 {
		m.Match(e, emit)
		return
	}
	for _, p := range e.Source().programs {
		m.state(p).matchLike(e, emit)
	}
}

func (st *state) matchLike(e *Record, emit func(*Rule)) {
	if st.memo == nil {
		st.memo = newMemo(st.p)
	}
	m := st.memo
	at := int(e.like % uint64(len(m.keys)))
	must, may := m.must[at*m.words:][:m.words], m.may[at*m.words:][:m.words]
	fresh := m.keys[at] != e.like
	if !fresh && none(must) && none(may) {
		return
	}
	st.begin(e)
	if fresh {
		m.keys[at] = 0
		st.learn(must, may)
		m.keys[at] = e.like
	}
	known := len(st.candidates)
	if !none(may) {
		for _, c := range st.p.eager {
			if !st.p.columns[c].alike {
				st.scan(c)
			}
		}
	}
	for i, word := range must {
		for ; word != 0; word &= word - 1 {
			if r := uint32(i*64 + bits.TrailingZeros64(word)); st.run(r) {
				emit(st.p.rules[r])
			}
		}
	}
	for _, r := range st.candidates[known:] {
		if bit := uint64(1) << (r % 64); may[r/64]&bit != 0 && must[r/64]&bit == 0 && st.run(r) {
			emit(st.p.rules[r])
		}
	}
	st.end()
}

func none(words []uint64) bool {
	var all uint64
	for _, w := range words {
		all |= w
	}
	return all == 0
}

// learn finds out which rules may match records that are alike.
func (st *state) learn(must, may []uint64) {
	clear(must)
	clear(may)
	for _, c := range st.p.eager {
		if st.p.columns[c].alike {
			st.scan(c)
		}
	}
	for _, rules := range [...][]uint32{st.p.always, st.candidates} {
		for _, r := range rules {
			if st.possible(r) {
				must[r/64] |= 1 << (r % 64)
			}
		}
	}
	for _, r := range st.p.open {
		if st.possible(r) {
			may[r/64] |= 1 << (r % 64)
		}
	}
}

// possible tells whether a rule may match a record that is like this one.
func (st *state) possible(rule uint32) bool {
	m := st.memo
	if m.walk++; m.walk == 0 { // all numbers are used up
		clear(m.walked)
		m.walk = 1
	}
	m.ways = append(m.ways[:0], st.p.starts[rule])
	for len(m.ways) > 0 {
		at := m.ways[len(m.ways)-1]
		m.ways = m.ways[:len(m.ways)-1]
		for at < unmatched && m.walked[at] != m.walk {
			m.walked[at] = m.walk
			j := &st.p.code[at]
			switch {
			case !st.p.alike(j.test):
				m.ways = append(m.ways, j.no)
				at = j.yes
			case st.holds(j.test):
				at = j.yes
			default:
				at = j.no
			}
		}
		if at == matched {
			return true
		}
	}
	return false
}

// alike tells whether a test has the same answer for records that are alike.
func (p *program) alike(test uint32) bool {
	n := int(test)
	if n < len(p.literals) {
		return p.columns[p.literals[n].column].alike
	}
	if n -= len(p.literals); n < len(p.choices) {
		return p.columns[p.choices[n].column].alike
	}
	return p.checks[n-len(p.choices)].alike
}

// markAlike notes what is the same for records that are alike, and which rules hang on
// what is not.
func (p *program) markAlike(fields []string) {
	same := map[string]bool{}
	for _, f := range recordFields() {
		same[f.name] = f.alike
	}
	for i := range p.columns {
		p.columns[i].alike = same[fields[p.columns[i].field]]
	}
	all := func(literals []uint32) bool {
		for _, l := range literals {
			if !p.columns[p.literals[l].column].alike {
				return false
			}
		}
		return true
	}
	for i := range p.checks {
		k := &p.checks[i]
		k.alike = p.columns[k.column].alike && (k.test.kind != isField || p.columns[k.other].alike) && all(k.guards)
		for _, group := range k.also {
			k.alike = k.alike && all(group)
		}
	}
	seen := make([]bool, len(p.rules))
	for l := range p.literals {
		if p.columns[p.literals[l].column].alike {
			continue
		}
		for _, r := range p.hanging[p.hang[l]:p.hang[l+1]] {
			if !seen[r] {
				seen[r] = true
				p.open = append(p.open, r)
			}
		}
	}
}
