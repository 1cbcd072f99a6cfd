package rule

import (
	"net/netip"

	"vigil/decode"
)

const (
	familyUnix  = 1 // AF_* of linux/socket.h
	familyInet  = 2
	familyInet6 = 10
)

func (e *Record) ends() *decode.Endpoints {
	if s := e.record.Socket(); s != nil {
		return &s.Ends
	}
	if d := e.record.DNS(); d != nil {
		return &d.Ends
	}
	return nil
}

// end gives an end of a connection: the destination is who was connected to.
func (e *Record) end(destination bool) (netip.Addr, uint16, bool) {
	ends := e.ends()
	if ends == nil || ends.Family != familyInet && ends.Family != familyInet6 {
		return netip.Addr{}, 0, false
	}
	if destination == (e.record.Kind() != decode.KindAccept) {
		return netip.AddrFrom16(ends.Remote).Unmap(), ends.RemotePort, true
	}
	return netip.AddrFrom16(ends.Local).Unmap(), ends.LocalPort, true
}

func (e *Record) address(dst [][]byte, destination bool) [][]byte {
	a, _, ok := e.end(destination)
	if !ok {
		return dst
	}
	from := len(e.made)
	e.made = a.AppendTo(e.made)
	return append(dst, e.made[from:])
}

func (e *Record) port(dst [][]byte, destination bool) [][]byte {
	_, port, ok := e.end(destination)
	if !ok {
		return dst
	}
	return e.number(dst, uint64(port))
}

func (e *Record) hostname(dst [][]byte) [][]byte {
	a, _, ok := e.end(true)
	if !ok || e.Hostname == nil {
		return dst
	}
	return e.text(dst, e.Hostname(a))
}

func (e *Record) protocol(dst [][]byte) [][]byte {
	ends := e.ends()
	switch {
	case ends == nil:
		return dst
	case ends.Family == familyUnix:
		return e.string(dst, "unix")
	case ends.Protocol == 1:
		return e.string(dst, "icmp")
	case ends.Protocol == 6:
		return e.string(dst, "tcp")
	case ends.Protocol == 17:
		return e.string(dst, "udp")
	case ends.Protocol == 132:
		return e.string(dst, "sctp")
	}
	return e.number(dst, uint64(ends.Protocol))
}

func (e *Record) initiated(dst [][]byte) [][]byte {
	switch e.record.Kind() {
	case decode.KindConnect:
		return e.string(dst, "true")
	case decode.KindAccept:
		return e.string(dst, "false")
	}
	return dst
}

// openDNS begins to read a DNS message.
func (e *Record) openDNS() bool {
	if e.record.DNS() == nil {
		return false
	}
	m, err := decode.ParseDNS(e.record.Text(decode.DNSMessageText))
	e.message = m
	return err == nil
}

func (e *Record) queryName(dst [][]byte) [][]byte {
	for ok := e.openDNS(); ok && e.message.Next(&e.answer) && e.answer.Section == decode.DNSQuestion; {
		from := len(e.made)
		e.made = e.answer.Name.AppendTo(e.made)
		dst = append(dst, e.made[from:])
	}
	return dst
}

func (e *Record) queryType(dst [][]byte) [][]byte {
	for ok := e.openDNS(); ok && e.message.Next(&e.answer) && e.answer.Section == decode.DNSQuestion; {
		from := len(e.made)
		e.made = e.answer.Type.AppendTo(e.made)
		dst = append(dst, e.made[from:])
	}
	return dst
}

func (e *Record) queryResults(dst [][]byte) [][]byte {
	for ok := e.openDNS(); ok && e.message.Next(&e.answer); {
		if e.answer.Section == decode.DNSAnswer {
			from := len(e.made)
			e.made = e.answer.AppendData(e.made)
			dst = append(dst, e.made[from:])
		}
	}
	return dst
}
