package behavior

import (
	"hash/maphash"
	"math"

	"vigil/decode"
	"vigil/detect"
)

const (
	beaconMany     = 12 // intervals
	beaconShortest = 5e9
	beaconLongest  = 3600e9
	beaconSpread   = 0.1 // standard deviation by mean
)

// Beacon looks for a program that connects to the same place beyond one's own
// networks again and again, at intervals too even for a human or for work.
type Beacon struct {
	seed    maphash.Seed
	finding detect.Finding
	ways    slots[calls] // by program and place
}

type calls struct {
	last     uint64
	n        uint32
	mean, m2 float64 // of the intervals, by Welford (Technometrics 4, 1962)
	fired    bool
}

// NewBeacon makes the machine.
func NewBeacon(seed maphash.Seed) *Beacon {
	return &Beacon{
		seed: seed, ways: newSlots[calls](4096),
		finding: detect.Finding{
			Rule: "vigil-beacon", Title: "Connections at regular intervals to one place", Severity: decode.Low, Tactic: "command-and-control", Technique: "T1071",
			Next: "Find out whose place it is. Agents for monitoring and updates do this; a program in a temporary directory should not.",
		},
	}
}

// Kinds are the records it wants to see.
func (m *Beacon) Kinds() Kinds { return kinds(decode.KindConnect) }

// Findings are what it may find.
func (m *Beacon) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Judge takes one record.
func (m *Beacon) Judge(e *Event) (Alert, bool) {
	s := e.Socket()
	if !internet(&s.Ends) || !public(address(s.Ends.Remote)) {
		return Alert{}, false
	}
	c, fresh := m.ways.at(hashOf(m.seed, e.path())^hashOf(m.seed, s.Ends.Remote[:])^mix(uint64(s.Ends.RemotePort)), e.Time)
	if fresh || e.Time <= c.last {
		c.last = max(c.last, e.Time)
		return Alert{}, false
	}
	interval := float64(e.Time - c.last)
	c.last = e.Time
	if interval > beaconLongest {
		*c = calls{last: e.Time}
		return Alert{}, false
	}
	c.n++
	from := interval - c.mean
	c.mean += from / float64(c.n)
	c.m2 += from * (interval - c.mean)
	if c.n < beaconMany {
		return Alert{}, false
	}
	if even := c.mean >= beaconShortest && math.Sqrt(c.m2/float64(c.n)) < beaconSpread*c.mean; !even || c.fired {
		*c = calls{last: e.Time, fired: c.fired} // the next dozen
		return Alert{}, false
	}
	c.fired = true
	return process(&m.finding, e)
}
