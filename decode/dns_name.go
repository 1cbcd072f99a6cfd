package decode

// DNSName is a domain name inside a message, compressed as it may be. The zero
// DNSName is the root.
type DNSName struct {
	b  []byte
	at int
}

type nameState uint8

const (
	nameWhole nameState = iota
	nameCut             // the bytes end inside
	nameBad
)

// maxName bounds a name on the wire, bytes (RFC 1035, section 3.1).
const maxName = 255

// walk calls take for each label of the name at a place of a message, and gives
// where the name ends there. A pointer must lead to before the piece that it ends
// (RFC 1035, section 4.1.4: "a prior occurrence"), so each is followed once at most.
func walk(b []byte, at int, take func(label []byte)) (end int, state nameState) {
	end, size := -1, 0
	for start := at; ; {
		if at >= len(b) {
			return 0, nameCut
		}
		n := int(b[at])
		switch n >> 6 {
		case 0:
			if at+1+n > len(b) {
				return 0, nameCut
			}
			if size += 1 + n; size > maxName {
				return 0, nameBad
			}
			if n == 0 {
				if end < 0 {
					end = at + 1
				}
				return end, nameWhole
			}
			if take != nil {
				take(b[at+1 : at+1+n])
			}
			at += 1 + n
		case 3:
			if at+2 > len(b) {
				return 0, nameCut
			}
			if end < 0 {
				end = at + 2
			}
			if at = (n&63)<<8 | int(b[at+1]); at >= start || at < dnsHeaderSize {
				return 0, nameBad
			}
			start = at
		default: // RFC 6891, section 5: extended label types are gone
			return 0, nameBad
		}
	}
}

// endOfName gives where the name at a place of a message ends.
func endOfName(b []byte, at int) (end int, state nameState) { return walk(b, at, nil) }

// AppendTo appends the name without its last dot, as RFC 1035, section 5.1 has it:
// a dot or a backslash inside a label follows a backslash, and what is no visible
// ASCII is \DDD in decimal. The root is a single dot.
func (n DNSName) AppendTo(dst []byte) []byte {
	start := len(dst)
	walk(n.b, n.at, func(label []byte) {
		if len(dst) > start {
			dst = append(dst, '.')
		}
		dst = appendLabel(dst, label)
	})
	if len(dst) == start {
		dst = append(dst, '.')
	}
	return dst
}

func appendLabel(dst, label []byte) []byte {
	for _, c := range label {
		switch {
		case c == '.' || c == '\\' || c == '"':
			dst = append(dst, '\\', c)
		case c <= ' ' || c >= 0x7f:
			dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
