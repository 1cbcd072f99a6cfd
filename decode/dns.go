package decode

import (
	"encoding/binary"
	"fmt"
)

// DNSMessage reads a DNS message (RFC 1035, section 4) where it lies: nothing is
// copied, nothing allocated. It is a cursor: Next walks once over questions,
// answers, authorities and additional records, in this order.
type DNSMessage struct {
	ID    uint16
	Flags uint16    // the header's second word: QR, OPCODE, AA, TC, RD, RA, AD, CD, RCODE
	Count [4]uint16 // of the records that the header promises, by section

	b       []byte
	at      int
	section DNSSection
	left    uint16 // of the section
	cut     bool
	err     error
}

const dnsHeaderSize = 12

// ParseDNS reads the header of a message. It fails with ErrShort when there is no
// whole header; whatever else is wrong shows when Next comes to it.
func ParseDNS(b []byte) (DNSMessage, error) {
	if len(b) < dnsHeaderSize {
		return DNSMessage{cut: true}, fmt.Errorf("read dns message: header of %d bytes: %w", len(b), ErrShort)
	}
	m := DNSMessage{ID: binary.BigEndian.Uint16(b), Flags: binary.BigEndian.Uint16(b[2:]), b: b, at: dnsHeaderSize}
	for i := range m.Count {
		m.Count[i] = binary.BigEndian.Uint16(b[4+2*i:])
	}
	m.left = m.Count[DNSQuestion]
	return m, nil
}

// Response tells an answer from a question: bit QR.
func (m *DNSMessage) Response() bool { return m.Flags&0x8000 != 0 }

// Truncated tells that the server left records out: bit TC.
func (m *DNSMessage) Truncated() bool { return m.Flags&0x0200 != 0 }

// Opcode is the kind of question: 0 is a query (RFC 6895, section 2.2).
func (m *DNSMessage) Opcode() uint8 { return uint8(m.Flags >> 11 & 15) }

// RCode is the header's part of the response code (RFC 6895, section 2.3).
func (m *DNSMessage) RCode() uint8 { return uint8(m.Flags & 15) }

// Cut tells, when Next has ended, that the bytes end before what the header
// promises: what Next gave was whole.
func (m *DNSMessage) Cut() bool { return m.cut }

// Err tells, when Next has ended, that a record contradicts RFC 1035.
func (m *DNSMessage) Err() error { return m.err }

// DNSSection is a part of a message.
type DNSSection uint8

// The sections, in order.
const (
	DNSQuestion DNSSection = iota
	DNSAnswer
	DNSAuthority
	DNSAdditional
)

// DNSRecord is one question or resource record: views, valid as long as the
// message. A question has no TTL and no data.
type DNSRecord struct {
	Name    DNSName
	Data    []byte // RDATA as on the wire: names in it may be compressed, see AppendData
	TTL     uint32
	Type    DNSType
	Class   DNSClass
	Section DNSSection
	message []byte
	dataAt  int
}

// Next reads the next record into r and tells whether there was one. It ends at
// the message's end, where the bytes are cut, and at an error.
func (m *DNSMessage) Next(r *DNSRecord) bool {
	for m.left == 0 {
		if m.section == DNSAdditional {
			return false
		}
		m.section++
		m.left = m.Count[m.section]
	}
	if m.cut || m.err != nil {
		return false
	}
	end, state := endOfName(m.b, m.at)
	fixed := 4
	if m.section != DNSQuestion {
		fixed = 10
	}
	switch {
	case state == nameBad:
		m.err = fmt.Errorf("read dns message: name at byte %d: %w", m.at, ErrDamaged)
		return false
	case state == nameCut || len(m.b)-end < fixed:
		m.cut = true
		return false
	}
	*r = DNSRecord{
		Name: DNSName{m.b, m.at}, Section: m.section, message: m.b,
		Type: DNSType(binary.BigEndian.Uint16(m.b[end:])), Class: DNSClass(binary.BigEndian.Uint16(m.b[end+2:])),
	}
	if m.section != DNSQuestion {
		r.TTL = binary.BigEndian.Uint32(m.b[end+4:])
		n := int(binary.BigEndian.Uint16(m.b[end+8:]))
		r.dataAt = end + fixed
		if len(m.b)-r.dataAt < n {
			m.cut = true
			return false
		}
		r.Data = m.b[r.dataAt : r.dataAt+n]
		fixed += n
	}
	m.at = end + fixed
	m.left--
	return true
}
