package rule

import (
	"bytes"
	"net/netip"
	"strconv"
	"unsafe"
)

// view lends bytes as a string to a function that does not keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// readNumber reads a decimal number of at most maxDigits characters, with a fraction, and
// an exponent of at most two digits, when it has them: no such number is out of range, of
// which the error would be allocated.
func readNumber(b []byte) (float64, bool) {
	digits, dots, exponents := 0, 0, 0
	for i, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == '.' && dots == 0 && exponents == 0:
			dots++
		case (c == 'e' || c == 'E') && digits > 0 && exponents == 0:
			exponents, digits = 1, 0
		case (c == '-' || c == '+') && (i == 0 || b[i-1] == 'e' || b[i-1] == 'E'):
		default:
			return 0, false
		}
	}
	if digits == 0 || exponents > 0 && digits > 2 || len(b) > maxDigits {
		return 0, false
	}
	n, err := strconv.ParseFloat(view(b), 64)
	return n, err == nil
}

// maxDigits bounds what is taken for a number.
const maxDigits = 64

// readAddress reads an IP address without a zone; one of IPv4 in IPv6 is one of IPv4.
// (netip.ParseAddr allocates its errors, and events are full of what is no address.)
func readAddress(b []byte) (netip.Addr, bool) {
	if bytes.IndexByte(b, ':') < 0 {
		return readIPv4(b)
	}
	var out [16]byte
	n, gap := 0, -1 // bytes read; where "::" stands
	if len(b) > 1 && b[0] == ':' && b[1] == ':' {
		gap, b = 0, b[2:]
	}
	for len(b) > 0 {
		if n == 16 {
			return netip.Addr{}, false
		}
		value, digits := 0, 0
		for digits < len(b) && digits < 5 && hexDigit(b[digits]) >= 0 {
			value = value<<4 | hexDigit(b[digits])
			digits++
		}
		if digits < len(b) && b[digits] == '.' { // the rest is as of IPv4
			v4, ok := readIPv4(b)
			if !ok || n > 12 {
				return netip.Addr{}, false
			}
			four := v4.As4()
			n += copy(out[n:], four[:])
			break
		}
		if digits == 0 || digits > 4 {
			return netip.Addr{}, false
		}
		out[n], out[n+1] = byte(value>>8), byte(value)
		n += 2
		if b = b[digits:]; len(b) == 0 {
			break
		}
		if b[0] != ':' || len(b) == 1 {
			return netip.Addr{}, false
		}
		if b = b[1:]; b[0] == ':' {
			if gap >= 0 {
				return netip.Addr{}, false
			}
			gap, b = n, b[1:]
		}
	}
	if gap < 0 && n < 16 || gap >= 0 && n == 16 {
		return netip.Addr{}, false
	}
	if gap >= 0 {
		copy(out[16-(n-gap):], out[gap:n])
		clear(out[gap : 16-(n-gap)])
	}
	return netip.AddrFrom16(out).Unmap(), true
}

func hexDigit(c byte) int {
	switch c = fold(c); {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

func readIPv4(b []byte) (netip.Addr, bool) {
	var out [4]byte
	part, n, digits := 0, 0, 0
	for _, c := range b {
		switch {
		case c == '.' && digits > 0 && part < 3:
			part, n, digits = part+1, 0, 0
		case '0' <= c && c <= '9' && digits < 3 && (digits == 0 || n > 0):
			n, digits = n*10+int(c-'0'), digits+1
			if n > 255 {
				return netip.Addr{}, false
			}
			out[part] = byte(n)
		default:
			return netip.Addr{}, false
		}
	}
	return netip.AddrFrom4(out), part == 3 && digits > 0
}
