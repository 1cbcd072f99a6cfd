package rule

import (
	"net/netip"
	"strconv"
	"unsafe"
)

// view lends bytes as a string to a function that does not keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// readNumber reads a decimal number, with a fraction and exponent when it has them.
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
	if digits == 0 || len(b) > maxDigits {
		return 0, false
	}
	// What is left to go wrong is a number out of range, of which the error is nothing
	// that a harmless event has.
	n, err := strconv.ParseFloat(view(b), 64)
	return n, err == nil
}

// maxDigits bounds what is taken for a number.
const maxDigits = 64

// readAddress reads an IP address; one of IPv4 in IPv6 is one of IPv4.
func readAddress(b []byte) (netip.Addr, bool) {
	if len(b) == 0 || len(b) > len("0000:0000:0000:0000:0000:0000:255.255.255.255") {
		return netip.Addr{}, false
	}
	colon := false
	for _, c := range b {
		switch {
		case c == ':':
			colon = true
		case '0' <= c && c <= '9', c == '.', 'a' <= fold(c) && fold(c) <= 'f':
		default:
			return netip.Addr{}, false
		}
	}
	if !colon {
		return readIPv4(b)
	}
	a, err := netip.ParseAddr(view(b))
	return a.Unmap(), err == nil
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
