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
	c, err := Load(Settings{Tier: TierTracepoint, BootSeed: 42, SelfPID: uint32(os.Getpid()), Scope: ScopeProcess, ScopePID: uint32(os.Getpid()),
		CgroupController: -1, ArgumentsMax: 4096, VitalBytes: 1 << 20, BulkBytes: 1 << 20, Processes: 1024, Kinds: ^uint64(0)})
	var v *ebpf.VerifierError
	if errors.As(err, &v) {
		t.Fatalf("%+v", v)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Seed(); err != nil {
		t.Fatal(err)
	}
	exec.Command("/bin/true", "a", "b").Run(); exec.Command("/usr/bin/perl", "-e", "$0=q(hello)").Run(); for _, k := range c.Coverage() { fmt.Println(k) }
	time.Sleep(10 * time.Millisecond)
	c.Vital.Read(c.Vital.End(), func(b []byte) { fmt.Printf("%d %q\n", b[4], b[64:]) })
}
