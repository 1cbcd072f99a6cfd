package process

// expireSteps bounds the work of one Expire.
const expireSteps = 1024

// Expire forgets what ended longer ago than the grace time and nothing descends
// from. It does bounded work and says how many entries it forgot; time not
// newer than the records' is fine. Call it about once a second, or per batch.
func (t *Table) Expire(nowBoot uint64) int {
	t.advance(nowBoot)
	forgotten := 0
	for range expireSteps {
		p := t.fading.head
		if p == nil || t.now-p.heard < t.grace {
			break
		}
		if p.children > 0 {
			t.pin(p)
			continue
		}
		t.release(p)
		forgotten++
	}
	return forgotten
}

func (t *Table) advance(now uint64) { t.now = max(t.now, now) }

// pin keeps an ended entry for those that descend from it.
func (t *Table) pin(p *Process) {
	t.fading.remove(p)
	p.state = statePinned
	t.pinned.pushBack(p)
	t.shorten(p)
	// Ancestors never take the place of those who wait for late records.
	if t.pinned.len > t.settings.MaxDead/2 {
		t.stats.EvictedDead++
		t.release(t.pinned.head)
	}
}

// shorten lets go of what a line of ended processes has beyond MaxAncestors: one
// that forks and exits again and again would fill the table with its past. Where
// the line branches the count begins anew, for the other branch may be short.
func (t *Table) shorten(p *Process) {
	line := 1
	for range 4 * MaxAncestors {
		if line == MaxAncestors {
			t.unlink(p)
			return
		}
		q := p.parent
		if q == nil || q.gen != p.parentGen || q.state != statePinned {
			return
		}
		line++
		if q.children > 1 {
			line = 1
		}
		p = q
	}
}

// bound brings the table back within its settings, and keeps the entry given.
func (t *Table) bound(keep *Process) {
	for t.live.len > t.settings.MaxLive {
		t.evictLive(keep)
	}
	if t.fading.len+t.pinned.len <= t.settings.MaxDead {
		return
	}
	if keep.state != stateLive { // the last to go
		t.leave(keep)
		t.finish(keep)
	}
	t.boundDead()
}

func (t *Table) boundDead() {
	for t.fading.len+t.pinned.len > t.settings.MaxDead {
		t.evictDead()
	}
}

// evictScan is how many of the oldest are looked at for one without children.
const evictScan = 16

// evictLive forgets the oldest running process, rather one that nothing
// descends from: what is new must find its place, or filling the table would
// make an attacker's next process invisible.
func (t *Table) evictLive(keep *Process) {
	victim := t.live.head
	if victim == keep {
		victim = victim.links.next
	}
	for p, n := victim, 0; p != nil && n < evictScan; p, n = p.links.next, n+1 {
		if p.children == 0 && p != keep {
			victim = p
			break
		}
	}
	t.stats.EvictedLive++
	t.release(victim)
}

// evictDead forgets the ended entry that would go next.
func (t *Table) evictDead() {
	p := t.fading.head
	switch {
	case p == nil:
		p = t.pinned.head
	case p.children > 0:
		t.pin(p)
		return
	}
	t.stats.EvictedDead++
	t.release(p)
}
