//go:build linux

package bpf

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
)

// shared is what the tests capture with, one after the other. To load and attach
// the programs takes a minute under emulation, and no test changes them.
var shared *Capture

func TestMain(m *testing.M) {
	status := m.Run()
	if shared != nil {
		if err := shared.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "close the capture:", err)
			status = 1
		}
	}
	os.Exit(status)
}

// captured is a capture as one test sees it.
type captured struct {
	*Capture
	lost map[Lost]uint64 // before the test; without Records
}

// causeTier is the tier that VIGIL_TIER asks for.
func causeTier() Tier {
	if t, ok := ParseTier(os.Getenv("VIGIL_TIER")); ok {
		return t
	}
	return TierTracepoint
}

// capture gives the capture that tests share, scoped to this process and what it
// starts, with nothing left in it of what was before.
func capture(t *testing.T) *captured {
	t.Helper()
	if shared == nil {
		shared = load(t, ScopeProcess, hooks())
	}
	drain(shared)
	if err := shared.Sweep(); err != nil {
		t.Fatal(err)
	}
	drain(shared)
	c := &captured{shared, map[Lost]uint64{}}
	for _, l := range c.lostSince(t) {
		n := l.Records
		l.Records = 0
		c.lost[l] = n
	}
	return c
}

// load loads the programs of some hooks.
func load(t *testing.T, scope Scope, hooks []hook) *Capture {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to load BPF programs")
	}
	self := uint32(os.Getpid())
	c, err := loadHooks(Settings{
		Tier: causeTier(), BootSeed: 42, SelfPID: self, Scope: scope, ScopePID: self,
		ArgumentsMax: 4096, VitalBytes: 1 << 20, BulkBytes: 8 << 20, Processes: 1024, Kinds: ^uint64(0),
	}, hooks)
	if errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, syscall.EPERM) {
		t.Skipf("BPF is refused here: %v", err)
	}
	if err != nil {
		t.Fatalf("%+v", err)
	}
	return c
}

// lostSince is what was lost since the test began.
func (c *captured) lostSince(t *testing.T) []Lost {
	t.Helper()
	all, err := c.Lost()
	if err != nil {
		t.Fatal(err)
	}
	var since []Lost
	for _, l := range all {
		n := l.Records
		l.Records = 0
		if before := c.lost[l]; n > before { // less: a spare has taken over since
			l.Records = n - before
			since = append(since, l)
		}
	}
	return since
}
