package sensor

import (
	"time"

	"vigil/decode"
)

// unshipped is what was seen and not brought to the server, as far as it is told.
type unshipped struct {
	count func() uint64 // of events, since the start; cheap
	told  uint64
	since uint64
	due   time.Time
}

// unshippedEvery bounds how often it is told: what tells of it may be lost as well.
const unshippedEvery = time.Minute

// Ship makes what says how shipping fares part of the status; what lost counts, events that
// will never reach the server, is told as loss. Call it before Run.
func (s *Sensor) Ship(fares func() *Upstream, lost func() uint64) {
	s.upstream, s.unshipped = fares, unshipped{count: lost, since: now()}
}

// tellUnshipped makes an event of it.
func (s *Sensor) tellUnshipped() {
	u := &s.unshipped
	if u.count == nil || time.Now().Before(u.due) {
		return
	}
	all, until := u.count(), now()
	if all > u.told {
		s.tellLost(decode.Lost{Records: all - u.told, Since: u.since, Until: until, CPU: ^uint32(0), Reason: decode.LostReasonUpstream})
		u.told, u.due = all, time.Now().Add(unshippedEvery)
	}
	u.since = until
}
