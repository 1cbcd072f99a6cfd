package bpf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Coverage says for every kind how it is captured.
func (c *Capture) Coverage() []Coverage { return c.coverage }

// SetKinds changes which kinds the kernel captures: a bit per Kind.
func (c *Capture) SetKinds(kinds uint64) error {
	if err := c.words["kinds"].Set(kinds); err != nil {
		return fmt.Errorf("set kinds: %w", err)
	}
	return nil
}

// Close detaches everything.
func (c *Capture) Close() error {
	var errs []error
	for _, l := range c.links {
		errs = append(errs, l.Close())
	}
	for _, p := range c.programs {
		errs = append(errs, p.Close())
	}
	for _, r := range []*Ring{c.Vital, c.Bulk} {
		if r != nil {
			errs = append(errs, r.Close())
		}
	}
	for _, m := range c.maps {
		errs = append(errs, m.Close())
	}
	if c.poll != nil {
		errs = append(errs, c.poll.Close())
	}
	return errors.Join(errs...)
}

// Reason says why records were lost: enum lost_reason of event.h.
type Reason uint32

// Lost is how many records of a kind were lost on a CPU for a reason since the capture began.
type Lost struct {
	Kind    Kind
	Reason  Reason
	CPU     uint32 // AnyCPU where the kernel does not tell
	Records uint64
}

// AnyCPU stands for all of them.
const AnyCPU = ^uint32(0)

// The reasons, as in event.h.
const (
	LostRingFull Reason = iota
	LostTableFull
	LostRecursion
	LostScratch
	LostReader
	LostUpstream
	lostReasons
)

// Lost reads the counters of all CPUs: what found no room, by kind and reason,
// and what the kernel skipped because a program was running already.
func (c *Capture) Lost() ([]Lost, error) {
	var out []Lost
	counters := c.maps["lost"]
	var perCPU []uint64
	for key := range counters.MaxEntries() {
		if err := counters.Lookup(key, &perCPU); err != nil {
			return nil, fmt.Errorf("read the loss counters: %w", err)
		}
		for cpu, n := range perCPU {
			if n > 0 {
				out = append(out, Lost{Kind(key / uint32(lostReasons)), Reason(key % uint32(lostReasons)), uint32(cpu), n})
			}
		}
	}
	skipped, err := c.skipped()
	return append(out, skipped...), err
}

// skipped is what the kernel did not run because the program was running already
// on the CPU (told since Linux 5.12), and no spare took over. Not every skipped run
// would have made a record: it is the most that can be missing. A program that serves
// several kinds counts for the first; the system call dispatchers serve all and count
// for none.
func (c *Capture) skipped() ([]Lost, error) {
	kinds := map[string]Kind{}
	for _, covered := range c.coverage {
		for _, name := range covered.Programs {
			name = c.own(name)
			if _, told := kinds[name]; !told {
				kinds[name] = covered.Kind
			}
		}
	}
	var out []Lost
	for name, p := range c.programs {
		stats, err := p.Stats()
		if err != nil || stats.RecursionMisses == 0 || strings.HasSuffix(name, spare) {
			continue
		}
		missed := stats.RecursionMisses
		if c.programs[name+spare] != nil {
			taken, err := c.spared(kinds[name])
			if err != nil {
				return nil, err
			}
			missed -= min(missed, taken)
		}
		if missed > 0 {
			out = append(out, Lost{kinds[name], LostRecursion, AnyCPU, missed})
		}
	}
	return out, nil
}

// spare ends the name of a program that stands in for another: WITH_SPARES of core.h.
const spare = "_spare"

// spared is how often a kind's spare did the work, on all CPUs.
func (c *Capture) spared(k Kind) (taken uint64, err error) {
	var perCPU []struct{ Told, Spared uint64 } // struct turn of core.h
	if err := c.maps["turns"].Lookup(uint32(k), &perCPU); err != nil {
		return 0, fmt.Errorf("read what spares took over: %w", err)
	}
	for _, t := range perCPU {
		taken += t.Spared
	}
	return taken, nil
}

// sweep goes through a table of the kernel's.
type sweep struct {
	iter    *link.Iter
	waiting *ebpf.Variable // not 0: there is something in the table
}

// Sweep makes the kernel tell of the repeats whose window is over, and of the UDP
// sockets that are gone. Where nothing waits it costs nothing.
func (c *Capture) Sweep() error {
	for _, s := range c.sweeps {
		var waiting uint32
		err := s.waiting.Get(&waiting)
		if err == nil && waiting == 0 {
			continue
		}
		// Before: what comes meanwhile, or stays, sets it again.
		if err = errors.Join(err, s.waiting.Set(uint32(0))); err == nil {
			err = run(s.iter, "go through it")
		}
		if err != nil {
			return fmt.Errorf("sweep the kernel's tables: %w", err)
		}
	}
	return nil
}

// Losses counts what made Lost change, but for what the kernel skipped: to look is
// cheap, to ask what was lost is not.
func (c *Capture) Losses() (uint64, error) {
	var n uint64
	if err := c.words["losses"].Get(&n); err != nil {
		return 0, fmt.Errorf("read the loss counter: %w", err)
	}
	return n, nil
}

// Watch sets the names of files, and of directories whose files, reading is told of.
// Names of 32 bytes and more cannot be watched.
func (c *Capture) Watch(names []string) error {
	watches := c.maps["watches"]
	var lengths, letters uint64
	keys := make(map[[watchName]byte]bool, len(names))
	for _, name := range names {
		if len(name) == 0 || len(name) >= watchName {
			return fmt.Errorf("watch %q: a name of 1 to %d bytes is needed", name, watchName-1)
		}
		var key [watchName]byte
		copy(key[:], name)
		keys[key] = true
		lengths |= 1 << (len(name) & 63)
		letters |= 1 << (name[0] & 63)
	}
	var gone [][watchName]byte // what stays is watched all the time
	var key [watchName]byte
	for err := watches.NextKey(nil, &key); err == nil; err = watches.NextKey(key, &key) {
		if !keys[key] {
			gone = append(gone, key)
		}
	}
	for _, key := range gone {
		if err := watches.Delete(key); err != nil {
			return fmt.Errorf("clear the watched names: %w", err)
		}
	}
	for key := range keys {
		if err := watches.Put(key, uint32(1)); err != nil {
			return fmt.Errorf("watch a name: %w", err)
		}
	}
	if err := c.words["watch_letters"].Set(letters); err != nil {
		return fmt.Errorf("set the watched letters: %w", err)
	}
	if err := c.words["watch_lengths"].Set(lengths); err != nil {
		return fmt.Errorf("set the watched lengths: %w", err)
	}
	return nil
}

const watchName = 32 // WATCH_NAME of file.bpf.c
