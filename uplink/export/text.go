package export

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// appendText appends what a JSON value says as text: a string without its escapes,
// anything else as it is. Runes that could act on a terminal stay escaped (\u202e), but
// for line ends and tabs.
func appendText(dst, value []byte) []byte {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return append(dst, value...)
	}
	value = value[1 : len(value)-1]
	for {
		i := bytes.IndexByte(value, '\\')
		if i < 0 || i+1 >= len(value) {
			return append(dst, value...)
		}
		dst = append(dst, value[:i]...)
		c := value[i+1]
		value = value[i+2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'b', 'f':
			dst = append(dst, '\\', c)
		case 'u':
			var n int
			dst, n = appendRune(dst, value)
			value = value[n:]
		default:
			dst = append(dst, c)
		}
	}
}

// appendRune appends the rune whose escape begins with these digits (the u is gone), and
// tells how many bytes it took.
func appendRune(dst, digits []byte) ([]byte, int) {
	r, ok := hex4(digits)
	if !ok {
		return append(dst, '\\', 'u'), 0
	}
	n := 4
	if utf16.IsSurrogate(r) {
		low, ok := rune(0), false
		if len(digits) >= 10 && digits[4] == '\\' && digits[5] == 'u' {
			low, ok = hex4(digits[6:])
		}
		if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
			n = 10
		}
	}
	switch {
	case r == '\n', r == '\r', r == '\t':
		return append(dst, byte(r)), n
	case strconv.IsPrint(r):
		return utf8.AppendRune(dst, r), n
	case n == 10:
		return append(append(dst, '\\', 'u'), digits[:10]...), n
	}
	return append(append(dst, '\\', 'u'), digits[:4]...), n
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	r := rune(0)
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// cleaner writes text that came from outside in one line: with a backslash before the
// bytes of special, another word for a line end, spaces for other control characters,
// and U+FFFD for what is no UTF-8.
type cleaner struct {
	newline string
	special [utf8.RuneSelf]bool
	plain   [256]bool
}

func newCleaner(special, newline string) *cleaner {
	c := &cleaner{newline: newline}
	for b := byte(' '); b < 0x7f; b++ {
		c.special[b] = strings.IndexByte(special, b) >= 0
		c.plain[b] = !c.special[b]
	}
	return c
}

func (c *cleaner) append(dst, text []byte) []byte {
	for len(text) > 0 {
		n := 0
		for n < len(text) && c.plain[text[n]] {
			n++
		}
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		n = 1
		switch b := text[0]; {
		case b >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRune(text)
			dst = utf8.AppendRune(dst, r)
		case c.special[b]:
			dst = append(dst, '\\', b)
		case b == '\r' && len(text) > 1 && text[1] == '\n': // the line feed tells
		case b == '\r', b == '\n':
			dst = append(dst, c.newline...)
		default:
			dst = append(dst, ' ')
		}
		text = text[n:]
	}
	return dst
}

// cut shortens UTF-8 to at most so many bytes without splitting a rune.
func cut(b []byte, most int) []byte {
	if most == 0 || len(b) <= most {
		return b
	}
	for most > 0 && !utf8.RuneStart(b[most]) {
		most--
	}
	return b[:most]
}
