package spool

import (
	"slices"
	"time"
)

// Range is sequences from First to Last, both within.
type Range struct{ First, Last uint64 }

// Notice is a drop as it is told.
type Notice struct {
	Drop
	// Gone are those of its sequences that never come any more: the spool may hold others
	// in between, of the other class for example. When they are too many they are not all.
	Gone []Range
}

// mostGone bounds a notice.
const mostGone = 256

// Tell gives drops to tell of, oldest first. Until they are Told, it gives the same again,
// also after a restart: who heard of them without saying so counts them once.
func (p *Spool) Tell() []Notice {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	offered := func(d Drop) bool { return d.Offered }
	if len(p.state.Drops) == 0 || p.closed {
		return nil
	}
	if !slices.ContainsFunc(p.state.Drops, offered) {
		for i := range p.state.Drops {
			p.state.Drops[i].Offered = true
		}
		if err := p.store.write(&p.state); err != nil { // not known after a kill: told later
			p.log.Warn("spool", "error", err)
			for i := range p.state.Drops {
				p.state.Drops[i].Offered = false
			}
			return nil
		}
	}
	var all []Notice
	for _, d := range p.state.Drops {
		if d.Offered {
			all = append(all, Notice{d, p.gone(d.First, d.Last)})
		}
	}
	return all
}

// gone gives what of a range is not in the spool.
func (p *Spool) gone(first, last uint64) (all []Range) {
	var waiting []uint64
	for i := range p.logs {
		for _, s := range p.logs[i].segments {
			if s.next <= first || s.first > last {
				continue
			}
			for j := range s.items {
				if it := &s.items[j]; !it.released && it.Sequence >= first && it.Sequence <= last {
					waiting = append(waiting, it.Sequence)
				}
			}
		}
	}
	slices.Sort(waiting)
	for _, q := range append(waiting, last+1) {
		if first < q && len(all) < mostGone {
			all = append(all, Range{first, q - 1})
		}
		first = q + 1
	}
	return all
}

// Drops are those that were not told of yet, oldest first. Told takes them away.
func (p *Spool) Drops() []Drop {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.state.Drops)
}

// Told says that drops up to an ID were told of.
func (p *Spool) Told(id uint64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.state.Drops = slices.DeleteFunc(p.state.Drops, func(d Drop) bool { return d.ID <= id })
	if !p.closed {
		p.save()
	}
}

// Stats tell how a spool is. What counts, counts from Open.
type Stats struct {
	Epoch    uint64 `json:"epoch"`
	Next     uint64 `json:"next"` // sequence
	Disk     int64  `json:"disk"` // bytes of segments
	MaxBytes int64  `json:"max_bytes"`
	Refused  Count  `json:"refused"` // Append failed
	Failure  string `json:"failure,omitempty"`

	Classes map[string]ClassStats `json:"classes"`
}

// ClassStats are those of a class.
type ClassStats struct {
	Waiting  Count            `json:"waiting"` // not released
	Oldest   time.Time        `json:"oldest"`  // of those
	Appended Count            `json:"appended"`
	Released Count            `json:"released"`
	Dropped  map[Reason]Count `json:"dropped"`
	Segments int              `json:"segments"`
}

// Dropped is all that was dropped since Open.
func (p *Spool) Dropped() (all Count) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for i := range p.logs {
		for _, n := range p.logs[i].dropped {
			all.Batches += n.Batches
			all.Events += n.Events
			all.Bytes += n.Bytes
		}
	}
	return all
}

// Stats tells how the spool is now.
func (p *Spool) Stats() Stats {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	s := Stats{
		Epoch: p.state.Epoch, Next: p.next, Disk: p.used, MaxBytes: p.settings.MaxBytes, Refused: p.refused,
		Classes: map[string]ClassStats{},
	}
	if p.failure != nil {
		s.Failure = p.failure.Error()
	}
	for i := range p.logs {
		l := &p.logs[i]
		c := ClassStats{Appended: l.appended, Released: l.released, Dropped: map[Reason]Count{}, Segments: len(l.segments)}
		for why, n := range l.dropped {
			c.Dropped[why] = n
		}
		for _, seg := range l.segments {
			for j := range seg.items {
				if it := &seg.items[j]; !it.released {
					if c.Waiting.Batches == 0 {
						c.Oldest = it.Time
					}
					c.Waiting.add(1, it.Events, it.Size)
				}
			}
		}
		s.Classes[l.class.String()] = c
	}
	return s
}
