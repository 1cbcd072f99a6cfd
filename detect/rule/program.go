package rule

// program is the compiled rules of one log source.
type program struct {
	number  int
	rules   []*Rule
	columns []column // by their first use
	eager   []uint16 // the columns that rules hang on
	always  []uint32 // rules that hang on nothing
	open    []uint32 // rules that hang on what differs between records that are alike

	// A test is known by a number: first the literals, which hold when they are found, then
	// the choices, which hold when one of their literals does, then the checks.
	literals []literal
	choices  []choice
	checks   []check

	// hang has, for each literal, where in hanging its rules begin.
	hang    []uint32
	hanging []uint32

	starts []uint32 // where in code each rule begins
	code   []jump
}

// column is a field, and what finds literals in its values in one pass: those that have
// their place, and those that rules hang on. The others are looked for when a candidate
// asks. What is nil has no literals.
type column struct {
	field        Field
	alike        bool // the same values in all records that are alike
	begins, ends *tree
	narrow, wide *sieve // the wide one has the literals that are more than ASCII
}

// literal is a text that must be found in a column.
type literal struct {
	text         string // folded
	column       uint16
	begins, ends bool // the value
	way          way
	bucket       uint16 // of a gram of it in an index
	offset       uint16 // of that gram
}

// way is how a literal is found.
type way uint8

const (
	byIndex  way = iota
	bySearch     // it is too short for a gram
	byScan
)

// choice is literals of a column, of which one must be there.
type choice struct {
	column  uint16
	scanned []uint32
	asked   []uint32
	buckets []uint16 // of those asked for
}

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
		c := &p.columns[i]
		n += c.begins.size() + c.ends.size() + c.narrow.size() + c.wide.size()
	}
	for i := range p.literals {
		n += len(p.literals[i].text)
	}
	for i := range p.choices {
		n += 80 + 4*len(p.choices[i].scanned) + 6*len(p.choices[i].asked)
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
	choices  map[string]uint32
	checks   map[string]uint32
	numbers  map[*test]uint32
}

// These mark the numbers of choices and checks until it is known how many literals and
// choices there are.
const (
	choiceNumber = 1 << 30
	checkNumber  = 1 << 31
)

func (s *Set) compile(rules []*Rule) (*program, error) {
	c := &compiler{
		set: s, p: &program{rules: rules}, columns: map[string]uint16{}, literals: map[literal]uint32{},
		choices: map[string]uint32{}, checks: map[string]uint32{}, numbers: map[*test]uint32{},
	}
	for _, r := range rules {
		c.visit(r.when)
	}
	c.hang()
	c.build()
	for _, r := range rules {
		c.p.starts = append(c.p.starts, c.encode(r.when, matched, unmatched))
	}
	for i := range c.p.code {
		switch j := &c.p.code[i]; {
		case j.test >= checkNumber:
			j.test += uint32(len(c.p.literals)+len(c.p.choices)) - checkNumber
		case j.test >= choiceNumber:
			j.test += uint32(len(c.p.literals)) - choiceNumber
		}
	}
	c.p.markAlike(s.fields)
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
