//go:build linux

package capture

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"vigil/bpf"
	"vigil/decode"
	"vigil/test/generator"
)

// watcher is told of what the test's own children do.
type watcher struct {
	*session
	take  func(decode.Record)
	begin uint64 // what was made before is not this test's
	base  tally  // what was lost before
	count [decode.KindCount]atomic.Uint64
	bad   error
}

// tier is the one under test.
func tier(t testing.TB) bpf.Tier {
	name := os.Getenv("VIGIL_TIER")
	if name == "" {
		return bpf.TierTracepoint
	}
	tier, ok := bpf.ParseTier(name)
	if !ok {
		t.Fatalf("VIGIL_TIER=%s is no tier", name)
	}
	return tier
}

// settings are those of a sensor scoped to this test.
func settings(t testing.TB) bpf.Settings {
	return bpf.Settings{
		Tier: tier(t), BootSeed: 42, SelfPID: uint32(os.Getpid()), Scope: bpf.ScopeProcess, ScopePID: uint32(os.Getpid()),
		ArgumentsMax: 4096, VitalBytes: 8 << 20, BulkBytes: 16 << 20, Processes: 65536, Kinds: ^uint64(0),
	}
}

// watch begins to capture; take sees every record, one at a time, and must copy what it keeps.
func watch(t testing.TB, s bpf.Settings, take func(decode.Record)) *watcher {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
	c, err := shared.with(s)
	if err != nil {
		t.Fatalf("load: %+v", err)
	}
	w := &watcher{session: c, take: take, begin: bootTime()}
	w.base = w.tally(t)
	c.hand(w)
	t.Cleanup(func() {
		if err := w.end(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *watcher) record(b []byte) {
	r, err := decode.Decode(b)
	if err != nil {
		w.bad = errors.Join(w.bad, err)
		return
	}
	if r.Time < w.begin {
		return
	}
	w.count[r.Kind()].Add(uint64(r.Count))
	if w.take != nil {
		w.take(r)
	}
}

// end takes what there is still to tell, and says what went wrong meanwhile.
func (w *watcher) end() error {
	w.bad = errors.Join(w.bad, w.leave(w))
	return w.bad
}

// tally is how many of each kind were sent and lost.
type tally struct{ sent, lost, skipped [decode.KindCount]uint64 }

// tally counts from the watcher's begin.
func (w *watcher) tally(t testing.TB) tally {
	t.Helper()
	var n tally
	lost, err := w.Lost()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lost {
		if l.Reason == bpf.LostRecursion {
			n.skipped[l.Kind] += l.Records
			continue
		}
		n.lost[l.Kind] += l.Records
	}
	for k := range n.sent {
		n.sent[k] = w.count[k].Load()
	}
	return n.since(w.base)
}

// since is what came after. A spare that took over makes what was skipped less.
func (n tally) since(before tally) tally {
	for k := range n.sent {
		n.sent[k] -= before.sent[k]
		n.lost[k] -= before.lost[k]
		n.skipped[k] -= min(n.skipped[k], before.skipped[k])
	}
	return n
}

// covered says how a kind is captured here.
func (w *watcher) covered(k decode.Kind) bpf.Coverage {
	i := slices.IndexFunc(w.Coverage(), func(c bpf.Coverage) bool { return decode.Kind(c.Kind) == k })
	if i < 0 {
		return bpf.Coverage{Tier: bpf.TierNone, Missing: errors.New("no hook for it")}
	}
	return w.Coverage()[i]
}

// generatorPath builds the witness, or takes the one that VIGIL_GENERATOR names.
func generatorPath(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("VIGIL_GENERATOR"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "generator")
	if out, err := exec.Command("../generator/build", path).CombinedOutput(); err != nil {
		t.Fatalf("build the generator: %v\n%s", err, out)
	}
	return path
}

// generate makes the witness do n of a kind on all CPUs and gives its report.
func generate(t testing.TB, program, kind string, n, workers int, dir string) generator.Report {
	t.Helper()
	cmd := exec.Command(program, kind, "--count", strconv.Itoa(n), "--workers", strconv.Itoa(workers), "--dir", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("generator %s: %v\n%s", kind, err, out)
	}
	var r generator.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("generator %s: %v\n%s", kind, err, out)
	}
	return r
}
