package behavior

import (
	"math/bits"

	"vigil/decode"
	"vigil/detect"
)

const (
	discoveryWindow = minute
	discoveryMany   = 8
)

// Discovery looks for a tree that runs many different programs that tell where
// one is, within a minute: the first thing that an intruder's script does.
type Discovery struct {
	finding detect.Finding
	number  map[string]uint8 // never changed
	trees   slots[looking]
}

type looking struct {
	since, seen uint64
	fired       bool
}

// NewDiscovery makes the machine.
func NewDiscovery() *Discovery {
	m := &Discovery{
		trees: newSlots[looking](512), number: map[string]uint8{},
		finding: detect.Finding{
			Rule: "vigil-discovery-burst", Title: "Burst of programs that explore the host", Severity: decode.Low, Tactic: "discovery", Technique: "T1082",
			Next: "See who runs the tree. An inventory agent does this at fixed times; a shell of a web server or of an unknown sign-in does not.",
		},
	}
	for i, name := range []string{
		"whoami", "id", "uname", "hostname", "ifconfig", "ip", "netstat", "ss", "ps", "w", "who", "last", "lastlog", "lsblk", "df", "mount",
		"lscpu", "nproc", "dmidecode", "lsmod", "getent", "groups", "arp", "route", "lsof", "free", "lspci", "lsusb", "dmesg", "hostnamectl",
		"systemd-detect-virt", "virt-what", "getcap", "crontab", "uptime", "lsb_release", "env", "printenv", "iptables", "nft", "sysctl", "users",
		"docker", "kubectl", "findmnt", "rpm", "dpkg", "timedatectl", "loginctl", "arch",
	} {
		m.number[name] = uint8(i)
	}
	return m
}

// Kinds are the records it wants to see.
func (m *Discovery) Kinds() Kinds { return kinds(decode.KindExec) }

// Findings are what it may find.
func (m *Discovery) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Glance implements Glancer.
func (m *Discovery) Glance(e *Event) Glance {
	if _, ok := m.number[string(e.image())]; !ok {
		return Pass
	}
	return Look
}

// Judge takes one record.
func (m *Discovery) Judge(e *Event) (Alert, bool) {
	i, ok := m.number[string(e.image())]
	if !ok {
		return Alert{}, false
	}
	t, _ := m.trees.at(e.Tree(), e.Time)
	if e.Time-t.since > discoveryWindow && e.Time > t.since {
		t.since, t.seen = e.Time, 0
	}
	t.seen |= 1 << i
	if bits.OnesCount64(t.seen) < discoveryMany || t.fired {
		return Alert{}, false
	}
	t.fired = true
	return tree(&m.finding, e)
}
