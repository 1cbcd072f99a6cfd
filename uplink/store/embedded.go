package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"vigil/decode"
)

// Settings of an embedded store. Zero means the default of each.
type Settings struct {
	Retention Retention
	Reserve   int64 // bytes of the disk that stay free: Add fails with ErrFull before; default 256 MiB
	Memory    int64 // what the library sizes its caches and the memory of queries by; default 64 MiB. The first store of a process says
	Log       *slog.Logger
}

const (
	defaultReserve = 256 << 20
	defaultMemory  = 64 << 20
	ahead          = 2 * day // clocks that run ahead are believed so far
)

// Embedded is a store in this process, in a directory: one storage a class of kinds, as
// the library keeps all of a storage equally long.
type Embedded struct {
	keep    Retention
	engines [classes]*engine
	makers  chan *maker // one a processor: those that nobody uses

	adding sync.RWMutex // held shared by who adds; alone by Flush, which must see an end of it
	asking sync.RWMutex // held shared by who asks
	closed bool
}

var _ Store = (*Embedded)(nil)

// Open opens the store in a directory, which it makes if there is none.
func Open(dir string, s Settings) (*Embedded, error) {
	if s.Retention == (Retention{}) {
		s.Retention = DefaultRetention()
	}
	if err := s.Retention.check(); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if s.Reserve == 0 {
		s.Reserve = defaultReserve
	}
	if s.Memory == 0 {
		s.Memory = defaultMemory
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if err := prepare(s.Memory, s.Log); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	e := &Embedded{keep: s.Retention, makers: make(chan *maker, runtime.GOMAXPROCS(0))}
	for c := range classes {
		engine, err := openEngine(filepath.Join(dir, c.String()), s.Retention[c], ahead, s.Reserve)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open store: %w", err), e.Close())
		}
		e.engines[c] = engine
	}
	for range cap(e.makers) {
		e.makers <- &maker{newShaper(e.keep, ahead), &e.engines, map[string]*loader{}}
	}
	return e, nil
}

// Close writes what is in memory to disk and waits for queries.
func (e *Embedded) Close() error {
	e.adding.Lock()
	defer e.adding.Unlock()
	e.asking.Lock()
	defer e.asking.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	e.unload()
	for _, engine := range e.engines {
		if engine != nil {
			engine.close()
		}
	}
	return nil
}

// Add takes rows.
func (e *Embedded) Add(ctx context.Context, rows []Row) error {
	e.adding.RLock()
	defer e.adding.RUnlock()
	if e.closed {
		return fmt.Errorf("add: %w", ErrClosed)
	}
	if e.engines[Bulk].full() {
		return fmt.Errorf("add %d rows: %w", len(rows), ErrFull)
	}
	select {
	case m := <-e.makers:
		defer func() { e.makers <- m }()
		return m.load(ctx, rows)
	case <-ctx.Done():
		return fmt.Errorf("add: %w", context.Cause(ctx))
	}
}

// maker makes rows into what the engines take, and keeps it for them until it is much.
type maker struct {
	*shaper
	engines *[classes]*engine
	kinds   map[string]*loader
}

func (m *maker) load(ctx context.Context, rows []Row) error {
	m.now = time.Now().UnixNano()
	for i := range rows {
		if i%1024 == 0 && ctx.Err() != nil {
			return fmt.Errorf("add: %w", context.Cause(ctx))
		}
		at, fields, err := m.shape(&rows[i])
		if err != nil {
			return fmt.Errorf("add: %w", err)
		}
		m.loader(rows[i].Kind).add(at, fields)
	}
	return nil
}

func (m *maker) loader(kind string) *loader {
	l := m.kinds[kind]
	if l == nil {
		if len(m.kinds) == mostLoaders { // not of ours
			m.flush()
			clear(m.kinds)
		}
		l = m.engines[ClassOf(kind)].loader()
		m.kinds[strings.Clone(kind)] = l
	}
	return l
}

// mostLoaders is more than there are kinds.
const mostLoaders = 2 * int(decode.KindCount)

func (m *maker) flush() {
	for _, l := range m.kinds {
		l.flush()
	}
}

// unload hands over what the makers have. Nobody adds meanwhile: all of them are idle.
func (e *Embedded) unload() {
	for range len(e.makers) {
		m := <-e.makers
		m.flush()
		e.makers <- m
	}
}

// Flush makes all that was added durable and able to be found. Add waits meanwhile.
func (e *Embedded) Flush(ctx context.Context) error {
	e.adding.Lock()
	defer e.adding.Unlock()
	if e.closed {
		return fmt.Errorf("flush: %w", ErrClosed)
	}
	e.unload()
	var errs [classes]error
	var done sync.WaitGroup
	for c, engine := range e.engines {
		done.Go(func() { errs[c] = engine.sync(ctx) })
	}
	done.Wait()
	return errors.Join(errs[:]...)
}

// Stats tells what the store holds.
func (e *Embedded) Stats() Stats {
	var s Stats
	e.asking.RLock()
	defer e.asking.RUnlock()
	if e.closed {
		return s
	}
	for _, engine := range e.engines {
		engine.addStats(&s)
	}
	return s
}
