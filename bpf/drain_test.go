//go:build linux

package bpf

import (
	"fmt"
	"github.com/cilium/ebpf"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDrain(t *testing.T) {
	if os.Getenv("DRAIN") == "" {
		t.Skip()
	}
	c, err := Load(Settings{Tier: tier(), BootSeed: 42, SelfPID: uint32(os.Getpid()), Scope: ScopeHost,
		CgroupController: -1, ArgumentsMax: 4096, VitalBytes: 8 << 20, BulkBytes: 16 << 20, Processes: 65536, Kinds: kindsEnv()})
	if err != nil {
		t.Fatal(err)
	}
	c.Seed()
	for _, k := range c.Coverage() {
		if k.Tier != TierFull {
			fmt.Println(k.Kind, k.Tier, k.Missing)
		}
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	var n [64]int
	var b [64]int
	count := func(r []byte) { n[r[4]]++; b[r[4]] += len(r) }
	os.WriteFile("/tmp/ready", nil, 0o644)
	last := time.Now()
	for {
		select {
		case <-stop:
			fmt.Println(n, b)
			for name, p := range c.programs {
				st, _ := p.Stats()
				if st != nil && st.RunCount > 0 {
					fmt.Printf("STAT %s runs %d ns/run %d\n", name, st.RunCount, st.Runtime.Nanoseconds()/int64(st.RunCount))
				}
			}
			fmt.Println(c.Lost())
			c.Close()
			return
		default:
		}
		c.Wait(time.Now().Add(time.Second))
		time.Sleep(20 * time.Millisecond)
		be := c.Bulk.End()
		c.Vital.Read(c.Vital.End(), count)
		c.Bulk.Read(be, count)
		if time.Since(last) > time.Second {
			c.Sweep()
			last = time.Now()
		}
	}
}

func kindsEnv() uint64 {
	k := ^uint64(0)
	fmt.Sscan(os.Getenv("KINDS"), &k)
	return k
}

func TestOnly(t *testing.T) {
	only := os.Getenv("ONLY")
	if only == "" {
		t.Skip()
	}
	spec, _ := loadVigil()
	c := &Capture{spec: spec, types: nil, settings: Settings{Kinds: kindsEnv(), SelfPID: 1, CgroupController: -1, BootSeed: 3, ArgumentsMax: 4096, VitalBytes: 1 << 20, BulkBytes: 1 << 20, Processes: 1000},
		maps: map[string]*ebpf.Map{}, programs: map[string]*ebpf.Program{}, failed: map[string]error{}}
	if err := c.set(); err != nil {
		t.Fatal(err)
	}
	if err := c.makeMaps(); err != nil {
		t.Fatal(err)
	}
	if only != "nothing" {
		if _, err := c.attachAll(strings.Split(only, ",")); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile("/tmp/ready", nil, 0o644)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}
