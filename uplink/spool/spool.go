package spool

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vigil/uplink/batch"
)

// Sync says when what was appended is made durable.
type Sync string

// The policies; see the package for what they cost.
const (
	// Always makes a batch durable before Append returns. Appends at once share it.
	Always Sync = "always"
	// Interval makes durable every Settings.SyncEvery, and before Next gives a batch
	// out. A kill loses nothing; when the machine fails, so much of the end may be lost.
	Interval Sync = "interval"
)

// Settings bound a spool.
type Settings struct {
	MaxBytes     int64         // on disk; 0: 1 GiB
	MaxAge       time.Duration // of a batch that was not released; 0: 7 days
	SegmentBytes int64         // what is dropped and deleted at once; 0: a 16th of MaxBytes, at most 16 MiB
	Keep         bool          // let go of nothing that was not released: Append fails instead, and age does not count
	Sync         Sync          // "": Interval
	SyncEvery    time.Duration // 0: a second
	Now          func() time.Time
}

func (s *Settings) fill() error {
	if s.MaxBytes == 0 {
		s.MaxBytes = 1 << 30
	}
	if s.MaxAge == 0 {
		s.MaxAge = 7 * 24 * time.Hour
	}
	if s.SegmentBytes == 0 {
		s.SegmentBytes = min(s.MaxBytes/16, 16<<20)
	}
	if s.Sync == "" {
		s.Sync = Interval
	}
	if s.SyncEvery == 0 {
		s.SyncEvery = time.Second
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	switch {
	case s.MaxBytes < 0 || s.MaxAge < 0 || s.SegmentBytes < 0 || s.SyncEvery < 0:
		return errors.New("a setting is below 0")
	case s.Sync != Always && s.Sync != Interval:
		return fmt.Errorf("sync %q: must be %s or %s", s.Sync, Always, Interval)
	case s.SegmentBytes > s.MaxBytes/4:
		return fmt.Errorf("segments of %d bytes: must be at most a quarter of the %d of all", s.SegmentBytes, s.MaxBytes)
	}
	return nil
}

// Errors of Append and Next, for callers that tell them apart.
var (
	// ErrFull is an Append for which there is no room: the bounds are reached, or the
	// disk is full, and nothing less important is left to be dropped.
	ErrFull = errors.New("spool is full")
	// ErrEmpty is a Next that has nothing to give.
	ErrEmpty = errors.New("spool has nothing to give")
	// ErrClosed is any call after Close.
	ErrClosed = errors.New("spool is closed")
)

// Entry is a batch in a spool.
type Entry struct {
	Epoch    uint64 // random, of the spool
	Sequence uint64 // from 1, without gaps
	Class    batch.Class
	Events   int
	Time     time.Time // when it was appended
	Size     int       // bytes
}

// Spool is a log of batches on disk. It is for several goroutines at once.
type Spool struct {
	dir      string
	settings Settings
	log      *slog.Logger
	lock     *os.File
	open     func(path string) (file, error) // makes that of a segment

	mutex   sync.Mutex
	state   state
	store   *stateFile
	logs    [2]classLog // alerts first
	next    uint64      // sequence
	used    int64       // bytes of segments
	refused Count
	failure error // of the last sync
	buffer  []byte
	closed  bool

	ready, alerts chan struct{}
	stop          chan struct{}
	done          chan struct{}
}

// classLog is the segments of a class, oldest first. The last is written to.
type classLog struct {
	class    batch.Class
	segments []*segment
	at       int // what Next gives next: segment
	item     int // and place in it
	dropped  map[Reason]Count
	appended Count
	released Count
}

// Open opens the spool in a directory, which it makes when there is none. One program
// at a time has it open.
func Open(dir string, s Settings, log *slog.Logger) (*Spool, error) {
	if err := s.fill(); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	p := &Spool{
		dir: dir, settings: s, log: log, open: create,
		logs:  [2]classLog{{class: batch.Alerts, dropped: map[Reason]Count{}}, {class: batch.Events, dropped: map[Reason]Count{}}},
		ready: make(chan struct{}, 1), alerts: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if err := p.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open spool: %w", err), p.release())
	}
	go p.tend()
	return p, nil
}

func create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// release closes all files.
func (p *Spool) release() error {
	var all []error
	for i := range p.logs {
		for _, s := range p.logs[i].segments {
			all = append(all, s.file.Close())
		}
	}
	if p.store != nil {
		all = append(all, p.store.file.Close())
	}
	if p.lock != nil {
		all = append(all, p.lock.Close())
	}
	return errors.Join(all...)
}

func (p *Spool) logOf(c batch.Class) *classLog {
	if c == batch.Alerts {
		return &p.logs[0]
	}
	return &p.logs[1]
}

// Epoch is that of all entries.
func (p *Spool) Epoch() uint64 { return p.state.Epoch }

// newEpoch is a random number that is not 0.
func newEpoch() (uint64, error) {
	var b [8]byte
	for {
		if _, err := rand.Read(b[:]); err != nil {
			return 0, fmt.Errorf("make an epoch: %w", err)
		}
		if n := binary.LittleEndian.Uint64(b[:]); n != 0 {
			return n, nil
		}
	}
}

// tend makes durable and looks after age, until Close.
func (p *Spool) tend() {
	defer close(p.done)
	tick := time.NewTicker(p.settings.SyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		if err := p.Sync(); err != nil {
			p.log.Error("spool is not durable", "error", err)
		}
		p.mutex.Lock()
		p.expire()
		p.mutex.Unlock()
	}
}

// Sync makes durable what was appended.
func (p *Spool) Sync() error {
	for i := range p.logs {
		p.mutex.Lock()
		var s *segment
		if n := len(p.logs[i].segments); n > 0 {
			s = p.logs[i].segments[n-1]
		}
		p.mutex.Unlock()
		if s != nil {
			if err := p.durable(s, -1); err != nil {
				return err
			}
		}
	}
	return nil
}

// flight is a sync that is on its way, and what of its segment it makes durable.
type flight struct {
	done chan struct{} // closed when it has ended
	to   int64
	err  error
}

// durable returns when the segment is durable up to a place in it; -1: all that was
// written. One who comes does it for all that came before; who comes meanwhile waits, and
// one of those does it for them all.
func (p *Spool) durable(s *segment, to int64) error {
	p.mutex.Lock()
	if to < 0 {
		to = s.size
	}
	for s.synced < to && s.flight != nil {
		f := s.flight
		p.mutex.Unlock()
		if <-f.done; f.to >= to {
			return f.err
		}
		p.mutex.Lock()
	}
	if s.synced >= to {
		p.mutex.Unlock()
		return nil
	}
	f := &flight{done: make(chan struct{}), to: s.size}
	s.flight = f
	p.mutex.Unlock()
	err := s.file.Sync()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch {
	case errors.Is(err, os.ErrClosed): // dropped meanwhile
	case err != nil:
		f.err = fmt.Errorf("sync spool: %w", err)
		p.failure = f.err
	case s.flight == f: // else the segment was emptied meanwhile
		s.synced = max(s.synced, f.to)
	}
	if s.flight == f {
		s.flight = nil
	}
	close(f.done)
	return f.err
}

// landed waits for all syncs that are on their way. The caller has the mutex, which is
// let go meanwhile.
func (p *Spool) landed() {
	for i := range p.logs {
		for _, s := range p.logs[i].segments {
			if f := s.flight; f != nil {
				p.mutex.Unlock()
				<-f.done
				p.mutex.Lock()
				p.landed() // from the beginning: the segments may be others
				return
			}
		}
	}
}

// Ready says that something was appended since it was last received from.
func (p *Spool) Ready() <-chan struct{} { return p.ready }

// Alerts says that an alert was, likewise.
func (p *Spool) Alerts() <-chan struct{} { return p.alerts }

// Close makes all durable and closes the spool.
func (p *Spool) Close() error {
	p.mutex.Lock()
	if p.closed {
		p.mutex.Unlock()
		return ErrClosed
	}
	p.closed = true
	p.mutex.Unlock()
	close(p.stop)
	<-p.done
	err := p.Sync()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.landed()
	if write := p.store.write(&p.state); write == nil {
		err = errors.Join(err, p.store.file.Sync())
	} else {
		err = errors.Join(err, write)
	}
	if err = errors.Join(err, p.release()); err != nil {
		return fmt.Errorf("close spool: %w", err)
	}
	return nil
}

func (p *Spool) path(name string) string { return filepath.Join(p.dir, name) }
