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

// likeness gives what detect.Who.Like promises but for the names of user and container,
// of a process that the table knows.
func likeness(t *process.Table, r decode.Record, p *process.Process) uint64 {
	if p == nil || r.Kind() == decode.KindFork { // it is another's then
		return 0
	}
	h := t.PathHash(p)
	if path := r.Text(decode.ExecPathText); r.Kind() == decode.KindExec && len(path) > 0 {
		h = t.Hash(path)
	}
	if parent := t.Parent(p); parent != nil {
		h = h*31 + t.PathHash(parent)
	}
	return max(h, 1)
}
