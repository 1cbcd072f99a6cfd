//go:build linux

package bpf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"vigil/decode"
)

// networkRun is what was captured of a child that caused network events.
type networkRun struct {
	*testing.T
	tier    Tier
	pid     uint32
	execID  uint64
	parent  uint64
	report  networkReport
	records []decode.Record
	skipped int
	seen    map[*decode.Header]bool
}

// startNetwork gives the capture that tests share, which must see the network in
// the tier that is asked for.
func startNetwork(t *testing.T) *captured {
	t.Helper()
	c := capture(t)
	checkNetwork(t, c.Capture)
	return c
}

func checkNetwork(t *testing.T, c *Capture) {
	t.Helper()
	for _, covered := range c.Coverage() {
		if covered.Kind < Kind(decode.KindConnect) || covered.Kind > Kind(decode.KindDNS) {
			continue
		}
		if covered.Tier != causeTier() {
			t.Errorf("%s is captured in tier %s: %+v", decode.Kind(covered.Kind), covered.Tier, covered.Missing)
		}
	}
	if err := c.Seed(); err != nil {
		t.Fatal(err)
	}
}

// runNetwork runs the child in a network namespace of its own and reads what the
// kernel wrote about it.
func runNetwork(t *testing.T, c *captured, what string) *networkRun {
	t.Helper()
	child := exec.Command("/proc/self/exe", "-test.run=^TestNetworkChild$", "-test.v")
	child.Env = append(os.Environ(), networkChild+"="+what)
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r := &networkRun{T: t, tier: c.settings.Tier, pid: uint32(child.Process.Pid), seen: map[*decode.Header]bool{}}
	r.readReport(string(out))
	time.Sleep(50 * time.Millisecond) // connections end a moment after they are closed
	if err := c.Sweep(); err != nil {
		t.Fatal(err)
	}
	r.drain(c, func(record decode.Record) bool { return record.PID == r.pid })
	for _, record := range r.records {
		if record.Kind() == decode.KindExec {
			r.execID, r.parent = record.ExecID, record.ParentExecID
		}
	}
	return r
}

func (r *networkRun) readReport(out string) {
	r.Helper()
	_, text, ok := strings.Cut(out, "REPORT ")
	if !ok {
		r.Fatalf("the child reports nothing:\n%s", out)
	}
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&r.report); err != nil {
		r.Fatal(err)
	}
}

// drain copies what is in the rings, of which nothing may be missing. What the
// kernel skipped, since it ran the program already, is counted: from Linux 6.13 a
// task may be preempted in the middle of the tracepoints of system calls.
func (r *networkRun) drain(c *captured, want func(decode.Record) bool) {
	r.Helper()
	keep := func(b []byte) {
		record, err := decode.Decode(bytes.Clone(b))
		if err != nil {
			r.Fatal(err)
		}
		if want(record) {
			r.records = append(r.records, record)
		}
	}
	c.Vital.Read(c.Vital.End(), keep)
	c.Bulk.Read(c.Bulk.End(), keep)
	for _, l := range c.lostSince(r.T) {
		if l.Reason != LostRecursion {
			r.Fatalf("lost %+v", l)
		}
		r.skipped += int(l.Records)
	}
	if r.skipped > 0 {
		r.Logf("the kernel skipped programs %d times", r.skipped)
	}
}

// take finds the records that are told for the first time here, and checks their header.
func (r *networkRun) take(kind decode.Kind, want func(decode.Record) bool) []decode.Record {
	r.Helper()
	var found []decode.Record
	for _, record := range r.records {
		if record.Kind() != kind || r.seen[record.Header] || !want(record) {
			continue
		}
		r.seen[record.Header] = true
		found = append(found, record)
		h := record.Header
		if r.pid != 0 && (h.ExecID != r.execID || h.ParentExecID != r.parent || h.UID != 0 || h.Count != 1 || h.TID == 0 || h.CgroupID == 0 || record.Is(decode.EventNoIdentity)) {
			r.Errorf("%s: header %+v, want exec ID %x, parent %x", kind, *h, r.execID, r.parent)
		}
		ends := endsOf(record)
		if kind != decode.KindRawSocket && ends.Socket == 0 && r.pid != 0 || ends.NetNS != r.report.NetNS {
			r.Errorf("%s: ends %+v, want net namespace %d", kind, *ends, r.report.NetNS)
		}
	}
	return found
}

func (r *networkRun) one(what string, kind decode.Kind, want func(decode.Record) bool) decode.Record {
	r.Helper()
	found := r.take(kind, want)
	if len(found) != 1 {
		r.Fatalf("%s: %d records of kind %s, want 1", what, len(found), kind)
	}
	return found[0]
}

