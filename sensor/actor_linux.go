package sensor

import (
	"vigil/decode"
	"vigil/sensor/process"
)

// describe tells sinks who did it. The result is used again for the next event.
func (s *Sensor) describe(r decode.Record, p *process.Process) *decode.Actor {
	a := &s.actors[0]
	*a = decode.Actor{BootOffset: s.bootOffset, Hostname: s.hostname, ExecID: r.ExecID, PID: r.PID}
	if r.Kind() == decode.KindLost {
		return a
	}
	a.User, a.Container = s.user(r), *s.container(r)
	attribute(&s.actors, s.table, r, p)
	return a
}

func (s *Sensor) user(r decode.Record) string {
	return *s.users.of(uint64(r.UID), func() string { return s.names.user(r.UID) })
}

func (s *Sensor) container(r decode.Record) *decode.Container {
	return s.containers.of(r.CgroupID, func() decode.Container { return s.names.container(r.CgroupID, r.PID) })
}

// like tells records apart: see detect.Who.
func (s *Sensor) like(r decode.Record, p *process.Process) uint64 {
	h := likeness(s.table, r, p)
	if h == 0 {
		return 0
	}
	h = h*31 + *s.userHashes.of(uint64(r.UID), func() uint64 { return s.table.HashString(s.user(r)) })
	if c := s.container(r); c.ID != "" {
		h = (h*31+s.table.HashString(c.ID))*31 + s.table.HashString(c.Image)
	}
	return max(h, 1)
}
