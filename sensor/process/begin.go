package process

import "vigil/decode"

// fork: the header is that of the process that forked, whosever child the new one is.
func (t *Table) fork(h *decode.Header, e *decode.Fork) *Process {
	if e.ChildExecID == 0 {
		return nil
	}
	if h.ExecID != 0 && t.ids.get(h.ExecID) == nil {
		t.stats.UnknownParents++
	}
	parent := t.ensure(h, 0)
	p := t.ids.get(e.ChildExecID)
	switch {
	case p == nil:
		p = t.take(e.ChildExecID)
	case p == parent, p.PID != e.ChildPID, !p.Running(), p.ExecTime != 0:
		return p
	}
	if p.Image != nil && (parent == nil || len(parent.Path()) == 0 || !p.sameFile(&parent.ImageFacts)) {
		return p // a seed overtook the fork, and knows better than what is left of the maker
	}
	t.inherit(p, parent)
	p.ParentExecID, p.PreviousExecID = h.ExecID, 0
	p.PID, p.PPID = e.ChildPID, e.PPID
	p.UID, p.CgroupID = h.UID, h.CgroupID
	begin, exact := t.begin(e.ChildPID, e.ChildExecID, h.Time, beginWindow)
	p.Start = begin
	if !exact {
		p.Flags |= FlagStartInexact
	}
	t.Parent(p)
	t.settle(p, false, h.Time)
	return p
}

// inherit gives a forked process what its maker has; a nil maker has nothing.
func (t *Table) inherit(p, from *Process) {
	t.unlink(p)
	if from == nil {
		if p.Image == nil {
			t.newImage(p).Incomplete = true
		}
		p.forget()
		p.Flags = FlagForked
		return
	}
	id := p.ExecID
	p.Facts = from.Facts
	p.ExecID, p.NextExecID = id, 0
	p.ExecTime, p.ExitTime = 0, 0
	p.ExitCode, p.ExitSignal = 0, 0
	p.Flags = FlagForked | from.Flags&FlagKernelThread
	if from.childNS != 0 && from.childNS != from.PIDNS {
		p.PIDNS = from.childNS
	}
	p.NSPID, p.childNS = 0, p.PIDNS
	p.comm, p.commLen = from.comm, from.commLen
	t.setImage(p, from.Image)
}

func (t *Table) exec(h *decode.Header, e *decode.Exec, texts *recorded) *Process {
	if h.ExecID == 0 {
		return nil
	}
	previous := t.previous(h, e)
	p := t.ids.get(h.ExecID)
	switch {
	case p == nil:
		p = t.take(h.ExecID)
		if previous == nil {
			t.stats.Repaired++
			p.Flags = FlagRepaired
		}
	case p.PID != h.PID:
		return p
	default:
		t.revive(p, h.Time)
	}
	t.describe(p, h, e)
	p.Flags &^= FlagForked
	p.PreviousExecID, p.ExecTime = e.PreviousExecID, h.Time
	if p.ParentExecID == 0 && previous != nil {
		p.ParentExecID = previous.ParentExecID
	}
	t.program(p, h, e, texts)
	if t.Parent(p) == nil && p.ParentExecID != 0 && previous == nil {
		t.stats.UnknownParents++
	}
	if previous != nil {
		t.replace(previous, p)
	}
	if p.Running() {
		q := t.pids.get(uint64(h.PID))
		t.settle(p, q != nil && q.same(h.ParentExecID, e.Start), h.Time)
	} else {
		t.finish(p)
	}
	return p
}

// previous finds the image that an exec replaces: the one it names, or else what
// the table last knew of that process.
func (t *Table) previous(h *decode.Header, e *decode.Exec) *Process {
	if p := t.ids.get(e.PreviousExecID); p != nil && p.ExecID != h.ExecID && p.PID == h.PID {
		return p
	}
	q := t.pids.get(uint64(h.PID))
	if q == nil || q.ExecID == h.ExecID || h.Time < q.heard || !q.same(h.ParentExecID, e.Start) {
		return nil
	}
	if q.Flags&FlagProvisional != 0 && e.PreviousExecID != 0 && t.ids.get(e.PreviousExecID) == nil {
		t.rename(q, e.PreviousExecID, e.Start)
	} else {
		t.stats.Repaired++
	}
	return q
}
