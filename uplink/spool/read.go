package spool

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"vigil/uplink/batch"
)

// Next gives the oldest batch that was neither given nor released, alerts before
// events, appended to dst. Without any it fails with ErrEmpty. What it gives is durable.
// What cannot be read is dropped as damaged and passed over.
func (p *Spool) Next(dst []byte) (Entry, []byte, error) { return p.nextOf(0, dst) }

// NextOf is Next of one class: each class has its own place.
func (p *Spool) NextOf(c batch.Class, dst []byte) (Entry, []byte, error) { return p.nextOf(c, dst) }

// nextOf is Next of a class, 0 for any.
func (p *Spool) nextOf(c batch.Class, dst []byte) (Entry, []byte, error) {
	for {
		it, s, err := p.take(c)
		if err != nil {
			return Entry{}, dst, err
		}
		end := it.at + entryHeader + int64(it.Size)
		if err := p.durable(s, end); err != nil {
			p.giveAgain(it.Entry)
			return Entry{}, dst, err
		}
		b, err := p.read(dst, s, it)
		if err == nil {
			return it.Entry, b, nil
		}
		if !errors.Is(err, errDamaged) {
			p.giveAgain(it.Entry)
			return Entry{}, dst, fmt.Errorf("read spool: %w", err)
		}
	}
}

var errDamaged = errors.New("damaged")

// take moves the place of Next by one, in a class, 0 for any.
func (p *Spool) take(c batch.Class) (item, *segment, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return item{}, nil, ErrClosed
	}
	for i := range p.logs {
		l := &p.logs[i]
		if c != 0 && c != l.class {
			continue
		}
		for l.at < len(l.segments) {
			s := l.segments[l.at]
			for l.item < len(s.items) {
				it := &s.items[l.item]
				l.item++
				if !it.released {
					it.given = true
					return *it, s, nil
				}
			}
			if l.at == len(l.segments)-1 {
				break // more comes here
			}
			l.at, l.item = l.at+1, 0
		}
	}
	return item{}, nil, ErrEmpty
}

// read appends a batch. It is read under the mutex: nobody deletes it meanwhile.
func (p *Spool) read(dst []byte, s *segment, want item) ([]byte, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	l := p.logOf(want.Class)
	it, in := l.find(want.Sequence)
	if it == nil || in != s || it.released { // dropped meanwhile
		return dst, errDamaged
	}
	start := len(dst)
	dst = slices.Grow(dst, entryHeader+want.Size)[:start+entryHeader+want.Size]
	_, err := s.file.ReadAt(dst[start:], want.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return dst[:start], err
	}
	b := dst[start:]
	if e, sum, ok := parseEntry(b); err == nil && ok && e.Sequence == want.Sequence && e.Size == want.Size && checksum(b[entryHeader:]) == sum {
		return dst[:start+copy(b, b[entryHeader:])], nil
	}
	p.spoil(l, it, s)
	return dst[:start], errDamaged
}

// Refuse drops a batch that the one it is for will never take.
func (p *Spool) Refuse(c batch.Class, sequence uint64) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return fmt.Errorf("refuse a batch: %w", ErrClosed)
	}
	l := p.logOf(c)
	if it, s := l.find(sequence); it != nil && !it.released {
		p.letGo(l, it, s, Refused)
	}
	return nil
}

// spoil drops an entry that is not what was written.
func (p *Spool) spoil(l *classLog, it *item, s *segment) { p.letGo(l, it, s, Damaged) }

func (p *Spool) letGo(l *classLog, it *item, s *segment, why Reason) {
	it.released = true
	s.left--
	p.note(l, single(it, why))
	p.mark(l, it.Sequence)
	p.settle(l)
	p.save()
}

// giveAgain puts the place of Next back before an entry.
func (p *Spool) giveAgain(e Entry) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	l := p.logOf(e.Class)
	for i, s := range l.segments {
		for j := range s.items {
			if s.items[j].Sequence == e.Sequence && (i < l.at || i == l.at && j < l.item) {
				l.at, l.item = i, j
			}
		}
	}
}

// Rewind makes Next begin anew with what was not released: after a connection that
// broke, for example.
func (p *Spool) Rewind() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for i := range p.logs {
		p.logs[i].at, p.logs[i].item = 0, 0
	}
}

// Release lets go of batches: they are never given again. What is not there is passed
// over. That it was released survives a kill; when the machine fails, the last may be
// given again.
func (p *Spool) Release(sequences ...uint64) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return fmt.Errorf("release from spool: %w", ErrClosed)
	}
	for _, q := range sequences {
		for i := range p.logs {
			l := &p.logs[i]
			it, s := l.find(q)
			if it == nil || it.released {
				continue
			}
			it.released = true
			s.left--
			l.released.add(1, it.Events, it.Size)
			p.mark(l, q)
		}
	}
	for i := range p.logs {
		p.settle(&p.logs[i])
		p.clean(&p.logs[i])
	}
	if err := p.store.write(&p.state); err != nil {
		return fmt.Errorf("release from spool: %w", err)
	}
	return nil
}

// settle raises the floor as far as all is released.
func (p *Spool) settle(l *classLog) {
	floor := p.state.Floor[l.class]
	for _, s := range l.segments {
		if s.left == 0 {
			floor = max(floor, s.next)
			continue
		}
		for i := range s.items {
			if !s.items[i].released {
				p.raise(l, max(floor, s.items[i].Sequence))
				return
			}
		}
	}
	p.raise(l, floor)
}
