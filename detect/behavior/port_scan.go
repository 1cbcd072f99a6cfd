package behavior

import (
	"hash/maphash"

	"vigil/decode"
	"vigil/detect"
)

const (
	scanWindow = minute
	scanPorts  = 60 // of one host
	scanHosts  = 60 // at one port
	probePorts = 6  // of ours, that one host was let in at
)

// PortScan looks for a tree of processes that tries many ports of one host, or
// one port of many hosts.
type PortScan struct {
	seed         maphash.Seed
	ports, hosts detect.Finding
	tries        slots[tries]
}

type tries struct {
	since uint64
	seen  distinct
	fired bool
}

// NewPortScan makes the machine.
func NewPortScan(seed maphash.Seed) *PortScan {
	next := "If nobody scans from this host on purpose, end the process and look at how it came here: the host is used to find the next one."
	return &PortScan{
		seed: seed, tries: newSlots[tries](1024),
		ports: detect.Finding{Rule: "vigil-port-scan", Title: "Many ports of one host tried from here", Severity: decode.Medium, Tactic: "discovery", Technique: "T1046", Next: next},
		hosts: detect.Finding{Rule: "vigil-port-sweep", Title: "One port of many hosts tried from here", Severity: decode.Medium, Tactic: "discovery", Technique: "T1046", Next: next},
	}
}

// Kinds are the records it wants to see.
func (m *PortScan) Kinds() Kinds { return kinds(decode.KindConnect) }

// Findings are what it may find.
func (m *PortScan) Findings() []*detect.Finding { return []*detect.Finding{&m.ports, &m.hosts} }

// Judge takes one record.
func (m *PortScan) Judge(e *Event) (Alert, bool) {
	s := e.Socket()
	if !internet(&s.Ends) || s.Ends.Type&0xf != 1 || s.Ends.RemotePort == 0 {
		return Alert{}, false
	}
	host, port := hashOf(m.seed, s.Ends.Remote[:]), uint64(s.Ends.RemotePort)
	if add(&m.tries, e, mix(e.Tree())^host, port, scanPorts) {
		return tree(&m.ports, e)
	}
	if usual(s.Ends.RemotePort) {
		return Alert{}, false
	}
	if add(&m.tries, e, mix(e.Tree())^mix(port<<32), host, scanHosts) {
		return tree(&m.hosts, e)
	}
	return Alert{}, false
}

// usual tells of ports that many hosts are asked at all day: DNS, the web, mail,
// and what collects measurements.
func usual(port uint16) bool {
	switch port {
	case 25, 53, 80, 443, 853, 8080, 8443, 9090, 9100, 10250:
		return true
	}
	return false
}

func add(all *slots[tries], e *Event, key, what uint64, most uint16) bool {
	t, _ := all.at(key, e.Time)
	if e.Time-t.since > scanWindow && e.Time > t.since {
		*t = tries{since: e.Time, fired: t.fired && e.Time-t.since < 10*scanWindow}
	}
	if !t.seen.add(what) || t.seen.n < most || t.fired {
		return false
	}
	t.fired = true
	return true
}

// Probe looks for a host that is let in at many of our ports within a minute.
// Tries at ports that nobody listens at are not seen.
type Probe struct {
	seed    maphash.Seed
	finding detect.Finding
	hosts   slots[tries]
}

// NewProbe makes the machine.
func NewProbe(seed maphash.Seed) *Probe {
	return &Probe{
		seed: seed, hosts: newSlots[tries](1024),
		finding: detect.Finding{
			Rule: "vigil-port-probe", Title: "One host connected to many ports here", Severity: decode.Low, Tactic: "discovery", Technique: "T1046",
			Next: "If it is no scanner of your own, block the address, and close the ports that need not be open.",
		},
	}
}

// Kinds are the records it wants to see.
func (m *Probe) Kinds() Kinds { return kinds(decode.KindAccept) }

// Findings are what it may find.
func (m *Probe) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Judge takes one record.
func (m *Probe) Judge(e *Event) (Alert, bool) {
	s := e.Socket()
	if !internet(&s.Ends) || e.Is(decode.EventFailed) {
		return Alert{}, false
	}
	from := address(s.Ends.Remote)
	if from.IsLoopback() || !add(&m.hosts, e, hashOf(m.seed, s.Ends.Remote[:]), uint64(s.Ends.LocalPort), probePorts) {
		return Alert{}, false
	}
	return Alert{&m.finding, Entity{Kind: Address, Address: from}}, true
}
