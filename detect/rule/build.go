package rule

import "slices"

// build makes what finds literals, when it is known what hangs on what.
func (c *compiler) build() {
	rare := rareGrams{}
	for i := range c.p.literals {
		rare.add(c.p.literals[i].text)
	}
	makers := make([]columnMaker, len(c.p.columns))
	for i := range makers {
		makers[i].narrow, makers[i].wide = newSieveBuilder(rare), newSieveBuilder(rare)
	}
	for i := range c.p.literals {
		l := &c.p.literals[i]
		switch {
		case l.begins || l.ends:
			l.way = byScan
			makers[l.column].place(l, uint32(i))
		case l.way == byScan && isWide(l.text):
			makers[l.column].wide.add(l.text, uint32(i))
		case l.way == byScan:
			makers[l.column].narrow.add(l.text, uint32(i))
		case len(l.text) < gramLength:
			l.way, l.bucket = bySearch, noBucket
		default:
			g, at := rare.best(l.text[:min(len(l.text), maxOffset)], 0, 1)
			l.bucket, l.offset = uint16(g.bucket()), uint16(at)
		}
	}
	for i := range makers {
		makers[i].make(&c.p.columns[i])
	}
}

// maxOffset bounds where in a literal its grams are.
const maxOffset = 1 << 12

// columnMaker gathers the literals that are found in one pass.
type columnMaker struct {
	begins, ends treeBuilder
	narrow, wide *sieveBuilder
}

func (m *columnMaker) place(l *literal, number uint32) {
	text := []byte(l.text)
	if !l.ends {
		m.begins.add(text, false, number)
		return
	}
	slices.Reverse(text)
	m.ends.add(text, l.begins, number)
}

func (m *columnMaker) make(to *column) {
	to.begins, to.ends = m.begins.build(), m.ends.build()
	to.narrow, to.wide = m.narrow.build(), m.wide.build()
}
