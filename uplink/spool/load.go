package spool

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"vigil/uplink/batch"
)

// load reads what is in the directory, and mends it.
func (p *Spool) load() error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	var err error
	if p.lock, err = lockFile(p.path("lock")); err != nil {
		return err
	}
	if p.store, p.state, err = openState(p.path(stateName)); err != nil {
		return err
	}
	if p.state.Floor == nil {
		p.state.Floor = map[batch.Class]uint64{}
	}
	if p.state.Released == nil {
		p.state.Released = map[batch.Class][]uint64{}
	}
	var damages [2][]loss
	for i := range p.logs {
		if damages[i], err = p.loadClass(&p.logs[i]); err != nil {
			return err
		}
	}
	if p.state.Epoch == 0 {
		if p.state.Epoch, err = newEpoch(); err != nil {
			return err
		}
	}
	p.number()
	for i := range p.logs {
		p.count(&p.logs[i], damages[i])
		p.forget(&p.logs[i])
	}
	for i := range p.logs {
		l := &p.logs[i]
		p.settle(l)
		p.clean(l)
		if l.last() == nil {
			if _, err := p.rotate(l); err != nil {
				return err
			}
		}
	}
	return p.store.write(&p.state)
}

// loss is where sequences may be missing, and what is known of them.
type loss struct {
	hole
	entry Entry
}

// loadClass opens the segments of a class, oldest first.
func (p *Spool) loadClass(l *classLog) ([]loss, error) {
	names, err := filepath.Glob(p.path(l.class.String() + "-*.log"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names) // numbers of one width
	var losses []loss
	from, lost := uint64(0), false
	for i, name := range names {
		last := i == len(names)-1
		s, epoch, d, err := openSegment(name, p.state.Epoch)
		if errors.Is(err, errVersion) || errors.Is(err, os.ErrPermission) {
			return nil, err
		}
		if err != nil {
			if info, stat := os.Stat(name); stat != nil || !last || info.Size() >= segmentHeader { // else it was just begun
				p.log.Warn("spool has a segment that is none", "error", err)
				lost = true
			}
			if err := os.Remove(name); err != nil {
				return nil, err
			}
			continue
		}
		p.state.Epoch = epoch
		if lost {
			losses = append(losses, loss{hole: hole{from, s.first}})
		}
		for _, h := range d.holes {
			losses = append(losses, loss{hole: h})
		}
		for _, e := range d.entries {
			losses = append(losses, loss{hole: hole{e.Sequence, e.Sequence + 1}, entry: e})
		}
		lost, from = d.torn && !last, s.next
		if !last {
			s.synced = s.size
		} else if err := s.file.Truncate(s.size); err != nil {
			return nil, err
		}
		l.segments = append(l.segments, s)
		p.used += s.size
	}
	if lost {
		losses = append(losses, loss{hole: hole{from, 0}})
	}
	return losses, nil
}

// number finds the next sequence: none is used twice.
func (p *Spool) number() {
	p.next = 1
	for i := range p.logs {
		l := &p.logs[i]
		p.next = max(p.next, p.state.Floor[l.class])
		for _, s := range l.segments {
			p.next = max(p.next, s.next)
		}
		for _, q := range p.state.Released[l.class] {
			p.next = max(p.next, q+1)
		}
	}
	for _, d := range p.state.Drops {
		p.next = max(p.next, d.Last+1)
	}
}

// count notes as damaged what is in none of the segments and was neither released nor
// dropped before.
func (p *Spool) count(l *classLog, losses []loss) {
	for _, gap := range losses {
		if gap.to == 0 {
			gap.to = p.next
		}
		from := max(gap.from, p.state.Floor[l.class])
		for _, q := range append(p.knownBetween(l, from, gap.to), gap.to) {
			if from < q {
				p.lose(l, hole{from, q}, gap.entry)
			}
			from = max(from, q+1)
		}
	}
}

// knownBetween are the sequences of a range of which it is known what became of them.
func (p *Spool) knownBetween(l *classLog, from, to uint64) []uint64 {
	var known []uint64
	add := func(q uint64) {
		if q >= from && q < to {
			known = append(known, q)
		}
	}
	for i := range p.logs {
		for _, s := range p.logs[i].segments {
			for j := range s.items {
				add(s.items[j].Sequence)
			}
		}
	}
	for _, q := range p.state.Released[l.class] {
		add(q)
	}
	slices.Sort(known)
	return known
}

// lose notes that what a hole may have had is damaged. Where nothing is known, batches
// of the other class are counted too that were released before.
func (p *Spool) lose(l *classLog, h hole, e Entry) {
	p.note(l, Drop{
		Class: l.class, Reason: Damaged, First: h.from, Last: h.to - 1, Batches: h.to - h.from,
		Events: uint64(e.Events), Bytes: uint64(e.Size),
	})
	for q := h.from; q < h.to && q < h.from+mostReleased; q++ {
		p.mark(l, q)
	}
}

// mostGiven is how many batches of a class are on their way at most. As Next gives the
// oldest first, those that may have been given in an earlier life are the first so many.
const mostGiven = 16

// forget marks what was released or dropped before, and what may have been given.
func (p *Spool) forget(l *classLog) {
	floor, above := p.state.Floor[l.class], p.state.Released[l.class]
	given := 0
	for _, s := range l.segments {
		for i := range s.items {
			it := &s.items[i]
			if it.Sequence < floor || slices.Contains(above, it.Sequence) {
				it.released = true
				s.left--
			} else if given < mostGiven {
				it.given = true
				given++
			}
		}
	}
}
