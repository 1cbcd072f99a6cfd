package rule

import (
	"fmt"
	"net/netip"
	"regexp"
)

// expr is what must hold of an event: and, or, not, or one test.
type expr struct {
	op   op
	kids []*expr
	test *test
}

type op uint8

const (
	opTest op = iota
	opAnd
	opOr
	opNot
)

// group makes an expression of several, of one nothing but itself.
func group(o op, kids []*expr) *expr {
	if len(kids) == 1 {
		return kids[0]
	}
	return &expr{op: o, kids: kids}
}

func not(e *expr) *expr { return &expr{op: opNot, kids: []*expr{e}} }

// test is one question about one field.
type test struct {
	kind    testKind
	field   string // "": all there is, for keywords
	cased   bool
	pattern pattern        // isText
	regex   *regexp.Regexp // isRegex
	network netip.Prefix   // isNetwork
	number  float64        // isNumber, isTime
	compare compare
	part    timePart // isTime
	other   string   // isField: the other field
	side    side
	want    bool // isThere
}

type testKind uint8

const (
	isText testKind = iota
	isRegex
	isNetwork
	isNumber
	isTime
	isField
	isThere
	isNull
)

type compare uint8

const (
	isEqual compare = iota
	isLess
	isLessOrEqual
	isGreater
	isGreaterOrEqual
)

func (c compare) holds(a, b float64) bool {
	switch c {
	case isLess:
		return a < b
	case isLessOrEqual:
		return a <= b
	case isGreater:
		return a > b
	case isGreaterOrEqual:
		return a >= b
	}
	return a == b
}

// side is where one value must stand in another.
type side uint8

const (
	wholly side = iota
	anywhere
	atStart
	atEnd
)

// key is the same for tests that ask the same.
func (t *test) key() string {
	k := fmt.Sprintf("%d %t %q ", t.kind, t.cased, t.field)
	switch t.kind {
	case isText:
		if t.cased {
			return k + t.pattern.key()
		}
		return k + foldText(t.pattern.key())
	case isRegex:
		return k + t.regex.String()
	case isNetwork:
		return k + t.network.String()
	case isNumber, isTime:
		return k + fmt.Sprintf("%d %d %v", t.compare, t.part, t.number)
	case isField:
		return k + fmt.Sprintf("%d %q", t.side, t.other)
	case isThere:
		return k + fmt.Sprint(t.want)
	}
	return k
}
