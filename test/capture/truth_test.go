//go:build linux

package capture

import (
	"os"
	"runtime"
	"strconv"
	"testing"

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

func truths() map[string][]happened {
	forks := happened{decode.KindFork, func(t generator.Tally) uint64 { return t.Forks }}
	exits := happened{decode.KindExit, func(t generator.Tally) uint64 { return t.Exits }}
	execs := happened{decode.KindExec, func(t generator.Tally) uint64 { return t.Execs }}
	opens := happened{decode.KindFileOpen, func(t generator.Tally) uint64 { return t.OpensForWrite }}
	writes := happened{decode.KindFileWrite, func(t generator.Tally) uint64 { return t.ClosesAfterWrite }}
	renames := happened{decode.KindFileRename, func(t generator.Tally) uint64 { return t.Renames }}
	unlinks := happened{decode.KindFileUnlink, func(t generator.Tally) uint64 { return t.Unlinks + t.Rmdirs }}
	mkdirs := happened{decode.KindFileMkdir, func(t generator.Tally) uint64 { return t.Mkdirs }}
	connects := happened{decode.KindConnect, func(t generator.Tally) uint64 { return t.Connects }}
	accepts := happened{decode.KindAccept, func(t generator.Tally) uint64 { return t.Accepts }}
	return map[string][]happened{
		"exec":     {forks, execs, exits},
		"fork":     {forks, exits},
		"open":     {opens, unlinks},
		"write":    {opens, writes, unlinks},
		"samefile": {opens, writes},
		"rename":   {renames},
		"unlink":   {opens, unlinks},
		"mkdir":    {mkdirs, unlinks},
		"connect":  {connects, accepts},
		"mixed":    {forks, execs, exits, opens, writes, renames, connects, accepts},
	}
}

// What was sent and what was lost is what happened, of every kind, from all CPUs at once.
func TestTruth(t *testing.T) {
	program := generatorPath(t)
	for kind, promises := range truths() {
		t.Run(kind, func(t *testing.T) {
			lost := checkTruth(t, program, kind, promises, 8<<20, 16<<20)
			for k, n := range lost {
				t.Errorf("%s: %d lost at the default ring sizes", k, n)
			}
		})
	}
}

// With rings far too small the sum holds all the same, and the loss is told.
func TestTruthWithSmallRings(t *testing.T) {
	program := generatorPath(t)
	var all uint64
	for kind, promises := range truths() {
		t.Run(kind, func(t *testing.T) {
			for _, n := range checkTruth(t, program, kind, promises, 64<<10, 64<<10) {
				all += n
			}
		})
	}
	if all == 0 {
		t.Error("nothing was lost with rings of 64 KiB: the test proves nothing")
	}
}

func checkTruth(t *testing.T, program, kind string, promises []happened, vital, bulk uint32) map[decode.Kind]uint64 {
	t.Helper()
	s := settings(t)
	s.VitalBytes, s.BulkBytes = vital, bulk
	w := watch(t, s, nil)
	r := generate(t, program, kind, operations(), runtime.NumCPU(), t.TempDir())
	w.end()
	if w.bad != nil {
		t.Fatal(w.bad)
	}
	// The generator itself: one fork, exec and exit that it does not count.
	itself := map[decode.Kind]uint64{decode.KindFork: 1, decode.KindExec: 1, decode.KindExit: 1}
	for _, p := range promises {
		if c := w.covered(p.kind); len(c.Programs) == 0 {
			t.Errorf("%s is not captured: %v", p.kind, c.Missing)
			continue
		}
		want := p.of(r.Did) + p.of(r.Overhead) + itself[p.kind]
		if got := w.count[p.kind] + w.lost[p.kind]; got != want {
			t.Errorf("%s: %d sent + %d lost, but %d happened", p.kind, w.count[p.kind], w.lost[p.kind], want)
		}
	}
	return w.lost
}
