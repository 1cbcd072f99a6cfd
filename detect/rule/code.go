package rule

import (
	"encoding/binary"
	"slices"
)

// encode writes the code of an expression, from its end, and gives where it begins.
// Cheap tests come before dear ones.
func (c *compiler) encode(e *expr, yes, no uint32) uint32 {
	switch e.op {
	case opNot:
		return c.encode(e.kids[0], no, yes)
	case opTest:
		return c.jump(c.numbers[e.test], yes, no)
	}
	kids, choices := slices.Clone(e.kids), []uint32(nil)
	if e.op == opOr {
		kids, choices = c.choose(kids)
	}
	slices.SortStableFunc(kids, func(a, b *expr) int { return c.price(a) - c.price(b) })
	for i := len(kids) - 1; i >= 0; i-- {
		at := c.encode(kids[i], yes, no)
		if e.op == opAnd {
			yes = at
		} else {
			no = at
		}
	}
	for _, n := range choices {
		no = c.jump(n, yes, no)
	}
	if e.op == opAnd {
		return yes
	}
	return no
}

func (c *compiler) jump(test, yes, no uint32) uint32 {
	c.p.code = append(c.p.code, jump{test, yes, no})
	return uint32(len(c.p.code) - 1)
}

// choose makes choices of the literals among alternatives, and gives what else there is.
func (c *compiler) choose(kids []*expr) (others []*expr, choices []uint32) {
	columns := map[uint16][]uint32{}
	var order []uint16
	for _, kid := range kids {
		n, literal := c.literalOf(kid)
		if !literal {
			others = append(others, kid)
			continue
		}
		column := c.p.literals[n].column
		if columns[column] == nil {
			order = append(order, column)
		}
		columns[column] = append(columns[column], n)
	}
	for _, column := range order {
		choices = append(choices, c.choice(column, columns[column]))
	}
	slices.SortStableFunc(choices, func(a, b uint32) int { return c.priceOf(b) - c.priceOf(a) }) // written from the end
	return others, choices
}

func (c *compiler) literalOf(e *expr) (uint32, bool) {
	if e.op != opTest {
		return 0, false
	}
	n := c.numbers[e.test]
	return n, n < choiceNumber
}

// choice gives the number of the choice of some literals; of one, that is its own.
func (c *compiler) choice(column uint16, literals []uint32) uint32 {
	slices.Sort(literals)
	literals = slices.Compact(literals)
	if len(literals) == 1 {
		return literals[0]
	}
	key := []byte(nil)
	for _, l := range literals {
		key = binary.LittleEndian.AppendUint32(key, l)
	}
	n, ok := c.choices[string(key)]
	if ok {
		return n
	}
	n = uint32(len(c.p.choices)) | choiceNumber
	c.choices[string(key)] = n
	made := choice{column: column}
	for _, l := range literals {
		if c.p.literals[l].way == byScan {
			made.scanned = append(made.scanned, l)
		} else {
			made.asked = append(made.asked, l)
			made.buckets = append(made.buckets, c.p.literals[l].bucket)
		}
	}
	c.p.choices = append(c.p.choices, made)
	return n
}

// price is about what evaluating an expression costs.
func (c *compiler) price(e *expr) int {
	switch e.op {
	case opTest:
		return c.priceOf(c.numbers[e.test])
	case opNot:
		return c.price(e.kids[0])
	}
	sum := 0
	for _, kid := range e.kids {
		sum += c.price(kid)
	}
	return sum
}

func (c *compiler) priceOf(n uint32) int {
	switch {
	case n >= checkNumber:
		return c.p.checks[n&^checkNumber].price()
	case n >= choiceNumber:
		g := &c.p.choices[n&^choiceNumber]
		return 1 + len(g.scanned)/8 + len(g.asked)
	case c.p.literals[n].way == byScan:
		return 1
	case c.p.literals[n].way == byIndex:
		return 3
	}
	return 30
}