func endsOf(r decode.Record) *decode.Endpoints {
	switch {
	case r.Socket() != nil:
		return &r.Socket().Ends
	case r.Flow() != nil:
		return &r.Flow().Ends
	}
	return &r.DNS().Ends
}

func (r *networkRun) number(name string) uint16 {
	r.Helper()
	n, ok := r.report.Numbers[name]
	if !ok {
		r.Fatalf("the child knows no %s", name)
	}
	return uint16(n)
}

// between finds records of a socket with these ports, in the order local, remote.
func (r *networkRun) between(local, remote string) func(decode.Record) bool {
	r.Helper()
	return fromTo(r.number(local), r.number(remote))
}

func fromTo(local, remote uint16) func(decode.Record) bool {
	return func(record decode.Record) bool {
		e := endsOf(record)
		return e.LocalPort == local && e.RemotePort == remote
	}
}

func (r *networkRun) checkEnds(what string, record decode.Record, local, remote string, family, protocol, kind int) {
	r.Helper()
	e := endsOf(record)
	got := fmt.Sprintln(netip.AddrFrom16(e.Local), netip.AddrFrom16(e.Remote), e.Family, e.Protocol, e.Type)
	if want := fmt.Sprintln(local, remote, family, protocol, kind); got != want {
		r.Errorf("%s: ends are %s, want %s", what, got, want)
	}
}

func TestNetwork(t *testing.T) {
	c := startNetwork(t)
	r := runNetwork(t, c, "all")
	for _, test := range []struct {
		name  string
		check func(*networkRun)
	}{
		{"tcp4", func(r *networkRun) { r.checkStream("tcp4", syscall.AF_INET, "::ffff:127.0.0.1") }},
		{"tcp6", func(r *networkRun) { r.checkStream("tcp6", syscall.AF_INET6, "::1") }},
		{"mptcp", func(r *networkRun) {
			if _, ok := r.report.Numbers["mptcp-client"]; !ok {
				r.Skip("the kernel has no MPTCP")
			}
			r.checkStream("mptcp", syscall.AF_INET, "::ffff:127.0.0.1")
		}},
		{"failures", (*networkRun).checkFailures},
		{"unbound", (*networkRun).checkUnbound},
		{"reset", (*networkRun).checkReset},
		{"udp4", func(r *networkRun) { r.checkDatagrams("udp4", syscall.AF_INET, "::ffff:127.0.0.1") }},
		{"udp6", func(r *networkRun) { r.checkDatagrams("udp6", syscall.AF_INET6, "::1") }},
		{"connected", (*networkRun).checkConnected},
		{"mapped", (*networkRun).checkMapped},
		{"dns", (*networkRun).checkDNS},
		{"unix", (*networkRun).checkUnix},
		{"raw", (*networkRun).checkRaw},
	} {
		t.Run(test.name, func(t *testing.T) {
			r.T = t
			test.check(r)
		})
	}
	for _, record := range r.records {
		if record.Kind() >= decode.KindConnect && record.Kind() <= decode.KindDNS && !r.seen[record.Header] {
			t.Errorf("told for no reason: %s %+v", record.Kind(), *endsOf(record))
		}
	}
}

// TestNetworkOnce proves that each of 2,000 connections is told once from each
// end, and that a kind that is switched off takes nothing from the others.
func TestNetworkOnce(t *testing.T) {
	c := startNetwork(t)
	t.Cleanup(func() {
		if err := c.SetKinds(^uint64(0)); err != nil {
			t.Error(err)
		}
	})
	for _, kinds := range []uint64{
		^uint64(0),
		1<<decode.KindExec | 1<<decode.KindFlowEnd,
		1<<decode.KindExec | 1<<decode.KindConnect | 1<<decode.KindAccept,
	} {
		if err := c.SetKinds(kinds); err != nil {
			t.Fatal(err)
		}
		r := runNetwork(t, c, "many")
		all := func(decode.Record) bool { return true }
		for kind, want := range map[decode.Kind]int{
			decode.KindConnect: 2000, decode.KindAccept: 2000, decode.KindFlowEnd: 4000, decode.KindBind: 1, decode.KindListen: 1,
		} {
			if kinds>>kind&1 == 0 {
				want = 0
			}
			// A connection that was not seen to begin is not told to end, either.
			if got := len(r.take(kind, all)); got > want || got < want-2*r.skipped {
				t.Errorf("%d records of kind %s, want %d (kinds %#x)", got, kind, want, kinds)
			}
		}
	}
}
