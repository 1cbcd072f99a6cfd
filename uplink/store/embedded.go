package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// Settings of an embedded store. Zero means the default of each.
type Settings struct {
	Retention Retention
	Reserve   int64 // bytes of the disk that stay free: Add fails with ErrFull before; default 256 MiB
	Memory    int64 // what the library sizes parts in memory, caches and queries by; default 512 MiB. The first store of a process says
	Log       *slog.Logger
}

const (
	defaultReserve = 256 << 20
	defaultMemory  = 512 << 20
	mostAsking     = 3       // at once: each may use 0.4 of Memory before the library ends it
	ahead          = 2 * day // clocks that run ahead are believed so far
)

// Embedded is a store in this process, in a directory: one storage a class of kinds, as
// the library keeps all of a storage equally long.
type Embedded struct {
	keep    Retention
	engines [classes]*engine
	loaders loaders
	makers  chan *maker // those that nobody uses, of one more than processors: they wait for each other while parts are made

	adding sync.RWMutex  // held shared by who adds; alone by Flush, which must see an end of it
	asking sync.RWMutex  // held shared by who asks
	turns  chan struct{} // a place for each query that runs
	closed bool

	known knowledge
}

var _ Store = (*Embedded)(nil)

func (e *Embedded) knows() *knowledge { return &e.known }

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
	e := &Embedded{keep: s.Retention, makers: make(chan *maker, runtime.GOMAXPROCS(0)+1), turns: make(chan struct{}, mostAsking)}
	for c := range classes {
		engine, err := openEngine(filepath.Join(dir, c.String()), s.Retention[c], ahead, s.Reserve)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open store: %w", err), e.Close())
		}
		e.engines[c] = engine
	}
	e.loaders.engines, e.loaders.kinds = &e.engines, map[string]*loader{}
	for range cap(e.makers) {
		e.makers <- &maker{newShaper(e.keep, ahead), &e.loaders, map[string][]int{}}
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
	e.loaders.flush()
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
	e.known.add(rows)
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

// maker makes rows into what the loaders take.
type maker struct {
	*shaper
	to    *loaders
	kinds map[string][]int // the places of each kind's rows
}

// load adds rows kind by kind, of those first that nobody else is adding.
func (m *maker) load(ctx context.Context, rows []Row) error {
	m.begin()
	clear(m.kinds)
	for i := range rows {
		m.kinds[rows[i].Kind] = append(m.kinds[rows[i].Kind], i)
	}
	for wait := false; len(m.kinds) > 0; {
		some := false
		for kind, places := range m.kinds {
			l := m.to.of(kind)
			if wait {
				l.Lock()
			} else if !l.TryLock() {
				continue
			}
			err := m.fill(ctx, l, rows, places)
			l.Unlock()
			if err != nil {
				return fmt.Errorf("add: %w", err)
			}
			some, wait = true, false
			delete(m.kinds, kind)
		}
		wait = !some
	}
	return nil
}

func (m *maker) fill(ctx context.Context, l *loader, rows []Row, places []int) error {
	for _, i := range places {
		if i%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		at, fields, err := m.shape(&rows[i])
		if err != nil {
			return err
		}
		l.add(rows[i].Sensor, at, fields)
	}
	return nil
}

// Flush makes all that was added durable and able to be found. Add waits meanwhile.
func (e *Embedded) Flush(ctx context.Context) error {
	e.adding.Lock()
	defer e.adding.Unlock()
	if e.closed {
		return fmt.Errorf("flush: %w", ErrClosed)
	}
	e.loaders.flush()
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
