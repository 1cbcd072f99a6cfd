package sensor

import (
	"vigil/decode"
	"vigil/sensor/process"
)

// attribute tells of the first actor, whose identity the record gave, what the
// process table knows, and of its parent, which is the second.
func attribute(actors *[2]decode.Actor, t *process.Table, r decode.Record, p *process.Process) {
	if r.Kind() == decode.KindFork { // the process of a fork is the child; who acts is the parent
		p = t.Lookup(r.ExecID)
	}
	if p == nil {
		return
	}
	a, above := &actors[0], &actors[1]
	fillActor(a, p)
	if parent := t.Parent(p); parent != nil {
		*above = decode.Actor{ExecID: parent.ExecID, PID: parent.PID}
		fillActor(above, parent)
		a.Parent = above
	}
}

func fillActor(a *decode.Actor, p *process.Process) {
	a.Path, a.Arguments, a.CWD, a.Comm = p.Path(), p.Arguments(), p.CWD(), p.Comm()
	a.PPID, a.Start = p.PPID, p.Start
}
