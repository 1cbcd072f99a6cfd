//go:build linux

package capture

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"vigil/decode"
	"vigil/sensor/process"
	"vigil/test/generator"
)

// life is one process: the n-th that had its PID while the test watched, from 0.
type life struct {
	pid uint32
	nth int
}

// lineage follows who made whom through the sensor's table, event by event.
type lineage struct {
	mutex  sync.Mutex
	table  *process.Table
	lives  map[uint64]life // by exec ID: each image of a process leads to its life
	forked map[uint32]int
	chains map[life][]life // ancestors, the nearest first
	exited map[life]uint64 // when
	events int
	bad    []string
}

func newLineage(seed uint64) *lineage {
	return &lineage{
		table: process.New(process.Settings{BootSeed: seed}), lives: map[uint64]life{}, forked: map[uint32]int{},
		chains: map[life][]life{}, exited: map[life]uint64{},
	}
}

func (l *lineage) complain(format string, args ...any) {
	if len(l.bad) < 20 {
		l.bad = append(l.bad, fmt.Sprintf(format, args...))
	}
}

// take handles one record as the sensor's pipeline does, and asks what the issue
// promises: the exec ID is known, and leads to the same ancestors each time.
func (l *lineage) take(r decode.Record) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.events++
	self := uint32(os.Getpid())
	acting := r.ExecID
	switch r.Kind() {
	case decode.KindExec:
		acting = r.Exec().PreviousExecID
	case decode.KindProcess:
		l.begin(r.ExecID, r.PID)
		l.table.Apply(r)
		return
	case decode.KindFork:
		l.begin(r.Fork().ChildExecID, r.Fork().ChildPID)
	}
	if r.Is(decode.EventNoIdentity) {
		l.complain("%s of %d has no identity", r.Kind(), r.PID)
	}
	if r.PID != self && l.table.Lookup(acting) == nil {
		l.complain("%s of %d: exec ID %x is not known", r.Kind(), r.PID, acting)
	}
	p := l.table.Apply(r)
	if p == nil {
		l.complain("%s of %d: exec ID %x leads nowhere", r.Kind(), r.PID, r.ExecID)
		return
	}
	if r.Kind() == decode.KindExec {
		l.lives[r.ExecID] = l.lives[acting]
	}
	l.follow(r, p)
}

// begin notes that a process has come to be.
func (l *lineage) begin(execID uint64, pid uint32) {
	if _, known := l.lives[execID]; !known {
		l.lives[execID] = life{pid, l.forked[pid]}
		l.forked[pid]++
	}
}

func (l *lineage) follow(r decode.Record, p *process.Process) {
	who, known := l.lives[p.ExecID]
	if !known || who.pid != p.PID {
		l.complain("%s of %d: exec ID %x is that of %v", r.Kind(), r.PID, p.ExecID, who)
		return
	}
	// What a process leaves open is closed, and so told, after its end.
	if end := l.exited[who]; end != 0 && r.Time > end && r.Kind() != decode.KindFileWrite && r.Kind() != decode.KindFlowEnd {
		l.complain("%s of %v after its exit", r.Kind(), who)
	}
	if r.Kind() == decode.KindExit {
		l.exited[who] = r.Time
	}
	var chain []life
	start := p.Start
	l.table.Ancestry(p, func(q *process.Process) bool {
		if q.PID == uint32(os.Getpid()) {
			return false
		}
		chain = append(chain, l.lives[q.ExecID])
		if q.Start > start {
			l.complain("%s of %v: its ancestor %d began after it", r.Kind(), who, q.PID)
		}
		start = q.Start
		return true
	})
	if before, told := l.chains[who]; told && !slices.Equal(before, chain) {
		l.complain("%s of %v: its ancestors were %v, now %v", r.Kind(), who, before, chain)
	}
	l.chains[who] = chain
}

// storm is how many processes the storm has: VIGIL_COUNT, or the 50,000 of the promise.
func storm() int {
	if os.Getenv("VIGIL_COUNT") != "" {
		return operations()
	}
	return 50000
}

// Over a storm of short-lived processes, from all CPUs at once, some forked by
// threads, some outliving their parents, with PIDs used again, every event's
// exec ID is known when it is handled, and every ancestry is what the witness noted.
func TestIdentity(t *testing.T) {
	program, s := generatorPath(t), settings(t)
	scarcePIDs(t)
	l := newLineage(s.BootSeed)
	w := watch(t, s, l.take)
	dir := t.TempDir()
	r := generate(t, program, "tree", storm(), runtime.NumCPU(), dir)
	for _, k := range []decode.Kind{decode.KindFork, decode.KindExec, decode.KindExit} {
		of := map[decode.Kind]uint64{decode.KindFork: r.Did.Forks, decode.KindExec: r.Did.Execs, decode.KindExit: r.Did.Exits}
		workers := map[decode.Kind]uint64{decode.KindFork: r.Overhead.Forks, decode.KindExit: r.Overhead.Exits}
		w.settle(t, tally{}, k, of[k]+workers[k]+itself(k))
	}
	if lost := w.tally(t).lost; lost != [decode.KindCount]uint64{} {
		t.Fatalf("records were lost (%v by kind): the storm proves nothing", lost)
	}
	records, err := generator.ReadRecords(filepath.Join(dir, "tree.records"))
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != storm() {
		t.Errorf("%d processes instead of %d", len(records), storm())
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	again, deepest := l.compare(t, r, records)
	if again == 0 && storm() > 40000 {
		t.Error("no PID was used twice: the test proves nothing about that")
	}
	if st := l.table.Stats(); st.UnknownParents > 1 || st.LostExits > 0 || st.EvictedLive > 0 {
		t.Errorf("the table had to guess: %+v", st)
	}
	for _, complaint := range l.bad {
		t.Error(complaint)
	}
	t.Logf("%d processes, %d events, %d PIDs used again, ancestry up to %d deep", len(records), l.events, again, deepest)
}

// compare holds what the sensor saw against what each process noted of itself.
func (l *lineage) compare(t *testing.T, r generator.Report, records []generator.Record) (again, deepest int) {
	t.Helper()
	born := map[uint32]int{}
	truth := map[life][]life{} // ancestors by the witness's record
	above := []life{{uint32(r.PID), 0}}
	for _, pid := range r.WorkerPIDs {
		truth[life{uint32(pid), 0}] = above
		born[uint32(pid)] = 1
	}
	wrong := 0
	for _, p := range records {
		who, parent := life{p.PID, born[p.PID]}, life{p.Parent, born[p.Parent] - 1}
		born[p.PID]++
		if who.nth > 0 {
			again++
		}
		truth[who] = append([]life{parent}, truth[parent]...)
		deepest = max(deepest, len(truth[who]))
		if seen := l.chains[who]; !slices.Equal(seen, truth[who]) {
			if wrong++; wrong < 10 {
				t.Errorf("%+v has the ancestors %v, the sensor says %v", p, truth[who], seen)
			}
		}
		if l.exited[who] == 0 {
			t.Errorf("%+v has not ended for the sensor", p)
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d ancestries are wrong", wrong, len(records))
	}
	return again, deepest
}

// scarcePIDs leaves so few PIDs that they are used again soon; only in a virtual
// machine, where nobody else needs them.
func scarcePIDs(t *testing.T) {
	const path = "/proc/sys/kernel/pid_max"
	if name, err := os.Hostname(); err != nil || name != "vigil-vm" {
		return
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(1024)), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(path, []byte(strings.TrimSpace(string(before))), 0); err != nil {
			t.Error(err)
		}
	})
}
