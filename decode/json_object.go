package decode

import (
	"strconv"
	"unicode/utf8"
)

// object writes JSON at the end of a buffer. Members and elements part
// themselves; names are written as they are. With flat it makes fields instead:
// then the buffer has their values, and JSON only of arrays.
type object struct {
	b    []byte
	flat *Flattener
	held *Flattener // flat, while an array is written
}

// next puts a comma where one belongs.
func (o *object) next() {
	if c := o.b[len(o.b)-1]; c != '{' && c != '[' {
		o.b = append(o.b, ',')
	}
}

// key begins a member; its value follows, and then done. It is false for a field that
// is not wanted: then neither does.
func (o *object) key(name string) bool {
	if o.flat != nil {
		return o.flat.begin(name, len(o.b))
	}
	o.next()
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
	return true
}

// done ends a member that key began.
func (o *object) done() {
	if o.flat != nil {
		o.flat.end(o.b)
	}
}

// begin begins a member that is a string: key and end go by it.
func (o *object) begin(name string) bool {
	if o.flat != nil {
		return o.flat.begin(name, len(o.b))
	}
	o.next()
	o.b = append(append(append(o.b, '"'), name...), '"', ':', '"')
	return true
}

func (o *object) end() {
	if o.flat != nil {
		o.flat.end(o.b)
		return
	}
	o.b = append(o.b, '"')
}

func (o *object) open(name string) {
	if o.flat != nil {
		o.flat.open(name)
		return
	}
	o.next()
	o.b = append(append(append(o.b, '"'), name...), '"', ':', '{')
}

func (o *object) close() {
	if o.flat != nil {
		o.flat.close()
		return
	}
	o.b = append(o.b, '}')
}

// openArray begins an array: of fields, too, it is the JSON.
func (o *object) openArray(name string) {
	o.key(name) // of a field that is not wanted done lets it be
	o.b = append(o.b, '[')
	o.flat, o.held = nil, o.flat
}

func (o *object) closeArray() {
	o.b = append(o.b, ']')
	o.flat, o.held = o.held, nil
	o.done()
}

func (o *object) number(name string, v uint64) {
	if o.key(name) {
		o.b = strconv.AppendUint(o.b, v, 10)
		o.done()
	}
}

func (o *object) signed(name string, v int64) {
	if o.key(name) {
		o.b = strconv.AppendInt(o.b, v, 10)
		o.done()
	}
}

// digits writes a number as a string, where OCSF has one for what is a number here.
func (o *object) digits(name string, v uint64) {
	if o.begin(name) {
		o.b = strconv.AppendUint(o.b, v, 10)
		o.end()
	}
}

// boolean writes a C truth: anything but 0 and 1 stays the number that it is.
func (o *object) boolean(name string, v uint32) {
	if !o.key(name) {
		return
	}
	switch v {
	case 0:
		o.b = append(o.b, "false"...)
	case 1:
		o.b = append(o.b, "true"...)
	default:
		o.b = strconv.AppendUint(o.b, uint64(v), 10)
	}
	o.done()
}

// name writes a string of this package, which needs no escape.
func (o *object) name(name, v string) {
	if o.flat != nil {
		o.flat.add(name, v)
	} else if o.begin(name) {
		o.b = append(o.b, v...)
		o.end()
	}
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
	if o.flat != nil {
		return o.flat.text(name, s, &o.b)
	}
	o.begin(name)
	o.b, whole = appendJSON(o.b, s)
	o.end()
	return whole
}

// hexOf writes all bytes as hexadecimal digits, named name_hex.
func (o *object) hexOf(name string, s []byte) {
	if o.flat != nil {
		if !o.flat.begin(name+"_hex", len(o.b)) {
			return
		}
	} else {
		o.next()
		o.b = append(append(append(o.b, '"'), name...), `_hex":"`...)
	}
	for _, c := range s {
		o.b = append(o.b, hexDigits[c>>4], hexDigits[c&15])
	}
	o.end()
}

// command writes arguments, each ended by a zero byte, as one line for a shell.
func (o *object) command(name string, arguments []byte) {
	if len(arguments) == 0 {
		return
	}
	if o.begin(name) {
		write := appendJSONText
		if o.flat != nil {
			write = appendValid
		}
		o.b = appendCommand(o.b, arguments, write)
		o.end()
	}
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
	if o.begin(name) {
		o.b = appendHex16(o.b, v)
		o.end()
	}
}

func appendHex16(dst []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&15])
	}
	return dst
}

// address writes an address or a bit mask as 0x and hexadecimal digits.
func (o *object) address(name string, v uint64) {
	if o.begin(name) {
		o.b = strconv.AppendUint(append(o.b, '0', 'x'), v, 16)
		o.end()
	}
}

// octal writes a file mode as chmod takes it, with a leading zero.
func (o *object) octal(name string, v uint32) {
	if o.begin(name) {
		o.b = strconv.AppendUint(append(o.b, '0'), uint64(v), 8)
		o.end()
	}
}

// value writes the name of an enumerated value; without one, its number as a string.
func (o *object) value(name string, v uint64, names []string) {
	if o.begin(name) {
		o.b = appendValue(o.b, v, names)
		o.end()
	}
}

// appendValue appends the name of an enumerated value; without one, its number.
func appendValue(dst []byte, v uint64, names []string) []byte {
	if v < uint64(len(names)) && names[v] != "" {
		return append(dst, names[v]...)
	}
	return strconv.AppendUint(dst, v, 10)
}

// escape escapes what the buffer has from a place on, all of it visible ASCII.
func (o *object) escape(from int) {
	if o.flat == nil {
		o.b = escapeTail(o.b, from)
	}
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
