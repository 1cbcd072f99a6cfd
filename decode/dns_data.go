package decode

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// AppendData appends a record's data as zone files have it (RFC 1035, section 5.1):
// addresses, names, and fields parted by spaces. Of a type that this package does
// not read, and where the data contradicts its type, it appends RFC 3597's form:
// \# length hex.
func (r *DNSRecord) AppendData(dst []byte) []byte {
	if out, ok := r.appendKnown(dst); ok {
		return out
	}
	dst = strconv.AppendInt(append(dst, `\# `...), int64(len(r.Data)), 10)
	if len(r.Data) > 0 {
		dst = append(dst, ' ')
	}
	for _, c := range r.Data {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

func (r *DNSRecord) appendKnown(dst []byte) (out []byte, ok bool) {
	d := data{dst: dst, rest: r.Data, at: r.dataAt, message: r.message}
	switch r.Type {
	case DNSTypeA:
		d.addresses(4, len(r.Data) == 4)
	case DNSTypeAAAA:
		d.addresses(16, len(r.Data) == 16)
	case DNSTypeNS, DNSTypeCNAME, DNSTypePTR, DNSTypeDNAME:
		d.name()
	case DNSTypeMX:
		d.number(2)
		d.name()
	case DNSTypeSRV: // RFC 2782
		d.number(2)
		d.number(2)
		d.number(2)
		d.name()
	case DNSTypeSOA:
		d.name()
		d.name()
		for range 5 {
			d.number(4)
		}
	case DNSTypeTXT:
		for first := true; !d.bad && (first || len(d.rest) > 0); first = false {
			d.quoted()
		}
	case DNSTypeSVCB, DNSTypeHTTPS: // RFC 9460
		d.number(2)
		d.name()
		for len(d.rest) > 0 && !d.bad {
			d.parameter()
		}
	default:
		return dst, false
	}
	if d.bad || len(d.rest) != 0 {
		return dst, false
	}
	return d.dst, true
}

// data reads the fields of a record one by one and appends each, parted by spaces.
type data struct {
	dst     []byte
	rest    []byte // of the record's data
	message []byte
	at      int // of rest, in the message
	some    bool
	bad     bool
}

// take gives the next n bytes; too few make the data bad.
func (d *data) take(n int) []byte {
	if d.bad || n > len(d.rest) {
		d.bad = true
		return nil
	}
	b := d.rest[:n]
	d.rest, d.at = d.rest[n:], d.at+n
	return b
}

func (d *data) space() {
	if d.some {
		d.dst = append(d.dst, ' ')
	}
	d.some = true
}

func (d *data) number(size int) {
	b := d.take(size)
	if d.bad {
		return
	}
	d.space()
	if size == 2 {
		d.dst = strconv.AppendUint(d.dst, uint64(binary.BigEndian.Uint16(b)), 10)
	} else {
		d.dst = strconv.AppendUint(d.dst, uint64(binary.BigEndian.Uint32(b)), 10)
	}
}

func (d *data) name() {
	if d.bad {
		return
	}
	end, state := endOfName(d.message, d.at)
	at := d.at
	if state != nameWhole || d.take(end-d.at) == nil {
		d.bad = true
		return
	}
	d.space()
	d.dst = DNSName{d.message, at}.AppendTo(d.dst)
}

// quoted reads a character-string (RFC 1035, section 3.3).
func (d *data) quoted() {
	n := d.take(1)
	if d.bad {
		return
	}
	s := d.take(int(n[0]))
	if d.bad {
		return
	}
	d.space()
	d.dst = append(d.dst, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			d.dst = append(d.dst, '\\', c)
		case c < ' ' || c >= 0x7f:
			d.dst = append(d.dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		default:
			d.dst = append(d.dst, c)
		}
	}
	d.dst = append(d.dst, '"')
}

// addresses appends all that is left as addresses of a size, parted by commas.
func (d *data) addresses(size int, ok bool) {
	d.bad = d.bad || !ok || len(d.rest) == 0 || len(d.rest)%size != 0
	for i := 0; !d.bad && len(d.rest) > 0; i++ {
		if i > 0 {
			d.dst = append(d.dst, ',')
		}
		if b := d.take(size); size == 4 {
			d.dst = netip.AddrFrom4([4]byte(b)).AppendTo(d.dst)
		} else {
			d.dst = netip.AddrFrom16([16]byte(b)).AppendTo(d.dst)
		}
	}
}

// parameter appends a SvcParam: key, and after = its value (RFC 9460, section 2.1).
func (d *data) parameter() {
	b := d.take(4)
	if d.bad {
		return
	}
	key, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	value := d.take(n)
	if d.bad {
		return
	}
	d.space()
	v := data{dst: d.dst, rest: value}
	switch key {
	case 1:
		v.dst = append(v.dst, "alpn="...)
		v.alpn()
	case 3:
		v.dst = append(v.dst, "port="...)
		v.number(2)
	case 4:
		v.dst = append(v.dst, "ipv4hint="...)
		v.addresses(4, true)
	case 6:
		v.dst = append(v.dst, "ipv6hint="...)
		v.addresses(16, true)
	default:
		v.dst = strconv.AppendUint(append(v.dst, "key"...), uint64(key), 10)
		if n > 0 {
			v.dst = append(v.dst, '=')
		}
		for _, c := range v.take(n) {
			v.dst = append(v.dst, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	d.dst, d.bad = v.dst, v.bad || len(v.rest) != 0
}

// alpn appends protocol names parted by commas (RFC 9460, section 7.1).
func (d *data) alpn() {
	for i := 0; !d.bad && (i == 0 || len(d.rest) > 0); i++ {
		n := d.take(1)
		if d.bad {
			return
		}
		if i > 0 {
			d.dst = append(d.dst, ',')
		}
		d.dst = appendLabel(d.dst, d.take(int(n[0])))
	}
}
