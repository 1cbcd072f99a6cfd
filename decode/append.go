package decode

import (
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends b as a JSON string. Bytes that are no UTF-8 become
// U+FFFD, and flagged says so: the caller gives the bytes beside it.
func appendString(dst, b []byte) (out []byte, flagged bool) {
	dst = append(dst, '"')
	for len(b) > 0 {
		c := b[0]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRune(b)
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, `\ufffd`...)
				flagged = true
			} else {
				dst = append(dst, b[:n]...)
			}
			b = b[n:]
			continue
		}
		b = b[1:]
	}
	return append(dst, '"'), flagged
}

// object appends members to a JSON object that is being written.
type object struct{ dst []byte }

func (o *object) name(name string) {
	if c := o.dst[len(o.dst)-1]; c != '{' && c != '[' {
		o.dst = append(o.dst, ',')
	}
	o.dst = append(o.dst, '"')
	o.dst = append(o.dst, name...)
	o.dst = append(o.dst, '"', ':')
}

func (o *object) open(name string) {
	o.name(name)
	o.dst = append(o.dst, '{')
}

func (o *object) close() { o.dst = append(o.dst, '}') }

func (o *object) number(name string, v uint64) {
	o.name(name)
	o.dst = strconv.AppendUint(o.dst, v, 10)
}

func (o *object) signed(name string, v int64) {
	o.name(name)
	o.dst = strconv.AppendInt(o.dst, v, 10)
}

func (o *object) flag(name string, v bool) {
	if v {
		o.name(name)
		o.dst = append(o.dst, "true"...)
	}
}

// word appends text that needs no escaping.
func (o *object) word(name, v string) {
	o.name(name)
	o.dst = append(o.dst, '"')
	o.dst = append(o.dst, v...)
	o.dst = append(o.dst, '"')
}

// text appends bytes as a string; those that are no UTF-8 also as name_hex, so
// that nothing is hidden. Empty ones are left out.
func (o *object) text(name string, b []byte) {
	if len(b) == 0 {
		return
	}
	o.name(name)
	var flagged bool
	if o.dst, flagged = appendString(o.dst, b); !flagged {
		return
	}
	o.dst = append(o.dst, `,"`...)
	o.dst = append(o.dst, name...)
	o.dst = append(o.dst, `_hex":"`...)
	for _, c := range b {
		o.dst = append(o.dst, hexDigits[c>>4], hexDigits[c&15])
	}
	o.dst = append(o.dst, '"')
}

// id appends an exec ID.
func (o *object) id(name string, v uint64) {
	o.name(name)
	o.dst = append(o.dst, '"')
	o.dst = appendID(o.dst, v)
	o.dst = append(o.dst, '"')
}

func appendID(dst []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&15])
	}
	return dst
}

// words appends the names of the bits that are set, as an array.
func (o *object) words(name string, bits uint32, names []string) {
	if bits == 0 {
		return
	}
	o.name(name)
	o.dst = append(o.dst, '[')
	for i, n := range names {
		if bits>>i&1 != 0 {
			if o.dst[len(o.dst)-1] != '[' {
				o.dst = append(o.dst, ',')
			}
			o.dst = append(o.dst, '"')
			o.dst = append(o.dst, n...)
			o.dst = append(o.dst, '"')
		}
	}
	o.dst = append(o.dst, ']')
}

// appendPrintable appends b fit for a terminal: control characters, and bytes
// that are no UTF-8, as \xNN.
func appendPrintable(dst, b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == utf8.RuneError && n == 1 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			for _, c := range b[:n] {
				dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			}
		} else {
			dst = append(dst, b[:n]...)
		}
		b = b[n:]
	}
	return dst
}

// Printable gives b fit for a terminal.
func Printable(b []byte) string { return string(appendPrintable(nil, b)) }
