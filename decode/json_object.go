package decode

import (
	"strconv"
	"unicode/utf8"
)

// object writes JSON at the end of a buffer. Members and elements part
// themselves; names are written as they are.
type object struct{ b []byte }

// next puts a comma where one belongs.
func (o *object) next() {
	if c := o.b[len(o.b)-1]; c != '{' && c != '[' {
		o.b = append(o.b, ',')
	}
}

func (o *object) key(name string) {
	o.next()
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) open(name string) {
	o.key(name)
	o.b = append(o.b, '{')
}

func (o *object) close() { o.b = append(o.b, '}') }

func (o *object) openArray(name string) {
	o.key(name)
	o.b = append(o.b, '[')
}

func (o *object) closeArray() { o.b = append(o.b, ']') }

func (o *object) number(name string, v uint64) {
	o.key(name)
	o.b = strconv.AppendUint(o.b, v, 10)
}

func (o *object) signed(name string, v int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

// digits writes a number as a string, where OCSF has one for what is a number here.
func (o *object) digits(name string, v uint64) {
	o.key(name)
	o.b = append(strconv.AppendUint(append(o.b, '"'), v, 10), '"')
}

// boolean writes a C truth: anything but 0 and 1 stays the number that it is.
func (o *object) boolean(name string, v uint32) {
	o.key(name)
	switch v {
	case 0:
		o.b = append(o.b, "false"...)
	case 1:
		o.b = append(o.b, "true"...)
	default:
		o.b = strconv.AppendUint(o.b, uint64(v), 10)
	}
}

// name writes a string of this package, which needs no escape.
func (o *object) name(name, v string) {
	o.key(name)
	o.b = append(append(append(o.b, '"'), v...), '"')
}

// text writes bytes as a string. Those that are not all UTF-8 follow once more,
// as hexadecimal digits named name_hex: the string shows U+FFFD for them.
// Without bytes there is no member.
func (o *object) text(name string, s []byte) {
	if len(s) > 0 {
		o.required(name, s)
	}
}

// required writes bytes as text does, and an empty string for none.
func (o *object) required(name string, s []byte) {
	if !o.shown(name, s) {
		o.hexOf(name, s)
	}
}

// shown writes bytes as a string only, and tells whether it says all.
func (o *object) shown(name string, s []byte) (whole bool) {
	o.key(name)
	o.b, whole = appendJSON(append(o.b, '"'), s)
	o.b = append(o.b, '"')
	return whole
}

// hexOf writes all bytes as hexadecimal digits, named name_hex.
func (o *object) hexOf(name string, s []byte) {
	o.next()
	o.b = append(append(append(o.b, '"'), name...), `_hex":"`...)
	for _, c := range s {
		o.b = append(o.b, hexDigits[c>>4], hexDigits[c&15])
	}
	o.b = append(o.b, '"')
}

// command writes arguments, each ended by a zero byte, as one line for a shell.
func (o *object) command(name string, arguments []byte) {
	if len(arguments) == 0 {
		return
	}
	o.key(name)
	o.b = append(o.b, '"')
	o.b = append(appendCommand(o.b, arguments, appendJSONText), '"')
	if !utf8.Valid(arguments) {
		o.hexOf(name, arguments)
	}
}

func appendJSONText(dst, s []byte) []byte {
	dst, _ = appendJSON(dst, s)
	return dst
}

// hex16 writes 64 bits as 16 hexadecimal digits: exec IDs, capabilities (as
// /proc/PID/status has them), identities of sockets.
func (o *object) hex16(name string, v uint64) {
	o.key(name)
	o.b = append(appendHex16(append(o.b, '"'), v), '"')
}

func appendHex16(dst []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&15])
	}
	return dst
}

// address writes an address or a bit mask as 0x and hexadecimal digits.
func (o *object) address(name string, v uint64) {
	o.key(name)
	o.b = append(strconv.AppendUint(append(o.b, '"', '0', 'x'), v, 16), '"')
}

// octal writes a file mode as chmod takes it, with a leading zero.
func (o *object) octal(name string, v uint32) {
	o.key(name)
	o.b = append(strconv.AppendUint(append(o.b, '"', '0'), uint64(v), 8), '"')
}

// value writes the name of an enumerated value; without one, its number as a string.
func (o *object) value(name string, v uint64, names []string) {
	o.key(name)
	o.b = append(appendValue(append(o.b, '"'), v, names), '"')
}

// appendValue appends the name of an enumerated value; without one, its number.
func appendValue(dst []byte, v uint64, names []string) []byte {
	if v < uint64(len(names)) && names[v] != "" {
		return append(dst, names[v]...)
	}
	return strconv.AppendUint(dst, v, 10)
}

// words writes the names of the bits that are set as an array; bits without a
// name come together at its end, in hexadecimal. Without bits there is no member.
func (o *object) words(name string, bits uint64, names []string) {
	if bits == 0 {
		return
	}
	o.openArray(name)
	for i, n := range names {
		if bits>>i&1 != 0 && n != "" {
			bits &^= 1 << i
			o.element(n)
		}
	}
	if bits != 0 {
		o.next()
		o.b = append(strconv.AppendUint(append(o.b, '"', '0', 'x'), bits, 16), '"')
	}
	o.closeArray()
}

func (o *object) element(v string) {
	o.next()
	o.b = append(append(append(o.b, '"'), v...), '"')
}
