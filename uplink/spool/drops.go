package spool

import (
	"slices"
	"time"
)

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
