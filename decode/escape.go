package decode

import (
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// plain tells of an ASCII byte that needs no escape, neither in JSON nor on a terminal.
func plain(c byte) bool { return c >= ' ' && c < 0x7f && c != '"' && c != '\\' }

// shown tells of a rune beyond ASCII that does nothing but be seen: no control,
// no direction change (CVE-2021-42574), no invisible or private one.
func shown(r rune) bool { return strconv.IsPrint(r) }

// appendJSON appends s escaped for a JSON string (RFC 8259, section 7), without
// the quotation marks. Bytes that are no UTF-8 become U+FFFD each, and whole is
// false: then the caller must give the bytes in another way. Runes that could
// act on a terminal are escaped, though JSON would let them be.
func appendJSON(dst, s []byte) (out []byte, whole bool) {
	whole = true
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain(c) {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if shown(r) && n > 1 && r != utf8.RuneError {
				i += n
				continue
			}
			dst = append(dst, s[from:i]...)
			switch {
			case n == 1:
				whole = false
				dst = append(dst, "\uFFFD"...)
			case r > 0xffff:
				high, low := utf16.EncodeRune(r)
				dst = appendUnicode(appendUnicode(dst, high), low)
			default:
				dst = appendUnicode(dst, r)
			}
			i += n
			from = i
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = appendUnicode(dst, rune(c))
		}
		i++
		from = i
	}
	return append(dst, s[from:]...), whole
}

func appendUnicode(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// escapeTail escapes what dst has from a place on, all of it visible ASCII, for a
// JSON string.
func escapeTail(dst []byte, from int) []byte {
	more := 0
	for _, c := range dst[from:] {
		if c == '"' || c == '\\' {
			more++
		}
	}
	if more == 0 {
		return dst
	}
	i := len(dst)
	dst = slices.Grow(dst, more)[:i+more]
	for j := len(dst); i > from; {
		i, j = i-1, j-1
		c := dst[i]
		dst[j] = c
		if c == '"' || c == '\\' {
			j--
			dst[j] = '\\'
		}
	}
	return dst
}

// appendPrintable appends s fit for a terminal: what could act on it is written
// as Go writes it (\n, \x1b, \u202e), and a backslash as two, so that what is
// shown can be read back.
func appendPrintable(dst, s []byte) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain(c) || c == '"' {
			i++
			continue
		}
		r, n := rune(c), 1
		if c >= utf8.RuneSelf {
			if r, n = utf8.DecodeRune(s[i:]); n > 1 && shown(r) {
				i += n
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		switch {
		case c == '\\':
			dst = append(dst, '\\', '\\')
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case n == 1:
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		case r > 0xffff:
			dst = append(dst, '\\', 'U', '0', '0', hexDigits[r>>20&15], hexDigits[r>>16&15])
			dst = append(dst, hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			dst = appendUnicode(dst, r)
		}
		i += n
		from = i
	}
	return append(dst, s[from:]...)
}

// Printable gives b fit for a terminal: control characters, bytes that are no
// UTF-8 and what turns or hides text are escaped as in Go source.
func Printable(b []byte) string { return string(appendPrintable(nil, b)) }

// word tells whether a shell takes the argument for one word as it is (POSIX
// Shell Command Language, 2.2 Quoting).
func word(argument []byte) bool {
	for _, c := range argument {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= utf8.RuneSelf:
		case c == '_', c == '@', c == '%', c == '+', c == '=', c == ':', c == ',', c == '.', c == '/', c == '-':
		default:
			return false
		}
	}
	return len(argument) > 0
}

// escape is how appendCommand writes the pieces of a command line.
type escape func(dst, s []byte) []byte

// appendCommand appends arguments, each ended by a zero byte, as one line that a
// shell would split into the same arguments again.
func appendCommand(dst, arguments []byte, write escape) []byte {
	start := len(dst)
	for argument := range Arguments(arguments) {
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		if word(argument) {
			dst = write(dst, argument)
			continue
		}
		dst = append(dst, '\'')
		from := 0
		for i, c := range argument {
			if c == '\'' {
				dst = write(dst, argument[from:i])
				dst = write(dst, quotedQuote[:])
				from = i + 1
			}
		}
		dst = append(write(dst, argument[from:]), '\'')
	}
	return dst
}

// quotedQuote ends a quoted piece, has the mark that parts it from the next, and
// begins that: without a backslash, which would be escaped once more.
var quotedQuote = [...]byte{'\'', '"', '\'', '"', '\''}

// AppendQuoted appends bytes as a JSON string that does nothing on a terminal. Those
// that are no UTF-8 show as U+FFFD.
func AppendQuoted(dst, s []byte) []byte {
	return append(appendJSONText(append(dst, '"'), s), '"')
}

// CommandLine gives arguments, each ended by a zero byte, as one line for a shell.
func CommandLine(arguments []byte) string {
	return string(appendCommand(nil, arguments, func(dst, s []byte) []byte { return append(dst, s...) }))
}
