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
	a.User = s.users.of(uint64(r.UID), func() string { return s.names.user(r.UID) })
	a.Container = s.containers.of(r.CgroupID, func() decode.Container { return s.names.container(r.CgroupID, r.PID) })
	attribute(&s.actors, s.table, r, p)
	return a
}
