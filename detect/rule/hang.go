package rule

import "math"

// weight is how likely a literal is to be found in an event that is harmless.
type weight struct {
	rarity float64 // by what it is
	uses   int     // tests that need it: what many rules look for is common
	column float64 // the price of asking events for its column
}

// rarity guesses from a literal's form: a short one is found often, and more so where it
// may stand anywhere.
func (l literal) rarity() float64 {
	n := float64(len(l.text))
	if l.begins || l.ends {
		return math.Exp2(-min(n+2, 14) / 2)
	}
	return math.Exp2(-min(n, 14) / 2)
}

func (w weight) cost() float64 { return w.rarity + float64(w.uses)/1000 + w.column }

// dear is the cost of hanging on nothing: the rule is evaluated for every event.
const dear = 1e6

// trigger chooses literals of which one must be found where an expression has the value
// wanted, so that the fewest events have any; nil when there are none.
func (c *compiler) trigger(e *expr, wanted bool) ([]uint32, float64) {
	switch {
	case e.op == opNot:
		return c.trigger(e.kids[0], !wanted)
	case e.op == opTest:
		if !wanted {
			return nil, dear
		}
		literals := c.needs(e.test)
		return literals, c.cost(literals)
	case e.op == opAnd == wanted: // all kids have it: the best of them will do
		var best []uint32
		least := float64(dear)
		for _, kid := range e.kids {
			if literals, cost := c.trigger(kid, wanted); cost < least {
				best, least = literals, cost
			}
		}
		return best, least
	}
	var all []uint32 // some kid has it: each is needed
	for _, kid := range e.kids {
		literals, cost := c.trigger(kid, wanted)
		if cost >= dear {
			return nil, dear
		}
		all = append(all, literals...)
	}
	return all, c.cost(all)
}

func (c *compiler) cost(literals []uint32) float64 {
	if len(literals) == 0 {
		return dear
	}
	sum := 0.0
	for _, l := range literals {
		sum += c.weights[l].cost()
	}
	return sum
}

// hang hangs each rule on its literals.
func (c *compiler) hang() {
	c.priceColumns()
	p := c.p
	on := make([][]uint32, len(p.literals))
	eager := make([]bool, len(p.columns))
	for i, r := range p.rules {
		literals, cost := c.trigger(r.when, true)
		if cost >= dear {
			p.always = append(p.always, uint32(i))
			continue
		}
		for _, l := range literals {
			p.literals[l].way = byScan
			eager[p.literals[l].column] = true
			if n := len(on[l]); n == 0 || on[l][n-1] != uint32(i) {
				on[l] = append(on[l], uint32(i))
			}
		}
	}
	for _, rules := range on {
		p.hang = append(p.hang, uint32(len(p.hanging)))
		p.hanging = append(p.hanging, rules...)
	}
	p.hang = append(p.hang, uint32(len(p.hanging)))
	for i, is := range eager {
		if is {
			p.eager = append(p.eager, uint16(i))
		}
	}
}

// lonely is the price of a column on which few rules would hang: better that they hang
// on what is less rare in a column that is read anyway.
const lonely = 0.2

// priceColumns sets prices by how many rules would hang on a column if all were free.
func (c *compiler) priceColumns() {
	hung, most := make([]int, len(c.p.columns)), 0
	for _, r := range c.p.rules {
		literals, cost := c.trigger(r.when, true)
		if cost >= dear {
			continue
		}
		for _, l := range literals {
			column := c.p.literals[l].column
			hung[column]++
			most = max(most, hung[column])
		}
	}
	for i := range c.weights {
		if hung[c.p.literals[i].column]*20 < most {
			c.weights[i].column = lonely
		}
	}
}
