package container

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Settings bound a Resolver. Zero fields take the defaults.
type Settings struct {
	Root    string           // of the file system: /
	Max     int              // cgroups kept, 8192: each with its path, of at most 4 KiB
	Grace   time.Duration    // how long a removed cgroup stays, and one without a path is not looked for again: 1 min
	Timeout time.Duration    // for one question to a runtime: 2 s
	Tries   []time.Duration  // waits before each question about a container: 0, 1 s, 5 s, 30 s
	Pause   time.Duration    // how long a runtime that did not answer in time is left alone: 30 s
	Now     func() time.Time // for Grace and Tries: time.Now
}

func (s Settings) withDefaults() Settings {
	fill := func(v *time.Duration, standard time.Duration) {
		if *v <= 0 {
			*v = standard
		}
	}
	fill(&s.Grace, time.Minute)
	fill(&s.Timeout, 2*time.Second)
	fill(&s.Pause, 30*time.Second)
	if s.Root == "" {
		s.Root = "/"
	}
	if s.Max <= 0 {
		s.Max = 8192
	}
	if s.Tries == nil {
		s.Tries = []time.Duration{0, time.Second, 5 * time.Second, 30 * time.Second}
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	return s
}

// Resolver knows cgroups and the containers they belong to. It is safe for
// concurrent use.
type Resolver struct {
	settings  Settings
	log       *slog.Logger
	hierarchy Hierarchy
	located   error // why there is no hierarchy
	sources   []source

	table table // reading takes no lock

	mutex      sync.Mutex
	hosts      list // live cgroups in no container
	containers list // live cgroups in one
	leaving    list // removed, in their grace time
	unresolved list // no path was found
	waiting    waiting
	answers    map[string]*details // by container ID
	stats      Stats

	wake   chan struct{}
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// New makes a Resolver and starts the goroutine that asks runtimes. Without a
// cgroup mount it knows only what Observe tells it.
func New(log *slog.Logger, s Settings) *Resolver {
	s = s.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	r := &Resolver{
		settings: s, log: log, table: newTable(s.Max), answers: map[string]*details{},
		sources: newSources(log, s), wake: make(chan struct{}, 1), cancel: cancel,
	}
	r.hierarchy, r.located = Locate(s.Root)
	r.done.Go(func() { r.work(ctx) })
	return r
}

// Close ends the asking and waits for it. Lookup goes on answering.
func (r *Resolver) Close() error {
	r.cancel()
	r.done.Wait()
	return nil
}

// Hierarchy is the one whose cgroup IDs the Resolver takes.
func (r *Resolver) Hierarchy() (Hierarchy, error) { return r.hierarchy, r.located }

// Lookup tells what is known of a cgroup; false when nothing is: then Resolve
// may find it. It takes no lock and allocates nothing.
func (r *Resolver) Lookup(cgroupID uint64) (*Info, bool) {
	e := r.table.get(cgroupID)
	if e == nil {
		return nil, false
	}
	info := e.info.Load()
	return info, info != nil
}

// Observe tells of a cgroup that was made, or exists, at a path in the hierarchy.
// The path is kept: it must not change.
func (r *Resolver) Observe(cgroupID uint64, path string) { r.observe(cgroupID, path) }

func (r *Resolver) observe(cgroupID uint64, path string) *Info {
	if info, ok := r.Lookup(cgroupID); ok && info.CgroupPath == path && !r.isLeaving(cgroupID) {
		return info
	}
	info := newInfo(cgroupID, path)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	e := r.take(cgroupID)
	if info.asks() {
		if d := r.answers[info.ID]; d != nil {
			info = info.with(d)
		}
	}
	e.info.Store(info)
	if info.ID == "" {
		r.hosts.push(e)
		return info
	}
	r.containers.push(e)
	if info.asks() {
		r.ask(e, 0)
	}
	return info
}

func (r *Resolver) isLeaving(cgroupID uint64) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	e := r.table.get(cgroupID)
	return e != nil && e.list == &r.leaving
}

// Forget tells that a cgroup was removed. It stays for a grace time: events of
// its processes may still come.
func (r *Resolver) Forget(cgroupID uint64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.sweep()
	if e := r.table.get(cgroupID); e != nil && e.list != &r.leaving {
		e.until = r.deadline()
		r.leaving.push(e)
	}
}

// Resolve is Lookup that goes on looking: by the kernel's file handles, then by
// the cgroup of the process, which may have moved since. nil when the cgroup is
// gone, or was not found a moment ago. It reads files, and only for cgroups that
// are not known.
func (r *Resolver) Resolve(cgroupID uint64, pid uint32) *Info {
	if e := r.table.get(cgroupID); e != nil {
		info := e.info.Load()
		if info != nil || r.settings.Now().UnixNano() < r.expiry(e) {
			return info
		}
	}
	info, err := r.fromHandle(cgroupID)
	if err == nil {
		return info
	}
	if info, err = r.FromPID(pid); err == nil && info.CgroupID == cgroupID {
		return info
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	e := r.table.get(cgroupID)
	if e == nil {
		e = r.take(cgroupID)
	} else if info := e.info.Load(); info != nil { // observed meanwhile
		return info
	}
	r.stats.Unresolved++
	e.until = r.deadline()
	r.unresolved.push(e)
	return nil
}

func (r *Resolver) expiry(e *entry) int64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return e.until
}

func (r *Resolver) deadline() int64 { return r.settings.Now().Add(r.settings.Grace).UnixNano() }

// take gives the entry of a cgroup, a new one if need be.
func (r *Resolver) take(cgroupID uint64) *entry {
	r.sweep()
	if e := r.table.get(cgroupID); e != nil {
		return e
	}
	if r.len() >= r.settings.Max {
		r.evict()
	}
	e := &entry{id: cgroupID}
	r.table.add(e)
	return e
}

func (r *Resolver) len() int {
	return r.hosts.length + r.containers.length + r.leaving.length + r.unresolved.length
}

// sweep drops what has had its time.
func (r *Resolver) sweep() {
	now := r.settings.Now().UnixNano()
	for _, l := range []*list{&r.leaving, &r.unresolved} {
		for l.oldest != nil && l.oldest.until <= now {
			r.drop(l.oldest)
		}
	}
}

// evict makes room: the cgroups that matter least go first.
func (r *Resolver) evict() {
	for _, l := range []*list{&r.unresolved, &r.leaving, &r.hosts, &r.containers} {
		if l.oldest != nil {
			r.drop(l.oldest)
			r.stats.Evicted++
			return
		}
	}
}

func (r *Resolver) drop(e *entry) {
	e.leave()
	r.table.remove(e)
}

// Stats gives the counts.
func (r *Resolver) Stats() Stats {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	s := r.stats
	s.Cgroups = r.len() - r.unresolved.length
	for _, l := range []*list{&r.containers, &r.leaving} {
		for e := l.oldest; e != nil; e = e.newer {
			if info := e.info.Load(); info != nil && info.ID != "" {
				s.Containers++
			}
		}
	}
	s.Waiting = r.waiting.Len()
	return s
}
