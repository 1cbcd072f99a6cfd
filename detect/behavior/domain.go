package behavior

import "vigil/decode"

// nameRoom is what a name can take as text: 253 bytes, each \DDD at worst.
const nameRoom = 1024

// question appends the name that a DNS message asks for, in lower case; nothing
// when it asks for none.
func question(message, dst []byte) []byte {
	m, err := decode.ParseDNS(message)
	if err != nil {
		return dst
	}
	var r decode.DNSRecord
	if !m.Next(&r) || r.Section != decode.DNSQuestion {
		return dst
	}
	start := len(dst)
	dst = r.Name.AppendTo(dst)
	for i, c := range dst[start:] {
		if c >= 'A' && c <= 'Z' {
			dst[start+i] = c + 'a' - 'A'
		}
	}
	return dst
}

// within tells whether a name is a domain or lies in it.
func within(name []byte, domain string) bool {
	at := len(name) - len(domain)
	return at >= 0 && string(name[at:]) == domain && (at == 0 || name[at-1] == '.')
}
