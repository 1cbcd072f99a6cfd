package rule

import (
	"bytes"
	"unicode/utf8"
)

// check is a test that finding a literal does not answer.
type check struct {
	test   *test
	column uint16
	other  uint16     // of isField
	guards []uint32   // literals of which one must be there; none when nothing is known
	also   [][]uint32 // the like, beside guards
	dfa    *dfa       // of isRegex; nil when it would be too large
	alike  bool       // the same answer for all records that are alike
}

func (c *compiler) check(t *test) check {
	k := check{test: t, column: c.column(t.field)}
	switch t.kind {
	case isText:
		k.guards = c.guardsOfPattern(t)
	case isRegex:
		k.dfa = newDFA(t.regex.String())
		for i, texts := range requiredLiterals(t.regex.String()) {
			var group []uint32
			for _, text := range texts {
				group = append(group, c.literal(t.field, text, false, false))
			}
			if i == 0 {
				k.guards = group
			} else {
				k.also = append(k.also, group)
			}
		}
	case isField:
		k.other = c.column(t.other)
	}
	return k
}

// guardsOfPattern gives the longest literal of a pattern.
func (c *compiler) guardsOfPattern(t *test) []uint32 {
	best := -1
	for i, tok := range t.pattern {
		if tok.wild == 0 && (best < 0 || len(tok.text) > len(t.pattern[best].text)) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return []uint32{c.literal(t.field, t.pattern[best].text, best == 0, best == len(t.pattern)-1)}
}

// price is about what the check costs, in tests of a literal.
func (k *check) price() int {
	switch {
	case k.test.kind == isRegex && k.dfa == nil:
		return 10_000
	case k.test.kind == isRegex:
		return 1000
	}
	return 10
}

func (k *check) size() int {
	n := 64 + 4*len(k.guards)
	for _, t := range k.test.pattern {
		n += 24 + len(t.text)
	}
	if k.dfa != nil {
		n += k.dfa.size()
	}
	return n
}

// value tells whether one value passes.
func (k *check) value(v []byte) bool {
	t := k.test
	switch t.kind {
	case isText:
		return t.pattern.match(v, t.cased)
	case isRegex:
		if k.dfa != nil {
			return k.dfa.match(v)
		}
		return t.regex.Match(v)
	case isNetwork:
		a, ok := readAddress(v)
		return ok && t.network.Contains(a)
	case isNumber:
		n, ok := readNumber(v)
		return ok && t.compare.holds(n, t.number)
	case isTime:
		m, ok := readMoment(v)
		return ok && t.compare.holds(float64(m.part(t.part)), t.number)
	}
	return false
}

// match tells whether a pattern matches a whole value. When what follows a star does
// not match, the last star takes more.
func (p pattern) match(v []byte, cased bool) bool {
	at, token := 0, 0
	star, starAt := -1, 0
	for {
		if token == len(p) && at == len(v) {
			return true
		}
		if token < len(p) {
			if p[token].wild == '*' {
				star, starAt = token, at
				if token++; token == len(p) {
					return true
				}
				continue
			}
			if n, ok := p[token].eat(v[at:], cased); ok {
				at += n
				token++
				continue
			}
		}
		if star < 0 || starAt >= len(v) {
			return false
		}
		n := 1
		if star+1 < len(p) && p[star+1].wild == '?' { // not into the middle of a character
			_, n = utf8.DecodeRune(v[starAt:])
		}
		starAt += n
		at, token = starAt, star+1
	}
}

// eat gives how much of a value a token takes from its beginning.
func (t token) eat(v []byte, cased bool) (int, bool) {
	if t.wild == '?' {
		if len(v) == 0 {
			return 0, false
		}
		_, n := utf8.DecodeRune(v)
		return n, true
	}
	return len(t.text), hasPrefix(v, t.text, cased)
}

func hasPrefix(v []byte, s string, cased bool) bool {
	if len(v) < len(s) {
		return false
	}
	if cased {
		return string(v[:len(s)]) == s
	}
	for i := range len(s) {
		if fold(v[i]) != fold(s[i]) {
			return false
		}
	}
	return true
}

// relates tells whether one value stands in another as asked.
func (t *test) relates(v, other []byte) bool {
	switch t.side {
	case atStart:
		return startsWith(v, other, t.cased)
	case atEnd:
		return len(v) >= len(other) && startsWith(v[len(v)-len(other):], other, t.cased)
	case anywhere:
		if t.cased {
			return bytes.Contains(v, other)
		}
		for at := 0; at+len(other) <= len(v); at++ {
			if startsWith(v[at:], other, false) {
				return true
			}
		}
		return false
	}
	return len(v) == len(other) && startsWith(v, other, t.cased)
}

func startsWith(v, other []byte, cased bool) bool {
	if len(v) < len(other) {
		return false
	}
	for i, c := range other {
		if v[i] != c && (cased || fold(v[i]) != fold(c)) {
			return false
		}
	}
	return true
}
