package spool

import "io"

// Damage is what Scan passed over.
type Damage = damage

// Scan reads a segment as a start does.
func Scan(r io.ReaderAt, size int64) (entries []Entry, good int64, d Damage, err error) {
	head := make([]byte, segmentHeader)
	n, _ := r.ReadAt(head, 0)
	class, epoch, first, err := parseSegmentHeader(head[:n])
	if err != nil {
		return nil, 0, d, err
	}
	items, good, d := scan(r, size, class, epoch, first)
	for _, it := range items {
		entries = append(entries, it.Entry)
	}
	return entries, good, d, nil
}

// Lost are the entries that Scan could not read but for their headers.
func Lost(d Damage) []Entry { return d.entries }

// FailSync makes the files of segments that are begun from now fail to become durable.
func (p *Spool) FailSync(err error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.open = func(path string) (file, error) {
		f, made := create(path)
		return &failing{f, err, 1}, made
	}
}

// failing becomes durable a few times.
type failing struct {
	file
	err  error
	left int
}

func (f *failing) Sync() error {
	if f.left--; f.left < 0 {
		return f.err
	}
	return f.file.Sync()
}

// HoldSync makes the files of segments that are begun from now wait in each Sync, after
// telling of it, until they are let go.
func (p *Spool) HoldSync(told chan<- struct{}, letGo <-chan struct{}) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.open = func(path string) (file, error) {
		f, err := create(path)
		return &held{file: f, told: told, letGo: letGo}, err
	}
}

type held struct {
	file
	told  chan<- struct{}
	letGo <-chan struct{}
	begun bool // the first Sync is that of the segment's header
}

func (h *held) Sync() error {
	if !h.begun {
		h.begun = true
		return h.file.Sync()
	}
	h.told <- struct{}{}
	<-h.letGo
	return h.file.Sync()
}
