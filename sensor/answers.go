package sensor

import (
	"bytes"
	"net/netip"

	"vigil/decode"
)

// answers remembers which name an address was the answer to, of the last so many.
type answers struct {
	names  map[netip.Addr][]byte
	order  []netip.Addr // a ring: the oldest makes room
	next   int
	record decode.DNSRecord
	asked  []byte // room for the name in hand
}

const answersKept = 4096

func newAnswers() *answers { return &answers{names: map[netip.Addr][]byte{}} }

// name gives the name; nil when the address was no answer.
func (a *answers) name(address netip.Addr) []byte { return a.names[address] }

// learn takes what a DNS message answers: the name that was asked for, of each address.
func (a *answers) learn(r decode.Record) {
	m, err := decode.ParseDNS(r.Text(decode.DNSMessageText))
	if err != nil || !m.Response() {
		return
	}
	asked := a.asked[:0]
	for m.Next(&a.record) {
		switch a.record.Section {
		case decode.DNSQuestion:
			asked = a.record.Name.AppendTo(a.asked[:0])
			a.asked = asked
		case decode.DNSAnswer:
			if t := a.record.Type; len(asked) == 0 || t != decode.DNSTypeA && t != decode.DNSTypeAAAA {
				continue
			}
			if address, ok := netip.AddrFromSlice(a.record.Data); ok {
				a.keep(address.Unmap(), asked)
			}
		}
	}
}

func (a *answers) keep(address netip.Addr, name []byte) {
	before, known := a.names[address]
	if known && bytes.Equal(before, name) {
		return
	}
	if !known {
		if len(a.order) < answersKept {
			a.order = append(a.order, address)
		} else {
			delete(a.names, a.order[a.next])
			a.order[a.next] = address
			a.next = (a.next + 1) % answersKept
		}
	}
	a.names[address] = bytes.Clone(name)
}
