package rule

import "strings"

// pattern is a text with wildcards: literals, and between them tokens that stand for
// any text ('*') or for one character ('?'). Two literals never meet, nor two stars.
// No token is the empty text.
type pattern []token

type token struct {
	text string
	wild byte // 0: a literal
}

// readPattern reads a Sigma string: * and ? are wildcards, a backslash before one of
// them or before another backslash takes their meaning away, any other stands for itself.
func readPattern(s string) pattern {
	var p pattern
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`\*?`, s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		case c == '*' || c == '?':
			p = p.literal(b.String()).wildcard(c)
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return p.literal(b.String())
}

func (p pattern) literal(s string) pattern {
	switch last := len(p) - 1; {
	case s == "":
		return p
	case last >= 0 && p[last].wild == 0:
		return append(p[:last:last], token{text: p[last].text + s})
	}
	return append(p[:len(p):len(p)], token{text: s})
}

func (p pattern) wildcard(c byte) pattern {
	if c == '*' && len(p) > 0 && p[len(p)-1].wild == '*' {
		return p
	}
	return append(p[:len(p):len(p)], token{wild: c})
}

func (p pattern) join(q pattern) pattern {
	for _, t := range q {
		if t.wild != 0 {
			p = p.wildcard(t.wild)
		} else {
			p = p.literal(t.text)
		}
	}
	return p
}

// plain gives the text of a pattern without wildcards.
func (p pattern) plain() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].wild == 0:
		return p[0].text, true
	}
	return "", false
}

func (p pattern) contains() pattern   { return pattern{{wild: '*'}}.join(p).wildcard('*') }
func (p pattern) startsWith() pattern { return pattern(nil).join(p).wildcard('*') }
func (p pattern) endsWith() pattern   { return pattern{{wild: '*'}}.join(p) }

// key tells patterns apart: as readPattern would read it.
func (p pattern) key() string {
	var b strings.Builder
	for _, t := range p {
		if t.wild != 0 {
			b.WriteByte(t.wild)
			continue
		}
		for i := range len(t.text) {
			if strings.IndexByte(`\*?`, t.text[i]) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(t.text[i])
		}
	}
	return b.String()
}

func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func foldText(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = fold(c)
	}
	return string(b)
}
