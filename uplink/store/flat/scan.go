package flat

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// scanner reads JSON that nobody vouches for, in place.
type scanner struct {
	b    []byte
	at   int
	text []byte // strings that had escapes, one behind the other
}

var (
	errEnd    = errors.New("it ends too early")
	errString = errors.New("a string is damaged")
	errValue  = errors.New("a value is damaged")
	errObject = errors.New("it is no object")
	errDeep   = errors.New("it is nested too deeply")
)

// view makes a string of bytes that stay as they are.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// next skips white space and gives the byte behind it, 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.b) {
		switch c := s.b[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// str reads a string whose quotation mark is next.
func (s *scanner) str() (string, error) {
	s.at++
	from := s.at
	for i := from; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.at = i + 1
			return view(s.b[from:i]), nil
		case c == '\\':
			return s.escaped(from, i)
		case c < ' ':
			return "", errString
		}
	}
	return "", errEnd
}

// escaped reads on a string that begins at from and has its first escape at i.
func (s *scanner) escaped(from, i int) (string, error) {
	begin := len(s.text)
	s.text = append(s.text, s.b[from:i]...)
	for i < len(s.b) {
		c := s.b[i]
		i++
		switch {
		case c == '"':
			s.at = i
			return view(s.text[begin:]), nil
		case c < ' ':
			return "", errString
		case c != '\\':
			s.text = append(s.text, c)
			continue
		case i == len(s.b):
			return "", errEnd
		}
		c = s.b[i]
		i++
		switch c {
		case '"', '\\', '/':
			s.text = append(s.text, c)
		case 'b':
			s.text = append(s.text, '\b')
		case 'f':
			s.text = append(s.text, '\f')
		case 'n':
			s.text = append(s.text, '\n')
		case 'r':
			s.text = append(s.text, '\r')
		case 't':
			s.text = append(s.text, '\t')
		case 'u':
			r, n := s.unicode(i)
			if n == 0 {
				return "", errString
			}
			s.text = utf8.AppendRune(s.text, r)
			i += n
		default:
			return "", errString
		}
	}
	return "", errEnd
}

// unicode reads what follows \u, both halves of a pair; a half alone is U+FFFD. It gives
// how many bytes it read, 0 for a damaged one.
func (s *scanner) unicode(i int) (rune, int) {
	r, ok := s.hex(i)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if i+6 <= len(s.b) && s.b[i+4] == '\\' && s.b[i+5] == 'u' {
		if low, ok := s.hex(i + 6); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func (s *scanner) hex(i int) (r rune, ok bool) {
	if i+4 > len(s.b) {
		return 0, false
	}
	for _, c := range s.b[i : i+4] {
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

// word reads a number, true, false or null as it stands.
func (s *scanner) word() (string, error) {
	from := s.at
	for s.at < len(s.b) {
		c := s.b[s.at]
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '+' || c == '.' {
			s.at++
			continue
		}
		break
	}
	if s.at == from {
		return "", errValue
	}
	w := view(s.b[from:s.at])
	if w != "true" && w != "false" && w != "null" && !isNumber(w) {
		return "", errValue
	}
	return w, nil
}

// isNumber tells of a number as RFC 8259 has it, section 6.
func isNumber(w string) bool {
	digits := func() bool {
		rest := strings.TrimLeft(w, "0123456789")
		some := len(rest) < len(w)
		w = rest
		return some
	}
	w = strings.TrimPrefix(w, "-")
	if rest, ok := strings.CutPrefix(w, "0"); ok {
		w = rest
	} else if !digits() {
		return false
	}
	if rest, ok := strings.CutPrefix(w, "."); ok {
		if w = rest; !digits() {
			return false
		}
	}
	if w != "" && w[0]|0x20 == 'e' {
		w = w[1:]
		if w != "" && (w[0] == '+' || w[0] == '-') {
			w = w[1:]
		}
		if !digits() {
			return false
		}
	}
	return w == ""
}

// array reads an array as it stands: only its brackets and strings are looked at.
func (s *scanner) array() (string, error) {
	from, depth := s.at, 0
	var open [MostDepth]byte
	for s.at < len(s.b) {
		switch c := s.b[s.at]; c {
		case '"':
			begin := len(s.text)
			if _, err := s.str(); err != nil {
				return "", err
			}
			s.text = s.text[:begin]
			continue
		case '[', '{':
			if depth == len(open) {
				return "", errDeep
			}
			open[depth] = c + 2 // what closes it
			depth++
		case ']', '}':
			if open[depth-1] != c {
				return "", errValue
			}
			if depth--; depth == 0 {
				s.at++
				return view(s.b[from:s.at]), nil
			}
		}
		s.at++
	}
	return "", errEnd
}
