package process

import "vigil/decode"

// Apply takes one record in ring order and gives the process it is about: for a
// fork the child, for an exec the new image. Records that do not change the
// table are resolved only. It gives nil when the record names no process.
func (t *Table) Apply(r decode.Record) *Process {
	t.advance(r.Time)
	var p *Process
	switch r.Kind() {
	case decode.KindFork:
		p = t.fork(r.Header, r.Fork())
	case decode.KindExec:
		texts := textsOf(r)
		p = t.exec(r.Header, r.Exec(), &texts)
	case decode.KindExit:
		p = t.exit(r.Header, r.Exit())
	case decode.KindCredentials:
		p = t.credentials(r.Header, r.Credentials())
	case decode.KindNamespace:
		p = t.namespace(r.Header, r.Namespace())
	case decode.KindRenameTask:
		if p = t.ensure(r.Header, 0); p != nil && r.TID == r.PID {
			p.setComm(r.Text(decode.RenameTaskCommText))
		}
	case decode.KindProcess:
		texts := textsOf(r)
		p = t.seed(r.Header, r.Exec(), &texts)
	default:
		return t.Resolve(r.Header)
	}
	if p == nil {
		return nil
	}
	t.seen(p, r.Time)
	t.bound(p)
	return p
}

func (t *Table) exit(h *decode.Header, e *decode.Exit) *Process {
	p := t.ensure(h, e.Start)
	if p == nil || p.Flags&(FlagExited|FlagInferred) == FlagExited {
		return p
	}
	p.Flags = p.Flags&^FlagInferred | FlagExited
	if e.CoreDumped != 0 {
		p.Flags |= FlagCoreDumped
	}
	if p.Flags&FlagStartInexact != 0 && e.Start != 0 {
		p.Start = e.Start
		p.Flags &^= FlagStartInexact
	}
	p.ExitTime, p.ExitCode, p.ExitSignal = h.Time, uint8(e.Code), uint8(e.Signal)
	t.finish(p)
	return p
}

func (t *Table) credentials(h *decode.Header, e *decode.Credentials) *Process {
	p := t.ensure(h, 0)
	if p == nil || h.TID != h.PID { // Linux keeps them by thread; /proc shows the main one's
		return p
	}
	a := &e.After
	p.UID, p.EUID, p.GID, p.EGID = a.UID, a.EUID, a.GID, a.EGID
	p.CapEffective, p.CapPermitted, p.UserNS = a.CapEffective, a.CapPermitted, a.UserNS
	return p
}

func (t *Table) namespace(h *decode.Header, e *decode.Namespace) *Process {
	p := t.ensure(h, 0)
	if p == nil || h.TID != h.PID {
		return p
	}
	p.MountNS, p.NetNS, p.UserNS, p.CgroupNS = e.MountNS, e.NetNS, e.UserNS, e.CgroupNS
	p.childNS = e.PIDNS
	return p
}

// ensure finds the process that acts; one whose records were lost is made from
// the header. start is 0 where the record has none.
func (t *Table) ensure(h *decode.Header, start uint64) *Process {
	if h.ExecID == 0 {
		return nil
	}
	p := t.Resolve(h)
	if p != nil {
		if h.Kind != uint16(decode.KindFork) {
			p.CgroupID = h.CgroupID
		}
		if h.Kind != uint16(decode.KindExit) {
			t.revive(p, h.Time)
			t.seen(p, h.Time)
		}
		return p
	}
	t.stats.Repaired++
	p = t.take(h.ExecID)
	q := t.pids.get(uint64(h.PID))
	same := q != nil && q.same(h.ParentExecID, start)
	if same { // it has called exec since
		t.inherit(p, q)
		p.Flags = 0
		p.PreviousExecID, p.NSPID = q.ExecID, q.NSPID
		p.PIDNS, p.childNS = q.PIDNS, q.childNS
	} else {
		p.forget()
	}
	t.newImage(p).Incomplete = true
	p.ParentExecID, p.PID, p.UID, p.CgroupID = h.ParentExecID, h.PID, h.UID, h.CgroupID
	p.Flags |= FlagRepaired
	if h.Flags&decode.EventNoIdentity != 0 {
		p.Flags |= FlagNoIdentity
	}
	if p.Start = start; start == 0 {
		p.Start, _ = t.begin(h.PID, h.ExecID, h.Time, h.Time)
		p.Flags |= FlagStartInexact
	}
	t.Parent(p)
	t.settle(p, same, h.Time)
	return p
}
