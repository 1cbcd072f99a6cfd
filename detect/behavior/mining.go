package behavior

import (
	"bytes"

	"vigil/decode"
	"vigil/detect"
)

const (
	miningEnough = 8
	miningLong   = 10 * minute // that a process must have worked for its CPU to count
)

// Mining adds up what points to a miner in one process: its arguments, the names
// it looks up, the ports it connects to, the CPU it has used up when it ends.
type Mining struct {
	finding   detect.Finding
	processes slots[mining]
}

type mining struct {
	seen  uint8 // by bit: words, pool, port, name, CPU
	fired bool
}

const (
	minerWords = 1 << iota
	minerPool
	minerPort
	minerName
	minerCPU
)

// NewMining makes the machine.
func NewMining() *Mining {
	return &Mining{
		processes: newSlots[mining](1024),
		finding: detect.Finding{
			Rule: "vigil-mining", Title: "Digital currency is mined", Severity: decode.High, Tactic: "impact", Technique: "T1496.001",
			Next: "End the process and what restarts it (cron, systemd, its parent), block the pool, and look for the hole it came in by.",
		},
	}
}

// Kinds are the records it wants to see.
func (m *Mining) Kinds() Kinds {
	return kinds(decode.KindExec, decode.KindConnect, decode.KindDNS, decode.KindExit)
}

// Findings are what it may find.
func (m *Mining) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Glance implements Glancer.
func (m *Mining) Glance(e *Event) Glance {
	if e.Kind() == decode.KindExec && (searches(e.image()) || shell(e.image())) {
		return Pass
	}
	return Look
}

// Judge takes one record.
func (m *Mining) Judge(e *Event) (Alert, bool) {
	var seen uint8
	switch e.Kind() {
	case decode.KindExec:
		seen = minerByExec(e)
	case decode.KindConnect:
		if s := e.Socket(); internet(&s.Ends) && stratum(s.Ends.RemotePort) && !address(s.Ends.Remote).IsLoopback() {
			seen = minerPort
		}
	case decode.KindDNS:
		if e.DNS().Answer == 0 && !resolver(e.image()) && asksPool(e.Text(decode.DNSMessageText)) {
			seen = minerPool
		}
	case decode.KindExit:
		return m.exit(e)
	}
	if seen == 0 {
		return Alert{}, false
	}
	p, _ := m.processes.at(e.ExecID, e.Time)
	p.seen |= seen
	return m.judge(e, p)
}

func (m *Mining) exit(e *Event) (Alert, bool) {
	p := m.processes.find(e.ExecID)
	if p == nil {
		return Alert{}, false
	}
	x := e.Exit()
	if lived := e.Time - x.Start; x.Start != 0 && x.Start < e.Time && lived > miningLong && x.UserNS > lived/5*4 {
		p.seen |= minerCPU
	}
	alert, ok := m.judge(e, p)
	m.processes.drop(e.ExecID)
	return alert, ok
}

func (m *Mining) judge(e *Event, p *mining) (Alert, bool) {
	sum := 0
	for i, weight := range [...]int{8, 8, 4, 4, 4} {
		if p.seen>>i&1 != 0 {
			sum += weight
		}
	}
	if sum < miningEnough || p.fired {
		return Alert{}, false
	}
	p.fired = true
	return process(&m.finding, e)
}

func minerByExec(e *Event) uint8 {
	if searches(e.image()) {
		return 0
	}
	var seen uint8
	switch string(e.image()) {
	case "xmrig", "xmr-stak", "minerd", "cpuminer", "ethminer", "nbminer", "ccminer", "kdevtmpfsi", "kinsing", "nanominer", "teamredminer":
		seen = minerName
	}
	all := e.arguments()
	if (bytes.Contains(all, []byte("--")) || bytes.Contains(all, []byte("stratum"))) && !shell(e.image()) && containsAny(all, minerArguments) {
		seen |= minerWords
	}
	return seen
}

// searches names what may be given a miner's words to look for.
func searches(name []byte) bool {
	switch string(name) {
	case "grep", "egrep", "rg", "find", "sed", "awk", "gawk", "mawk", "less", "vim", "man", "clamscan", "yara":
		return true
	}
	return false
}

// minerArguments are never in another program's; each has -- or stratum. Never changed.
var minerArguments = []string{
	"stratum+tcp://", "stratum+ssl://", "stratum2+tcp://", "--donate-level", "--randomx-", "--coin=monero", "--nicehash", "--algo=rx/",
}

// stratum tells of ports that pools serve their protocol on.
func stratum(port uint16) bool {
	switch port {
	case 3333, 3334, 3335, 5555, 7777, 10128, 10343, 14433, 14444, 20128, 20535, 33333, 45560, 45700, 45791:
		return true
	}
	return false
}

func resolver(name []byte) bool {
	switch string(name) {
	case "systemd-resolved", "dnsmasq", "unbound", "named", "coredns", "kresd", "pdns_recursor":
		return true
	}
	return false
}

// pools are domains of mining pools. Never changed.
var pools = []string{
	"minexmr.com", "supportxmr.com", "nanopool.org", "f2pool.com", "2miners.com", "nicehash.com", "unmineable.com", "hashvault.pro",
	"herominers.com", "moneroocean.stream", "ethermine.org", "viabtc.com", "antpool.com", "c3pool.com", "c3pool.org", "xmrpool.eu",
	"minergate.com", "monerohash.com", "zpool.ca", "miningpoolhub.com", "flypool.org", "woolypooly.com", "rplant.xyz", "kryptex.network",
}

func asksPool(message []byte) bool {
	var buffer [nameRoom]byte
	name := question(message, buffer[:0])
	for _, p := range pools {
		if within(name, p) {
			return true
		}
	}
	return false
}
