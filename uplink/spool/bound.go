package spool

import (
	"errors"
	"os"
	"slices"
	"sort"

	"vigil/uplink/batch"
)

// Count counts batches.
type Count struct {
	Batches uint64 `json:"batches"`
	Events  uint64 `json:"events"`
	Bytes   uint64 `json:"bytes"`
}

func (c *Count) add(batches, events, bytes int) {
	c.Batches += uint64(batches)
	c.Events += uint64(events)
	c.Bytes += uint64(bytes)
}

// makeRoom drops the oldest segment of events; for an alert, when there are none, the
// oldest of alerts. It says false when there is nothing to drop.
func (p *Spool) makeRoom(c batch.Class, why Reason) bool {
	if p.settings.Keep {
		return false
	}
	if p.dropOldest(p.logOf(batch.Events), why) {
		return true
	}
	return c == batch.Alerts && p.dropOldest(p.logOf(batch.Alerts), why)
}

func (p *Spool) dropOldest(l *classLog, why Reason) bool {
	if len(l.segments) == 0 || len(l.segments[0].items) == 0 {
		return false
	}
	p.drop(l, why)
	return true
}

// drop drops the oldest segment of a log. What it had is noted first: should the
// program be killed in between, the start finds the note and deletes the file. The last
// segment is emptied rather than deleted.
func (p *Spool) drop(l *classLog, why Reason) {
	s := l.segments[0]
	d := Drop{Class: l.class, Reason: why}
	given := 0
	for i := range s.items {
		it := &s.items[i]
		switch {
		case it.released:
		case it.given && given < mostGiven:
			given++
			p.note(l, single(it, why))
		default:
			if d.Batches == 0 {
				d.First = it.Sequence
			}
			d.Last = it.Sequence
			d.Batches++
			d.Events += uint64(it.Events)
			d.Bytes += uint64(it.Size)
		}
	}
	p.raise(l, s.next)
	if d.Batches > 0 {
		p.note(l, d)
	}
	p.save()
	if len(l.segments) > 1 {
		p.remove(l, 0)
		return
	}
	p.empty(l)
}

// single is the drop of one batch.
func single(it *item, why Reason) Drop {
	return Drop{
		Class: it.Class, Reason: why, First: it.Sequence, Last: it.Sequence, Batches: 1, Events: uint64(it.Events), Bytes: uint64(it.Size), Given: it.given,
	}
}

// remove deletes a segment.
func (p *Spool) remove(l *classLog, i int) {
	s := l.segments[i]
	p.used -= s.size
	if err := s.file.Close(); err != nil {
		p.log.Warn("close a segment of the spool", "error", err)
	}
	if err := os.Remove(s.path); err != nil {
		p.log.Warn("delete a segment of the spool", "error", err)
	}
	l.segments = slices.Delete(l.segments, i, i+1)
	switch {
	case l.at > i:
		l.at--
	case l.at == i:
		l.item = 0
	}
}

// empty makes the only segment of a log one without entries, that says of itself which
// sequences were used.
func (p *Spool) empty(l *classLog) {
	s := l.segments[0]
	s.items, s.left, s.first = nil, 0, p.next
	l.at, l.item = 0, 0
	_, err := s.file.WriteAt(appendSegmentHeader(nil, l.class, p.state.Epoch, p.next), 0)
	if err = errors.Join(err, s.file.Truncate(segmentHeader)); err != nil {
		p.log.Warn("empty a segment of the spool", "error", err)
		return
	}
	p.used -= s.size - segmentHeader
	s.size, s.synced, s.flight = segmentHeader, 0, nil
}

// note remembers a drop until it was told.
func (p *Spool) note(l *classLog, d Drop) {
	d.Time = p.settings.Now()
	c := l.dropped[d.Reason]
	c.Batches, c.Events, c.Bytes = c.Batches+d.Batches, c.Events+d.Events, c.Bytes+d.Bytes
	l.dropped[d.Reason] = c
	p.state.drop(d)
	p.log.Warn("spool dropped batches", "class", d.Class, "reason", string(d.Reason), "batches", d.Batches, "events", d.Events, "first", d.First, "last", d.Last)
}

// raise says that all below a sequence are released or dropped.
func (p *Spool) raise(l *classLog, to uint64) {
	if to <= p.state.Floor[l.class] {
		return
	}
	p.state.Floor[l.class] = to
	above := p.state.Released[l.class]
	p.state.Released[l.class] = slices.DeleteFunc(above, func(q uint64) bool { return q < to })
}

// mark notes that one above the floor is released. There is a bound: what is not noted
// is given out again after a restart.
func (p *Spool) mark(l *classLog, sequence uint64) {
	if above := p.state.Released[l.class]; len(above) < mostReleased {
		p.state.Released[l.class] = append(above, sequence)
	}
}

// save writes the state. That it fails is not lost: it is written again with the next.
func (p *Spool) save() {
	if err := p.store.write(&p.state); err != nil {
		p.log.Warn("spool", "error", err)
	}
}

// expire drops what is too old.
func (p *Spool) expire() {
	if p.settings.Keep {
		return
	}
	old := p.settings.Now().Add(-p.settings.MaxAge)
	for i := range p.logs {
		l := &p.logs[i]
		for len(l.segments) > 0 {
			s := l.segments[0]
			if n := len(s.items); n == 0 || !s.items[n-1].Time.Before(old) {
				break
			}
			p.drop(l, Age)
		}
	}
}

// clean deletes the oldest segments as long as nothing of them is left to give.
func (p *Spool) clean(l *classLog) {
	for len(l.segments) > 1 && l.segments[0].left == 0 {
		p.remove(l, 0)
	}
}

// find gives an entry and its segment.
func (l *classLog) find(sequence uint64) (*item, *segment) {
	i := sort.Search(len(l.segments), func(i int) bool { return l.segments[i].next > sequence })
	if i == len(l.segments) {
		return nil, nil
	}
	s := l.segments[i]
	j := sort.Search(len(s.items), func(j int) bool { return s.items[j].Sequence >= sequence })
	if j == len(s.items) || s.items[j].Sequence != sequence {
		return nil, nil
	}
	return &s.items[j], s
}
