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
	"time"
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
	e := &Embedded{keep: s.Retention, makers: make(chan *maker, runtime.GOMAXPROCS(0))}
	for c := range classes {
		engine, err := openEngine(filepath.Join(dir, c.String()), s.Retention[c], ahead, s.Reserve)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open store: %w", err), e.Close())
		}
		e.engines[c] = engine
	}
	for range cap(e.makers) {
		e.makers <- e.newMaker()
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

// Add takes rows. Many are shaped by as many goroutines as there are processors.
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
	const least = 2_048 // rows that are worth a goroutine
	parts := max(1, min(cap(e.makers), len(rows)/least))
	errs := make([]error, parts)
	var done sync.WaitGroup
	for i := range parts {
		part := rows[i*len(rows)/parts : (i+1)*len(rows)/parts]
		if i == parts-1 {
			errs[i] = e.load(ctx, part)
			break
		}
		done.Go(func() { errs[i] = e.load(ctx, part) })
	}
	done.Wait()
	return errors.Join(errs...)
}

// maker makes rows into what the engines take, and keeps it for them until it is much.
type maker struct {
	*shaper
	loaders [classes]*loader
	kinds   map[string][]int
}

func (e *Embedded) newMaker() *maker {
	m := &maker{shaper: newShaper(e.keep, ahead), kinds: map[string][]int{}}
	for c, engine := range e.engines {
		m.loaders[c] = engine.loader()
	}
	return m
}

func (e *Embedded) load(ctx context.Context, rows []Row) error {
	var m *maker
	select {
	case m = <-e.makers:
	case <-ctx.Done():
		return fmt.Errorf("add: %w", context.Cause(ctx))
	}
	defer func() { e.makers <- m }()
	m.now = time.Now().UnixNano()
	for kind := range m.kinds {
		m.kinds[kind] = m.kinds[kind][:0]
	}
	for i := range rows {
		m.kinds[rows[i].Kind] = append(m.kinds[rows[i].Kind], i)
	}
	for kind, places := range m.kinds {
		if len(places) == 0 {
			delete(m.kinds, kind)
		}
		for _, i := range places {
			if i%1024 == 0 && ctx.Err() != nil {
				return fmt.Errorf("add: %w", context.Cause(ctx))
			}
			at, fields, err := m.shape(&rows[i])
			if err != nil {
				return fmt.Errorf("add: %w", err)
			}
			m.loaders[ClassOf(kind)].add(at, fields)
		}
	}
	return nil
}

// unload hands over what the makers have. Nobody adds meanwhile: all of them are idle.
func (e *Embedded) unload() {
	for range len(e.makers) {
		m := <-e.makers
		for _, l := range m.loaders {
			l.flush()
		}
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
