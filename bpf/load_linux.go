package bpf

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strings"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

// Scope is what part of the host a sensor watches: enum scope of core.h.
type Scope uint32

// The scopes.
const (
	ScopeHost    Scope = iota
	ScopeProcess       // a process and what it starts
	ScopeCgroup        // a cgroup and those below it
)

// Settings are fixed when the programs are loaded.
type Settings struct {
	Tier             Tier   // the best to try
	BootSeed         uint64 // from the boot ID, makes exec IDs unique across boots
	SelfPID          uint32 // the sensor, never reported
	Scope            Scope
	ScopePID         uint32
	ScopeCgroup      uint64 // cgroup v2 ID
	ScopeCgroupLevel uint32 // its depth below the root
	CgroupController string // of cgroup v1, whose hierarchy names containers; "" is v2
	ArgumentsMax     uint32 // bytes of arguments kept, at most 8192
	VitalBytes       uint32 // size of each ring: a power of two, at least a page
	BulkBytes        uint32
	Processes        uint32 // how many processes the kernel's table holds
	Kinds            uint64 // bit per Kind: which to capture
}

// Coverage says how one kind is captured.
type Coverage struct {
	Kind     Kind
	Tier     Tier
	Programs []string
	Missing  error // why not, or why not in a better tier
	Note     string
}

// Capture is a loaded, attached set of programs. Close detaches them.
type Capture struct {
	spec     *ebpf.CollectionSpec
	types    *btf.Cache // of the kernel, while loading
	maps     map[string]*ebpf.Map
	programs map[string]*ebpf.Program
	twins    map[string]string // names of what is loaded under another name
	failed   map[string]error
	links    []link.Link
	coverage []Coverage
	words    map[string]*ebpf.Variable // that change while running
	seed     *link.Iter
	sweeps   []sweep
	poll     *os.File

	interrupted atomic.Bool // a Wait is to end
	settings    Settings

	Vital, Bulk *Ring
}

// Load loads and attaches what the kernel allows. It fails when not even the
// life of processes can be seen; a kind that cannot is a line of Coverage.
func Load(s Settings) (*Capture, error) { return loadHooks(s, hooks()) }

func loadHooks(s Settings, hooks []hook) (*Capture, error) {
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, fmt.Errorf("raise the memlock limit (needs CAP_SYS_RESOURCE before Linux 5.11): %w", err)
	}
	spec, err := loadVigil()
	if err != nil {
		return nil, fmt.Errorf("read the embedded kernel object: %w", err)
	}
	c := &Capture{
		spec: spec, types: btf.NewCache(), settings: s, twins: twins(spec.Programs),
		maps: map[string]*ebpf.Map{}, programs: map[string]*ebpf.Program{}, failed: map[string]error{},
	}
	if err := c.open(hooks); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.spec, c.types = nil, nil // tens of megabytes, which only loading needs
	return c, nil
}

func (c *Capture) open(hooks []hook) error {
	if err := c.set(); err != nil {
		return err
	}
	if err := c.makeMaps(); err != nil {
		return err
	}
	var err error
	if c.Vital, err = OpenRing(c.maps["vital"]); err != nil {
		return err
	}
	if c.Bulk, err = OpenRing(c.maps["bulk"]); err != nil {
		return err
	}
	if c.poll, err = pollMaps(c.maps["vital"], c.maps["bulk"]); err != nil {
		return err
	}
	c.loadAhead(hooks)
	for _, h := range hooks {
		covered := c.attach(h)
		if covered.Tier == TierNone && h.tiers[TierTracepoint] != nil && h.kind <= vigilKindKIND_EXIT {
			return fmt.Errorf("capture the life of processes: %w", covered.Missing)
		}
		c.coverage = append(c.coverage, covered)
	}
	return c.attachAlways()
}

// attachAlways starts what serves several kinds: the sweeps that end folds and sockets.
func (c *Capture) attachAlways() error {
	_, err := c.attachAll([]string{"fold_sweep", "datagram_sweep"})
	return err
}

func (c *Capture) set() error {
	s := c.settings
	controller, err := c.controller(s.CgroupController)
	if err != nil {
		return err
	}
	c.spec.Maps["vital"].MaxEntries = s.VitalBytes
	c.spec.Maps["bulk"].MaxEntries = s.BulkBytes
	c.spec.Maps["processes"].MaxEntries = s.Processes
	values := map[string]any{
		"boot_seed": s.BootSeed, "self_pid": s.SelfPID, "scope": uint32(s.Scope), "scope_pid": s.ScopePID,
		"scope_cgroup": s.ScopeCgroup, "scope_cgroup_level": s.ScopeCgroupLevel,
		"cgroup_controller": controller, "arguments_max": s.ArgumentsMax, "kinds": s.Kinds,
		"page_shift": uint32(bits.TrailingZeros(uint(os.Getpagesize()))),
	}
	for name, value := range values {
		if err := c.spec.Variables[name].Set(value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

// controller is the number of a v1 controller in this kernel, which depends on how
// it was built; -1: none (enum cgroup_subsys_id, include/linux/cgroup-defs.h).
func (c *Capture) controller(name string) (int32, error) {
	if name == "" {
		return -1, nil
	}
	kernel, err := c.types.Kernel()
	if err != nil {
		return 0, fmt.Errorf("read the kernel's types: %w", err)
	}
	var controllers *btf.Enum
	if err := kernel.TypeByName("cgroup_subsys_id", &controllers); err != nil {
		return 0, fmt.Errorf("number the cgroup controllers: %w", err)
	}
	for _, v := range controllers.Values {
		if v.Name == name+"_cgrp_id" {
			return int32(v.Value), nil
		}
	}
	return 0, fmt.Errorf("this kernel has no cgroup controller %q", name)
}

// makeMaps makes the maps before any program: each program is loaded by itself,
// so that one that a kernel refuses takes no other with it.
func (c *Capture) makeMaps() error {
	spec := c.spec.Copy()
	spec.Programs = nil
	all, err := ebpf.NewCollection(spec)
	if err != nil {
		return fmt.Errorf("make the kernel maps (needs CAP_BPF or root, and BTF): %w", err)
	}
	c.maps, c.words = all.Maps, all.Variables
	return nil
}

// attach tries the tiers of a hook, best first.
func (c *Capture) attach(h hook) Coverage {
	covered := Coverage{Kind: h.kind, Tier: TierNone, Note: h.note}
	var why []error
	for tier := c.settings.Tier; tier < TierNone; tier++ {
		if len(h.tiers[tier]) == 0 {
			continue
		}
		names, err := c.attachAll(h.tiers[tier])
		if err == nil {
			covered.Tier, covered.Programs = tier, names
			break
		}
		why = append(why, fmt.Errorf("%s: %w", tier, err))
	}
	covered.Missing = errors.Join(why...)
	return covered
}

// attachAll loads all programs of a list before it attaches the first.
func (c *Capture) attachAll(list []string) ([]string, error) {
	var names []string
	for _, step := range []func(string) error{c.load, c.start} {
		names = names[:0]
		for _, name := range list {
			name, optional := strings.CutSuffix(name, "?")
			if err := step(name); err == nil {
				names = append(names, name)
			} else if !optional {
				return nil, err
			}
		}
	}
	return names, nil
}
