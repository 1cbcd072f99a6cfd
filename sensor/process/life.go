package process

// take makes an entry for an exec ID that has none. It is in no list yet: start
// or finish puts it into one.
func (t *Table) take(id uint64) *Process {
	p := t.entries.get()
	p.ExecID = id
	t.ids.put(id, p)
	return p
}

// newImage gives an entry an image of its own.
func (t *Table) newImage(p *Process) *Image {
	m := t.images.get()
	t.setImage(p, m)
	return m
}

// start puts an entry among the live ones.
func (t *Table) start(p *Process) {
	if p.state == stateLive {
		return
	}
	t.leave(p)
	p.state = stateLive
	p.heard = 0
	t.live.pushBack(p)
	t.pids.put(uint64(p.PID), p)
	t.wake(p.Image)
}

// finish puts an entry among those that wait for their grace time to pass.
func (t *Table) finish(p *Process) {
	if p.state == stateFading || p.state == statePinned {
		return
	}
	t.leave(p)
	p.state = stateFading
	p.heard = t.now
	t.fading.pushBack(p)
	t.queue(p.Image)
}

// leave takes an entry out of the list it is in.
func (t *Table) leave(p *Process) {
	switch p.state {
	case stateLive:
		t.live.remove(p)
		t.pids.drop(uint64(p.PID), p)
		t.rest(p.Image)
	case stateFading:
		t.fading.remove(p)
	case statePinned:
		t.pinned.remove(p)
	}
	p.state = stateFree
}

// release forgets an entry. Pointers of children to it are void from then on.
func (t *Table) release(p *Process) {
	t.leave(p)
	t.unlink(p)
	t.setImage(p, nil)
	t.ids.drop(p.ExecID, p)
	*p = Process{gen: p.gen + 1}
	t.entries.put(p)
}

// unlink ends p's hold on its parent, which may have been kept for it alone.
func (t *Table) unlink(p *Process) {
	q := p.parent
	p.parent = nil
	if q == nil || q.gen != p.parentGen {
		return
	}
	q.children--
	if q.children == 0 && q.state == statePinned {
		// Its grace time began before that of all who wait: it goes first.
		t.pinned.remove(q)
		q.state = stateFading
		t.fading.pushFront(q)
	}
}

// replace ends an image whose process goes on as next.
func (t *Table) replace(p, next *Process) {
	if p.Flags&FlagExited != 0 {
		if p.Flags&FlagInferred == 0 {
			return
		}
		p.Flags &^= FlagExited | FlagInferred // it was not gone
		p.ExitTime = 0
	}
	if p.Flags&FlagReplaced == 0 {
		p.Flags |= FlagReplaced
		p.NextExecID = next.ExecID
	}
	t.finish(p)
}

// lose ends a process whose exit was not seen.
func (t *Table) lose(p *Process, time uint64) {
	p.Flags |= FlagExited | FlagInferred
	p.ExitTime = time
	t.stats.LostExits++
	t.finish(p)
}

// settle gives p its PID, at the time of the record that made it. What the table
// has there is an earlier image of the same process, or a process whose exit was
// lost; or, after a reconciliation, one that is later than the record.
func (t *Table) settle(p *Process, same bool, time uint64) {
	q := t.pids.get(uint64(p.PID))
	switch {
	case q == nil || q == p:
	case time < q.heard:
		t.past(p, q, same, time)
		return
	case same:
		t.replace(q, p)
	default:
		t.lose(q, time)
	}
	t.start(p)
}

// past takes p as what had the PID before q.
func (t *Table) past(p, q *Process, same bool, time uint64) {
	if same {
		p.Flags |= FlagReplaced
		p.NextExecID = q.ExecID
	} else {
		p.Flags |= FlagExited | FlagInferred
		p.ExitTime = time
	}
	t.finish(p)
}

// revive takes back an end that was only inferred, when the process acts later.
func (t *Table) revive(p *Process, time uint64) {
	if p.Flags&(FlagInferred|FlagReplaced) != FlagInferred || time <= p.ExitTime || t.pids.get(uint64(p.PID)) != nil {
		return
	}
	p.Flags &^= FlagExited | FlagInferred
	p.ExitTime = 0
	t.start(p)
}

// rename gives an entry the exec ID that the kernel has for it.
func (t *Table) rename(p *Process, id, start uint64) {
	old := p.ExecID
	t.ids.drop(old, p)
	p.ExecID = id
	p.Flags &^= FlagProvisional
	if start != 0 {
		p.Start = start
		p.Flags &^= FlagStartInexact
	}
	t.ids.put(id, p)
	// Rare: once for each process that ran before the sensor, where only /proc tells of those.
	for _, s := range t.ids.slots {
		if s.entry != nil && s.entry.ParentExecID == old {
			s.entry.ParentExecID = id
		}
	}
}
