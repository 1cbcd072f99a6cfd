package bpf

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
)

// own is the name that a program is loaded by: its own, or its twin's.
func (c *Capture) own(name string) string {
	if twin, ok := c.twins[name]; ok {
		return twin
	}
	return name
}

func (c *Capture) program(name string) *ebpf.Program { return c.programs[c.own(name)] }

// load loads one program, once.
func (c *Capture) load(name string) error {
	name = c.own(name)
	if c.programs[name] != nil {
		return nil
	}
	if err := c.failed[name]; err != nil {
		return err
	}
	c.keep(name, c.loadProgram(name))
	return c.failed[name]
}

func (c *Capture) keep(name string, l loading) {
	if l.err != nil {
		c.failed[name] = l.err
	} else {
		c.programs[name] = l.program
	}
}

// loadersMax bounds how many programs are loaded at once: the verifier takes
// megabytes for each.
const loadersMax = 8

// loadAhead loads what attach is about to ask for, on all CPUs: nearly all the time
// goes to the kernel's verifier.
func (c *Capture) loadAhead(hooks []hook) {
	hooks = slices.Clone(hooks)
	for tier := c.settings.Tier; tier < TierNone && len(hooks) > 0; tier++ {
		c.loadAll(c.missing(hooks, tier))
		hooks = slices.DeleteFunc(hooks, func(h hook) bool {
			return len(h.tiers[tier]) > 0 && !slices.ContainsFunc(h.tiers[tier], func(name string) bool {
				return !strings.HasSuffix(name, "?") && c.program(name) == nil
			})
		})
	}
}

// missing are the programs of a tier that were not tried yet.
func (c *Capture) missing(hooks []hook, tier Tier) []string {
	var names []string
	for _, h := range hooks {
		for _, name := range h.tiers[tier] {
			name = c.own(strings.TrimSuffix(name, "?"))
			if c.programs[name] == nil && c.failed[name] == nil && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func (c *Capture) loadAll(names []string) {
	var workers sync.WaitGroup
	next, done := make(chan string), make(chan loading)
	for range min(runtime.GOMAXPROCS(0), loadersMax, len(names)) {
		workers.Go(func() {
			for name := range next {
				done <- c.loadProgram(name)
			}
		})
	}
	go func() {
		for _, name := range names {
			next <- name
		}
		close(next)
		workers.Wait()
		close(done)
	}()
	for l := range done {
		c.keep(l.name, l)
	}
}

// loading is what came of it.
type loading struct {
	name    string
	program *ebpf.Program
	err     error
}

// loadProgram loads a program by itself, with the maps that it names. Several
// goroutines may call it at once.
func (c *Capture) loadProgram(name string) loading {
	p := c.spec.Programs[name]
	if p == nil {
		return loading{name, nil, fmt.Errorf("no program %s in the kernel object", name)}
	}
	p = p.Copy()
	if call, ok := syscallOf(name); ok && !dispatched(name) {
		p.AttachTo = syscallSymbol(call)
	}
	one := &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{}, Programs: map[string]*ebpf.ProgramSpec{name: p}}
	maps := map[string]*ebpf.Map{}
	for i := range p.Instructions {
		if ref := p.Instructions[i].Reference(); c.maps[ref] != nil {
			one.Maps[ref], maps[ref] = c.spec.Maps[ref], c.maps[ref]
		}
	}
	loaded, err := ebpf.NewCollectionWithOptions(one, ebpf.CollectionOptions{MapReplacements: maps, Cache: c.types})
	if err != nil {
		return loading{name, nil, fmt.Errorf("load %s: %w", name, err)}
	}
	defer loaded.Close()
	return loading{name, loaded.DetachProgram(name), nil}
}

// dispatched tells programs that are reached by a jump from a system call tracepoint.
func dispatched(name string) bool {
	return strings.HasPrefix(name, "exit_sys_") || strings.HasPrefix(name, "enter_sys_")
}
