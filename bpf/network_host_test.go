//go:build linux

package bpf

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"vigil/decode"
)

// TestNetworkHost captures a whole host, which belongs in a virtual machine: what
// began before the sensor has no owner, and what the sensor does is not told.
func TestNetworkHost(t *testing.T) {
	if os.Getenv("VIGIL_HOST") == "" {
		t.Skip("captures the whole host: set VIGIL_HOST in a virtual machine")
	}
	child := exec.Command("/proc/self/exe", "-test.run=^TestNetworkChild$", "-test.v")
	child.Env = append(os.Environ(), networkChild+"=old")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for line := ""; line != "READY\n"; {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	c := &captured{Capture: load(t, ScopeHost, slices.Concat(lifeHooks(), networkHooks()))}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	checkNetwork(t, c.Capture)
	own := talkToSelf(t)
	if _, err := in.Write([]byte{0}); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err = errors.Join(err, child.Wait()); err != nil {
		t.Fatalf("%v\n%s", err, rest)
	}
	r := &networkRun{T: t, tier: c.settings.Tier, seen: map[*decode.Header]bool{}}
	r.readReport(string(rest))
	time.Sleep(50 * time.Millisecond)
	r.drain(c, func(record decode.Record) bool { return true })
	for _, ends := range [][2]string{{"old-client", "old-server"}, {"old-server", "old-client"}} {
		record := r.one("end of an old connection", decode.KindFlowEnd, r.between(ends[0], ends[1]))
		if !record.Is(decode.EventNoIdentity) || record.PID != 0 || record.ExecID != 0 {
			t.Errorf("end of an old connection: %+v", *record.Header)
		}
		if f := record.Flow(); f.BytesSent+f.BytesReceived != 5 {
			t.Errorf("end of an old connection: %+v", *f)
		}
	}
	for _, record := range r.records {
		isNetwork := record.Kind() >= decode.KindConnect && record.Kind() <= decode.KindDNS
		if isNetwork && (record.PID == uint32(os.Getpid()) || endsOf(record).LocalPort == own || endsOf(record).RemotePort == own) {
			t.Errorf("the sensor's own %s is told: %+v", record.Kind(), *endsOf(record))
		}
	}
}

// talkToSelf makes a connection within this process and gives its port.
func talkToSelf(t *testing.T) uint16 {
	t.Helper()
	c := &causes{t: t, report: networkReport{Numbers: map[string]int{}}}
	c.stream("own", syscall.AF_INET, 0)
	return uint16(c.report.Numbers["own-server"])
}
