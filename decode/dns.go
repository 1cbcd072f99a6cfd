package decode

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// ErrDNS says that a message is no whole DNS message: what was read before is good.
var ErrDNS = errors.New("DNS message is damaged or cut off")

// DNS record types with names of their own (RFC 1035, 3596, 2782, 9460).
const (
	DNSTypeA     = 1
	DNSTypeNS    = 2
	DNSTypeCNAME = 5
	DNSTypePTR   = 12
	DNSTypeMX    = 15
	DNSTypeTXT   = 16
	DNSTypeAAAA  = 28
	DNSTypeSRV   = 33
	DNSTypeHTTPS = 65
)

// DNSTypeName names a record type; "" when it has none here.
func DNSTypeName(t uint16) string {
	switch t {
	case DNSTypeA:
		return "A"
	case DNSTypeNS:
		return "NS"
	case DNSTypeCNAME:
		return "CNAME"
	case DNSTypePTR:
		return "PTR"
	case DNSTypeMX:
		return "MX"
	case DNSTypeTXT:
		return "TXT"
	case DNSTypeAAAA:
		return "AAAA"
	case DNSTypeSRV:
		return "SRV"
	case DNSTypeHTTPS:
		return "HTTPS"
	}
	return ""
}

// DNSMessage is a DNS message (RFC 1035, section 4), read in place.
type DNSMessage struct {
	ID      uint16
	Flags   uint16
	message []byte
	at      int
	left    [2]int // questions, answers still to read
}

// RCode is the answer's status: 0 no error, 3 no such name.
func (m *DNSMessage) RCode() int { return int(m.Flags & 15) }

// ParseDNS reads the head of a message.
func ParseDNS(b []byte) (DNSMessage, error) {
	if len(b) < 12 {
		return DNSMessage{}, ErrDNS
	}
	return DNSMessage{
		ID: binary.BigEndian.Uint16(b), Flags: binary.BigEndian.Uint16(b[2:]), message: b, at: 12,
		left: [2]int{int(binary.BigEndian.Uint16(b[4:])), int(binary.BigEndian.Uint16(b[6:]))},
	}, nil
}

// Question appends the name of the next question to name; ok is false after the last.
func (m *DNSMessage) Question(name []byte) (out []byte, kind uint16, ok bool, err error) {
	if m.left[0] == 0 {
		return name, 0, false, nil
	}
	m.left[0]--
	if name, m.at, err = appendDNSName(name, m.message, m.at); err != nil {
		return name, 0, false, err
	}
	if m.at+4 > len(m.message) {
		return name, 0, false, ErrDNS
	}
	kind = binary.BigEndian.Uint16(m.message[m.at:])
	m.at += 4
	return name, kind, true, nil
}

// DNSAnswer is a record of an answer.
type DNSAnswer struct {
	Type    uint16
	TTL     uint32     // seconds
	Address netip.Addr // of A and AAAA
}

// Answer reads the next answer, after all questions; a CNAME, NS or PTR appends
// the name it points to. ok is false after the last.
func (m *DNSMessage) Answer(name []byte) (out []byte, a DNSAnswer, ok bool, err error) {
	if m.left[0] != 0 || m.left[1] == 0 {
		return name, a, false, nil
	}
	m.left[1]--
	if m.at, err = skipDNSName(m.message, m.at); err != nil {
		return name, a, false, err
	}
	b := m.message
	if m.at+10 > len(b) {
		return name, a, false, ErrDNS
	}
	a.Type, a.TTL = binary.BigEndian.Uint16(b[m.at:]), binary.BigEndian.Uint32(b[m.at+4:])
	length, from := int(binary.BigEndian.Uint16(b[m.at+8:])), m.at+10
	if from+length > len(b) {
		return name, a, false, ErrDNS
	}
	m.at = from + length
	switch {
	case a.Type == DNSTypeA && length == 4:
		a.Address = netip.AddrFrom4([4]byte(b[from:]))
	case a.Type == DNSTypeAAAA && length == 16:
		a.Address = netip.AddrFrom16([16]byte(b[from:]))
	case a.Type == DNSTypeCNAME || a.Type == DNSTypeNS || a.Type == DNSTypePTR:
		name, _, err = appendDNSName(name, b, from)
	}
	return name, a, err == nil, err
}

// appendDNSName follows at most as many pointers as a name can have labels.
func appendDNSName(dst, b []byte, at int) (out []byte, end int, err error) {
	end = -1
	first := len(dst)
	for range 128 {
		if at >= len(b) {
			return dst, at, ErrDNS
		}
		n := int(b[at])
		switch {
		case n == 0:
			if end < 0 {
				end = at + 1
			}
			return dst, end, nil
		case n&0xc0 == 0xc0:
			if at+2 > len(b) {
				return dst, at, ErrDNS
			}
			if end < 0 {
				end = at + 2
			}
			at = int(binary.BigEndian.Uint16(b[at:]) & 0x3fff)
		case n < 64 && at+1+n <= len(b) && len(dst)-first+n < 256:
			if len(dst) > first {
				dst = append(dst, '.')
			}
			dst = append(dst, b[at+1:at+1+n]...)
			at += 1 + n
		default:
			return dst, at, ErrDNS
		}
	}
	return dst, at, ErrDNS
}

func skipDNSName(b []byte, at int) (int, error) {
	for at < len(b) {
		n := int(b[at])
		switch {
		case n == 0:
			return at + 1, nil
		case n&0xc0 == 0xc0:
			return at + 2, nil
		case n < 64:
			at += 1 + n
		default:
			return at, ErrDNS
		}
	}
	return at, ErrDNS
}

// dns appends the query and the answers of a DNS record.
func (o *object) dns(r Record) {
	o.ends(&r.DNS().Ends, r.DNS().Answer != 0)
	m, err := ParseDNS(r.Text(DNSMessageText))
	if err != nil {
		return
	}
	o.number("rcode_id", uint64(m.RCode()))
	var room [256]byte
	for first := true; ; first = false {
		name, kind, ok, err := m.Question(room[:0])
		if err != nil || !ok {
			break
		}
		if first {
			o.open("query")
			o.text("hostname", name)
			o.dnsType(kind)
			o.close()
		}
	}
	o.name("answers")
	o.dst = append(o.dst, '[')
	for {
		name, a, ok, err := m.Answer(room[:0])
		if err != nil || !ok {
			break
		}
		if o.dst[len(o.dst)-1] != '[' {
			o.dst = append(o.dst, ',')
		}
		o.dst = append(o.dst, '{')
		o.dnsType(a.Type)
		o.number("ttl", uint64(a.TTL))
		if a.Address.IsValid() {
			o.name("rdata")
			o.dst = append(o.dst, '"')
			o.dst = a.Address.AppendTo(o.dst)
			o.dst = append(o.dst, '"')
		} else {
			o.text("rdata", name)
		}
		o.close()
	}
	o.dst = append(o.dst, ']')
}

func (o *object) dnsType(kind uint16) {
	if name := DNSTypeName(kind); name != "" {
		o.word("type", name)
		return
	}
	o.number("type_id", uint64(kind))
}
