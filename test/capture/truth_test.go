//go:build linux

package capture

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"vigil/bpf"
	"vigil/decode"
	"vigil/test/generator"
)

// operations is how many of each kind the witness does: VIGIL_COUNT, or the 20,000 of the promise.
func operations() int {
	if n, err := strconv.Atoi(os.Getenv("VIGIL_COUNT")); err == nil {
		return n
	}
	return 20000
}

// happened is what of a kind the witness did, and what the sensor must have seen or lost.
type happened struct {
	kind decode.Kind
	of   func(t generator.Tally) uint64
}

// always is of every kind's promises.
func always() []happened {
	return []happened{
		{decode.KindFork, func(t generator.Tally) uint64 { return t.Forks }},
		{decode.KindExec, func(t generator.Tally) uint64 { return t.Execs }},
		{decode.KindExit, func(t generator.Tally) uint64 { return t.Exits }},
	}
}

func truths() map[string][]happened {
	opens := happened{decode.KindFileOpen, func(t generator.Tally) uint64 { return t.OpensForWrite }}
	writes := happened{decode.KindFileWrite, func(t generator.Tally) uint64 { return t.ClosesAfterWrite }}
	renames := happened{decode.KindFileRename, func(t generator.Tally) uint64 { return t.Renames }}
	unlinks := happened{decode.KindFileUnlink, func(t generator.Tally) uint64 { return t.Unlinks + t.Rmdirs }}
	mkdirs := happened{decode.KindFileMkdir, func(t generator.Tally) uint64 { return t.Mkdirs }}
	connects := happened{decode.KindConnect, func(t generator.Tally) uint64 { return t.Connects }}
	accepts := happened{decode.KindAccept, func(t generator.Tally) uint64 { return t.Accepts }}
	return map[string][]happened{
		"exec":     nil,
		"fork":     nil,
		"open":     {opens, unlinks},
		"write":    {opens, writes, unlinks},
		"samefile": {opens, writes},
		"rename":   {renames},
		"unlink":   {opens, unlinks},
		"mkdir":    {mkdirs, unlinks},
		"connect":  {connects, accepts},
		"mixed":    {opens, writes, renames, connects, accepts},
	}
}

// What was sent and what was lost is what happened, of every kind, from all CPUs
// at once; and at the default sizes nothing is lost, but for what the kernel skipped
// where it preempts within programs: of a file whose close was skipped the writes are.
func TestTruth(t *testing.T) {
	s := settings(t)
	n := checkTruth(t, s, false)
	var skipped uint64
	for _, of := range n.skipped {
		skipped += of
	}
	for k, lost := range n.lost {
		if lost > skipped {
			t.Errorf("%s: %d lost at the default ring sizes, and the kernel skipped %d", decode.Kind(k), lost, skipped)
		}
	}
}

// With rings far too small, and nobody who reads them meanwhile, the sum holds all
// the same, and the loss is told.
func TestTruthWithSmallRings(t *testing.T) {
	s := settings(t)
	s.VitalBytes, s.BulkBytes = 64<<10, 64<<10
	var all uint64
	for _, n := range checkTruth(t, s, true).lost {
		all += n
	}
	if all == 0 {
		t.Error("nothing was lost with rings of 64 KiB: the test proves nothing")
	}
}

// checkTruth lets the witness do each kind and gives the tally. Unread leaves
// the rings alone until the witness is done.
func checkTruth(t *testing.T, s bpf.Settings, unread bool) tally {
	t.Helper()
	program := generatorPath(t)
	w := watch(t, s, nil)
	for kind, promises := range truths() {
		t.Run(kind, func(t *testing.T) {
			before := w.tally(t)
			w.paused.Store(unread)
			r := generate(t, program, kind, operations(), runtime.NumCPU(), t.TempDir())
			w.paused.Store(false)
			for k, n := range w.tally(t).since(before).skipped {
				if n > 0 {
					t.Logf("%s: the kernel skipped programs %d times", decode.Kind(k), n)
				}
			}
			// Its own life is settled too: an exit that is read late would count for the next kind.
			for _, p := range append(always(), promises...) {
				if c := w.covered(p.kind); len(c.Programs) == 0 {
					t.Errorf("%s is not captured: %v", p.kind, c.Missing)
					continue
				}
				w.settle(t, before, p.kind, p.of(r.Did)+p.of(r.Overhead)+itself(p.kind))
			}
		})
	}
	return w.tally(t)
}

// itself is what the generator does that it does not count: its own life.
func itself(k decode.Kind) uint64 {
	if k == decode.KindFork || k == decode.KindExec || k == decode.KindExit {
		return 1
	}
	return 0
}

// settle waits until as much was sent and lost as happened: records are read a
// moment after, and repeats told once their window is over. Where the kernel
// skipped programs, that need not come: then until nothing more has come for long.
func (w *watcher) settle(t *testing.T, before tally, k decode.Kind, happened uint64) {
	t.Helper()
	const patience, quiet = 2 * time.Minute, 3 * time.Second // quiet: more than a sweep and a fold's window
	var sent, lost, skipped uint64
	changed := time.Now()
	for deadline := changed.Add(patience); ; time.Sleep(20 * time.Millisecond) {
		now := w.tally(t).since(before)
		if now.sent[k]+now.lost[k] != sent+lost {
			changed = time.Now()
		}
		sent, lost, skipped = now.sent[k], now.lost[k], now.skipped[k]+now.skipped[decode.KindNone]
		bounded := sent+lost+skipped >= happened && time.Since(changed) > quiet
		if sent+lost >= happened || bounded || time.Now().After(deadline) {
			break
		}
	}
	// What the kernel skipped was not looked at: it is the most that can be missing.
	if sent+lost > happened || sent+lost+skipped < happened {
		t.Errorf("%s: %d sent + %d lost (and %d skipped), but %d happened", k, sent, lost, skipped, happened)
	}
}
