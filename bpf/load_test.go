//go:build linux

package bpf

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/cilium/ebpf"
)

func TestSpine(t *testing.T) {
	t0 := time.Now()
	c, err := Load(Settings{Tier: tier(), BootSeed: 42, SelfPID: uint32(os.Getpid()), Scope: ScopeProcess, ScopePID: uint32(os.Getpid()),
		CgroupController: -1, ArgumentsMax: 4096, VitalBytes: 1 << 20, BulkBytes: 1 << 20, Processes: 1024, Kinds: ^uint64(0)})
	var v *ebpf.VerifierError
	if errors.As(err, &v) {
		t.Fatalf("%+v", v)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Println("load", time.Since(t0))
	for _, k := range c.Coverage() {
		if k.Missing != nil {
			var v *ebpf.VerifierError
			if errors.As(k.Missing, &v) {
				fmt.Printf("%d %s\n", k.Kind, v.Log[max(0, len(v.Log)-12):])
			} else {
				fmt.Println(k.Kind, k.Missing)
			}
		}
	}
	if err := c.Seed(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", "cd /tmp/w; echo hi > a; echo ho >> a; mv a b; mkdir d; rmdir d; ln b c; ln -s b e; chmod 600 b; chown 1:1 b; truncate -s 7 b; rm b c e; echo x; sleep 1.2")
	cmd.Run()
	time.Sleep(10 * time.Millisecond)
	show := func(b []byte) { fmt.Printf("%d %d %x %q\n", b[4], b[60], b[6:8], b[64+32:]) }
	c.Bulk.Read(c.Bulk.End(), show)
	fmt.Println(c.Sweep())
	c.Bulk.Read(c.Bulk.End(), show)
	fmt.Println(c.Lost())
}

func tier() Tier {
	t, ok := ParseTier(os.Getenv("VIGIL_TIER"))
	if !ok {
		return TierTracepoint
	}
	return t
}
