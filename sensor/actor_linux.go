package sensor

import (
	"vigil/decode"
	"vigil/sensor/process"
)

// actor tells sinks who did it. The result is used again for the next event.
func (s *Sensor) actor(r decode.Record, p *process.Process) *decode.Actor {
	a := &s.actors[0]
	*a = decode.Actor{BootOffset: s.bootOffset, ExecID: r.ExecID, PID: r.PID}
	if r.Kind() == decode.KindLost {
		return a
	}
	a.User = s.names.user(r.UID)
	a.Container = s.names.container(r.CgroupID, r.PID)
	if r.Kind() == decode.KindFork { // the process of a fork is the child; who acts is the parent
		p = s.table.Lookup(r.ExecID)
	}
	if p == nil {
		return a
	}
	fillActor(a, p)
	if parent := s.table.Parent(p); parent != nil {
		s.actors[1] = decode.Actor{ExecID: parent.ExecID, PID: parent.PID}
		fillActor(&s.actors[1], parent)
		a.Parent = &s.actors[1]
	}
	return a
}

func fillActor(a *decode.Actor, p *process.Process) {
	a.Path, a.Arguments, a.CWD, a.Comm = p.Path(), p.Arguments(), p.CWD(), p.Comm()
	a.PPID, a.Start = p.PPID, p.Start
}
