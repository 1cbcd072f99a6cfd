package behavior

import (
	"vigil/decode"
	"vigil/detect"
)

const intelligenceAgain = 60 * minute // before the same process and place is told again

// Intelligence compares where processes connect to, who connects here, and the
// names that are looked up, with lists of bad addresses and domains.
type Intelligence struct {
	lists                            *Lists
	domain, address, download, guest detect.Finding
	told                             slots[uint64]
	name                             [nameRoom]byte
}

// NewIntelligence makes the machine.
func NewIntelligence(lists *Lists) *Intelligence {
	next := "Look at what the process sent and got, end it if nobody knows it, and block the place for the whole network."
	finding := func(rule, title string, severity decode.Severity, tactic, technique string) detect.Finding {
		return detect.Finding{Rule: rule, Title: title, Severity: severity, Tactic: tactic, Technique: technique, Next: next}
	}
	return &Intelligence{
		lists: lists, told: newSlots[uint64](4096),
		domain:   finding("vigil-intelligence-domain", "Domain known to threat intelligence looked up", decode.Medium, "command-and-control", "T1071.001"),
		address:  finding("vigil-intelligence-address", "Connection to an address known to threat intelligence", decode.Medium, "command-and-control", "T1071"),
		download: finding("vigil-intelligence-download", "Download from a place known to threat intelligence", decode.Medium, "command-and-control", "T1105"),
		guest:    finding("vigil-intelligence-guest", "Connection from an address known to threat intelligence", decode.Low, "initial-access", "T1190"),
	}
}

// Kinds are the records it wants to see.
func (m *Intelligence) Kinds() Kinds {
	return kinds(decode.KindConnect, decode.KindAccept, decode.KindDatagram, decode.KindDNS)
}

// Findings are what it may find.
func (m *Intelligence) Findings() []*detect.Finding {
	return []*detect.Finding{&m.domain, &m.address, &m.download, &m.guest}
}

// Judge takes one record.
func (m *Intelligence) Judge(e *Event) (Alert, bool) {
	if e.Kind() == decode.KindDNS {
		return m.question(e)
	}
	s := e.Socket()
	if !internet(&s.Ends) {
		return Alert{}, false
	}
	peer := address(s.Ends.Remote)
	if !m.lists.Address(peer) {
		return Alert{}, false
	}
	f := &m.address
	switch {
	case e.Kind() == decode.KindAccept || s.Inbound != 0:
		f = &m.guest
	case downloader(e.image()):
		f = &m.download
	}
	if m.again(e, mix(uint64(s.Ends.Remote[15])|uint64(s.Ends.Remote[14])<<8|uint64(s.Ends.Remote[13])<<16|uint64(s.Ends.Remote[12])<<24)) {
		return Alert{}, false
	}
	return Alert{f, Entity{Kind: Address, ExecID: e.ExecID, Address: peer}}, true
}

func (m *Intelligence) question(e *Event) (Alert, bool) {
	if e.DNS().Answer != 0 {
		return Alert{}, false
	}
	name := question(e.Text(decode.DNSMessageText), m.name[:0])
	if len(name) == 0 || !m.lists.Domain(name) {
		return Alert{}, false
	}
	var sum uint64
	for _, c := range name {
		sum = mix(sum ^ uint64(c))
	}
	if m.again(e, sum) {
		return Alert{}, false
	}
	f := &m.domain
	if downloader(e.image()) {
		f = &m.download
	}
	return Alert{f, Entity{Kind: Domain, ExecID: e.ExecID, Name: name}}, true
}

// again tells whether the process has been told of at this place within the hour.
func (m *Intelligence) again(e *Event, place uint64) bool {
	when, fresh := m.told.at(mix(e.ExecID)^place, e.Time)
	if !fresh && e.Time-*when < intelligenceAgain {
		return true
	}
	*when = e.Time
	return false
}
