package spool

import (
	"errors"
	"fmt"
	"os"

	"vigil/uplink/batch"
)

// Append adds a batch of so many events. When it returns without an error the batch
// survives a kill, and as Settings.Sync says a failure of the machine. Older events are
// dropped for it when there is no room, and older alerts for an alert; without any,
// it fails with ErrFull.
func (p *Spool) Append(c batch.Class, events int, b []byte) (Entry, error) {
	e, s, err := p.append(c, events, b)
	if err != nil {
		return Entry{}, fmt.Errorf("append to spool: %w", err)
	}
	if p.settings.Sync == Always {
		if err := p.durable(s.segment, s.end); err != nil {
			return Entry{}, p.fail(e, err)
		}
	}
	tell(p.ready)
	if c == batch.Alerts {
		tell(p.alerts)
	}
	return e, nil
}

func tell(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// place is where an entry ends.
type place struct {
	segment *segment
	end     int64
}

func (p *Spool) append(c batch.Class, events int, b []byte) (Entry, place, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	need := int64(entryHeader + len(b))
	switch {
	case p.closed:
		return Entry{}, place{}, ErrClosed
	case c != batch.Events && c != batch.Alerts:
		return Entry{}, place{}, fmt.Errorf("no class %d", c)
	case len(b) > mostBatch || need+2*segmentHeader > p.settings.MaxBytes/2:
		p.refuse(events, len(b))
		return Entry{}, place{}, fmt.Errorf("%w: a batch of %d bytes is too long for it", ErrFull, len(b))
	}
	p.expire()
	l := p.logOf(c)
	for p.used+need+segmentHeader > p.settings.MaxBytes {
		if !p.makeRoom(c, Bytes) {
			p.refuse(events, len(b))
			return Entry{}, place{}, fmt.Errorf("%w: %d bytes of %d", ErrFull, p.used, p.settings.MaxBytes)
		}
	}
	for {
		e := Entry{Epoch: p.state.Epoch, Sequence: p.next, Class: c, Events: events, Time: p.settings.Now(), Size: len(b)}
		s, err := p.write(l, e, b)
		if err == nil {
			p.next++
			l.appended.add(1, events, len(b))
			return e, place{s, s.size}, nil
		}
		if !full(err) {
			p.refuse(events, len(b))
			return Entry{}, place{}, err
		}
		if !p.makeRoom(c, DiskFull) {
			p.refuse(events, len(b))
			return Entry{}, place{}, fmt.Errorf("%w: no room on the disk: %w", ErrFull, err)
		}
	}
}

func (p *Spool) refuse(events, bytes int) { p.refused.add(1, events, bytes) }

// write writes an entry to the last segment of a log, or to a new one when that is long
// enough, or old. What fails leaves the segment as it was.
func (p *Spool) write(l *classLog, e Entry, b []byte) (*segment, error) {
	s := l.last()
	if s == nil || len(s.items) > 0 && (s.size >= p.settings.SegmentBytes || e.Time.Sub(s.items[0].Time) > p.settings.MaxAge/8) {
		var err error
		if s, err = p.rotate(l); err != nil {
			return nil, err
		}
	}
	p.buffer = appendEntry(p.buffer[:0], e, b)
	if _, err := s.file.WriteAt(p.buffer, s.size); err != nil {
		// What was half written would be cut at the next start; the next entry writes
		// over it. Cutting now gives the room back.
		return nil, errors.Join(err, s.file.Truncate(s.size))
	}
	s.items = append(s.items, item{Entry: e, at: s.size})
	s.next = e.Sequence + 1
	s.left++
	s.size += int64(len(p.buffer))
	p.used += int64(len(p.buffer))
	return s, nil
}

func (l *classLog) last() *segment {
	if len(l.segments) == 0 {
		return nil
	}
	return l.segments[len(l.segments)-1]
}

// rotate begins a segment. What came before is durable first, so that a torn end is
// only ever in the last.
func (p *Spool) rotate(l *classLog) (*segment, error) {
	if s := l.last(); s != nil && s.synced < s.size {
		if err := s.sync(); err != nil {
			return nil, err
		}
	}
	path := p.path(segmentName(l.class, p.next))
	f, err := p.open(path)
	if err != nil {
		return nil, err
	}
	header := appendSegmentHeader(nil, l.class, p.state.Epoch, p.next)
	if _, err = f.WriteAt(header, 0); err == nil {
		if err = f.Sync(); err == nil {
			err = syncDirectory(p.dir)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	s := &segment{path: path, file: f, class: l.class, first: p.next, next: p.next, size: segmentHeader, synced: segmentHeader}
	l.segments = append(l.segments, s)
	p.used += segmentHeader
	p.clean(l)
	return s, nil
}

// fail takes back what was written and could not be made durable: it was not
// acknowledged, and is told as dropped.
func (p *Spool) fail(e Entry, err error) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	l := p.logOf(e.Class)
	if it, s := l.find(e.Sequence); it != nil && !it.released {
		it.released = true
		s.left--
		p.note(l, single(it, Failed))
		p.mark(l, e.Sequence)
		p.save()
	}
	return fmt.Errorf("append to spool: %w", err)
}
