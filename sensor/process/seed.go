package process

import "vigil/decode"

// Seed tells of a process that runs already, in the words of a process record.
type Seed struct {
	Header decode.Header // ExecID 0: not known, as from /proc
	Exec   decode.Exec
	Texts  [decode.ExecCommText + 1][]byte // as Record.Text: decode.Exec*Text
}

// SeedOf views a process record as a seed; false for another kind.
func SeedOf(r decode.Record) (Seed, bool) {
	if r.Kind() != decode.KindProcess {
		return Seed{}, false
	}
	return Seed{Header: *r.Header, Exec: *r.Exec(), Texts: textsOf(r)}, true
}

// Add takes a process that runs already, as Apply does with a process record.
func (t *Table) Add(s *Seed) *Process {
	texts := recorded(s.Texts)
	p := t.seed(&s.Header, &s.Exec, &texts)
	if p != nil {
		t.bound(p)
	}
	return p
}

// parentByPID finds the parent of a process that /proc told of.
func (t *Table) parentByPID(p *Process) {
	if p.ParentExecID != 0 {
		return
	}
	if q := t.pids.get(uint64(p.PPID)); q != nil && q != p {
		p.ParentExecID = q.ExecID
		t.Parent(p)
	}
}

// seed takes a process that runs already. The table may know it, and better.
func (t *Table) seed(h *decode.Header, e *decode.Exec, texts *recorded) *Process {
	p, q := t.seeded(h, e), t.pids.get(uint64(h.PID))
	now := max(h.Time, t.since) // /proc gives no time
	if t.reconciling {
		t.result.Seen++
	}
	if p != nil {
		if p.PID != h.PID {
			return p
		}
		t.revive(p, now)
		if p.Running() {
			t.refresh(p, h, e, texts)
			p.epoch = t.epoch
			t.seen(p, now)
		}
		return p
	}
	provisional := h.ExecID == 0
	id := h.ExecID
	if provisional {
		id = execID(t.settings.BootSeed, h.PID, e.Start)
	}
	p = t.take(id)
	p.epoch = t.epoch
	t.describe(p, h, e)
	t.program(p, h, e, texts)
	p.Incomplete = !provisional && len(p.Arguments()) == 0
	p.Flags = FlagSeeded
	if t.reconciling {
		p.Flags |= FlagReconciled
		t.result.Added++
	}
	if e.Inode == 0 && (h.PID == 2 || e.PPID == 2) { // kthreadd and what it makes
		p.Flags |= FlagKernelThread
	}
	if provisional {
		p.Flags |= FlagProvisional | FlagStartInexact
		t.parentByPID(p)
	}
	t.Parent(p)
	if q != nil && q.PreviousExecID == id { // its exec came first
		p.Flags |= FlagReplaced
		p.NextExecID = q.ExecID
		t.finish(p)
		return p
	}
	t.settle(p, !provisional && q != nil && q.same(h.ParentExecID, e.Start), now)
	t.seen(p, now)
	return p
}

// seeded finds the entry of a seed.
func (t *Table) seeded(h *decode.Header, e *decode.Exec) *Process {
	q := t.pids.get(uint64(h.PID))
	if h.ExecID == 0 {
		if q != nil && q.startsBy(e.Start) {
			return q
		}
		return t.ids.get(execID(t.settings.BootSeed, h.PID, e.Start))
	}
	if p := t.ids.get(h.ExecID); p != nil {
		return p
	}
	if q != nil && q.Flags&FlagProvisional != 0 && q.same(0, e.Start) {
		t.rename(q, h.ExecID, e.Start)
		return q
	}
	return nil
}

// startsBy tells whether a process of the same PID that /proc says started
// within the tick up to start is p.
func (p *Process) startsBy(start uint64) bool {
	if p.Flags&FlagStartInexact != 0 {
		return start <= p.Start+tick
	}
	return near(p.Start, start, tick)
}

// refresh takes from a seed what may have changed unseen.
func (t *Table) refresh(p *Process, h *decode.Header, e *decode.Exec, texts *recorded) {
	p.PPID = e.PPID
	if h.UID != Unknown {
		p.UID, p.EUID, p.GID, p.EGID = h.UID, e.EUID, e.GID, e.EGID
		p.CapEffective, p.CapPermitted, p.CapInheritable = e.CapEffective, e.CapPermitted, e.CapInheritable
	}
	p.LoginUID, p.SessionID = e.LoginUID, e.SessionID
	keep := func(v *uint32, told uint32) { // zero: /proc did not say
		if told != 0 {
			*v = told
		}
	}
	keep(&p.MountNS, e.MountNS)
	keep(&p.PIDNS, e.PIDNS)
	keep(&p.NetNS, e.NetNS)
	keep(&p.UserNS, e.UserNS)
	keep(&p.CgroupNS, e.CgroupNS)
	keep(&p.NSPID, e.NSPID)
	if h.CgroupID != 0 {
		p.CgroupID = h.CgroupID
	}
	if h.ExecID != 0 {
		p.Start = e.Start
		p.Flags &^= FlagStartInexact
	}
	if comm := texts[decode.ExecCommText]; len(comm) > 0 {
		p.setComm(comm)
	}
	if p.ParentExecID == 0 && h.ParentExecID != 0 {
		p.ParentExecID = h.ParentExecID
		t.Parent(p)
	}
	facts := imageFacts(h, e)
	kernel := h.ExecID != 0 // /proc may number devices in another way
	switch {
	case kernel && !p.sameFile(&facts): // its exec was lost, or that of its maker
		t.program(p, h, e, texts)
	case p.Incomplete && len(texts[decode.ExecPathText]) > 0:
		p.ImageFacts = facts
		t.store(p.Image, texts)
	default:
		return
	}
	p.Incomplete = kernel && len(p.Arguments()) == 0
}
