package rule

import "slices"

// program is the compiled rules of one log source.
type program struct {
	number  int
	rules   []*Rule
	columns []column // by their first use
	eager   []uint16 // the columns that rules hang on
	always  []uint32 // rules that hang on nothing

	// A test is known by a number. Those below len(literals) hold when the literal is
	// found; the others are checked when asked for.
	literals []literal
	checks   []check

	// hang has, for each literal, where in hanging its rules begin.
	hang    []uint32
	hanging []uint32

	starts []uint32 // where in code each rule begins
	code   []jump
}

// column is a field and its automatons: of the literals that rules hang on, through
// which every event goes, and of the others, for candidates that ask for one.
type column struct {
	field      Field
	hung, rest *automaton
}

// literal is a text that must be found in a column.
type literal struct {
	text         string // folded
	column       uint16
	begins, ends bool // the value
	way          way
}

// way is how a literal is found.
type way uint8

const (
	byRest way = iota
	byHung
	byLook // by looking for it when asked: it has its place, or is short and found everywhere
)

// shortLiteral is the length of literals that an automaton is not troubled with.
const shortLiteral = 2

// jump asks for a test, and says where to go on.
type jump struct {
	test    uint32
	yes, no uint32
}

// Where a rule's code ends.
const (
	matched   = ^uint32(0)
	unmatched = matched - 1
)

func (p *program) size() int {
	n := 32*len(p.literals) + 4*(len(p.hang)+len(p.hanging)+len(p.starts)) + 12*len(p.code)
	for i := range p.columns {
		n += p.columns[i].hung.size() + p.columns[i].rest.size()
	}
	for i := range p.literals {
		n += len(p.literals[i].text)
	}
	for i := range p.checks {
		n += p.checks[i].size()
	}
	return n
}

// compiler makes a program.
type compiler struct {
	set      *Set
	p        *program
	columns  map[string]uint16
	literals map[literal]uint32
	weights  []weight
	checks   map[string]uint32
	numbers  map[*test]uint32
}

// checkNumber marks the numbers of checks until it is known how many literals there are.
const checkNumber = 1 << 31

func (s *Set) compile(rules []*Rule) (*program, error) {
	c := &compiler{
		set: s, p: &program{rules: rules}, columns: map[string]uint16{}, literals: map[literal]uint32{},
		checks: map[string]uint32{}, numbers: map[*test]uint32{},
	}
	for _, r := range rules {
		c.visit(r.when)
	}
	c.hang()
	c.build()
	for _, r := range rules {
		c.p.starts = append(c.p.starts, c.encode(r.when, matched, unmatched))
	}
	for i := range c.p.code { // the numbers of checks come after those of literals
		if j := &c.p.code[i]; j.test >= checkNumber {
			j.test = j.test - checkNumber + uint32(len(c.p.literals))
		}
	}
	return c.p, nil
}

func (c *compiler) column(field string) uint16 {
	n, ok := c.columns[field]
	if !ok {
		n = uint16(len(c.p.columns))
		c.columns[field] = n
		c.p.columns = append(c.p.columns, column{field: c.set.intern(field)})
	}
	return n
}

func (c *compiler) literal(field, text string, begins, ends bool) uint32 {
	key := literal{text: foldText(text), column: c.column(field), begins: begins, ends: ends}
	n, ok := c.literals[key]
	if !ok {
		n = uint32(len(c.p.literals))
		c.literals[key] = n
		c.p.literals = append(c.p.literals, key)
		c.weights = append(c.weights, weight{rarity: key.rarity()})
	}
	return n
}

// build makes the automatons, when it is known what hangs on what.
func (c *compiler) build() {
	hung, rest := make([]trie, len(c.p.columns)), make([]trie, len(c.p.columns))
	for i := range c.p.literals {
		l := &c.p.literals[i]
		switch {
		case l.way == byHung:
			hung[l.column].add(l, uint32(i))
		case l.begins || l.ends || len(l.text) <= shortLiteral:
			l.way = byLook
		default:
			rest[l.column].add(l, uint32(i))
		}
	}
	for i := range c.p.columns {
		c.p.columns[i].hung, c.p.columns[i].rest = hung[i].build(), rest[i].build()
	}
}

// visit gives each test of an expression its number.
func (c *compiler) visit(e *expr) {
	for _, kid := range e.kids {
		c.visit(kid)
	}
	if e.op != opTest {
		return
	}
	n, isLiteral := c.simple(e.test)
	if !isLiteral {
		key := e.test.key()
		known, ok := c.checks[key]
		if !ok {
			known = uint32(len(c.p.checks)) | checkNumber
			c.p.checks = append(c.p.checks, c.check(e.test))
			c.checks[key] = known
		}
		n = known
	}
	c.numbers[e.test] = n
	for _, l := range c.needs(e.test) {
		c.weights[l].uses++
	}
}

// simple gives the literal that is all of a test.
func (c *compiler) simple(t *test) (uint32, bool) {
	if t.kind != isText || t.cased {
		return 0, false
	}
	p := t.pattern
	begins, ends := true, true
	if len(p) > 0 && p[0].wild == '*' {
		begins, p = false, p[1:]
	}
	if len(p) > 0 && p[len(p)-1].wild == '*' {
		ends, p = false, p[:len(p)-1]
	}
	text, ok := p.plain()
	if !ok || text == "" && (!begins || !ends) {
		return 0, false
	}
	return c.literal(t.field, text, begins, ends), true
}

// needs gives the literals of which one must be there for a test to hold; none when
// nothing is known.
func (c *compiler) needs(t *test) []uint32 {
	n, ok := c.numbers[t]
	if !ok || n < checkNumber {
		return []uint32{n}
	}
	return c.p.checks[n&^checkNumber].guards
}

// encode writes the code of an expression, from its end, and gives where it begins.
// Cheap tests come before dear ones.
func (c *compiler) encode(e *expr, yes, no uint32) uint32 {
	switch e.op {
	case opNot:
		return c.encode(e.kids[0], no, yes)
	case opTest:
		c.p.code = append(c.p.code, jump{c.numbers[e.test], yes, no})
		return uint32(len(c.p.code) - 1)
	}
	kids := slices.Clone(e.kids)
	slices.SortStableFunc(kids, func(a, b *expr) int { return c.price(a) - c.price(b) })
	for i := len(kids) - 1; i >= 0; i-- {
		at := c.encode(kids[i], yes, no)
		if e.op == opAnd {
			yes = at
		} else {
			no = at
		}
	}
	if e.op == opAnd {
		return yes
	}
	return no
}

// price is about what evaluating an expression costs.
func (c *compiler) price(e *expr) int {
	if e.op == opTest {
		if n := c.numbers[e.test]; n >= checkNumber {
			return c.p.checks[n&^checkNumber].price()
		}
		return 1
	}
	sum := 0
	for _, kid := range e.kids {
		sum += c.price(kid)
	}
	return sum
}
