package process

import "iter"

// Reconciled counts what a reconciliation found.
type Reconciled struct {
	Seen     int // processes in the snapshot
	Added    int // of these, not in the table before
	Vanished int // in the table, not in the snapshot: marked exited
}

// Reconcile brings the table back to the truth after a loss: the snapshot has
// what really runs, begun at boot time now. What is missing is added; what is
// not in the snapshot has exited, unless a record later than now tells of it.
// Records older than the snapshot may still follow: they find their processes.
func (t *Table) Reconcile(now uint64, snapshot iter.Seq[Seed]) Reconciled {
	t.BeginReconcile(now)
	for s := range snapshot {
		t.Add(&s)
	}
	return t.EndReconcile(true)
}

// BeginReconcile begins a reconciliation whose snapshot comes by Apply, as the
// process records that the kernel's task iterator writes to the vital ring.
func (t *Table) BeginReconcile(now uint64) {
	t.epoch++
	t.reconciling, t.since = true, now
	t.result = Reconciled{}
}

// EndReconcile ends it. complete says that no record was lost since it began; if
// not, nothing counts as vanished.
func (t *Table) EndReconcile(complete bool) Reconciled {
	if !t.reconciling {
		return Reconciled{}
	}
	t.reconciling = false
	for p := t.live.head; p != nil; {
		next := p.links.next
		switch {
		case complete && p.epoch != t.epoch:
			p.Flags |= FlagExited | FlagInferred | FlagReconciled
			p.ExitTime = t.since
			t.finish(p)
			t.result.Vanished++
		case p.Flags&FlagProvisional != 0:
			t.parentByPID(p)
		}
		p = next
	}
	t.stats.Added += uint64(t.result.Added)
	t.stats.Vanished += uint64(t.result.Vanished)
	t.boundDead()
	return t.result
}

// seen notes that a process ran at a time, maybe after the snapshot was begun.
func (t *Table) seen(p *Process, time uint64) {
	if p.state != stateLive {
		return
	}
	p.heard = max(p.heard, time)
	if t.reconciling && time >= t.since {
		p.epoch = t.epoch
	}
}
