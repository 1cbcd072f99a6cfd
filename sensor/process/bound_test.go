package process

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"vigil/decode"
)

func TestMaxLive(t *testing.T) {
	tab := newTable(Settings{MaxLive: 100, MaxDead: 50})
	tab.Apply(seedOf(head(10, 1, 100, second), decode.Exec{Start: second}, words{path: "/bin/sh"}))
	for i := range uint64(1000) {
		p := tab.Apply(forkOf(head(10, 1, 100, 2*second+i), 1000+i, uint32(1000+i)))
		if p == nil || p.ExecID != 1000+i || tab.Lookup(p.ExecID) != p {
			t.Fatalf("child %d is %+v", i, p)
		}
	}
	check(t, tab)
	s := tab.Stats()
	if s.Live != 100 || s.EvictedLive != 901 {
		t.Errorf("stats %+v", s)
	}
	if tab.Lookup(10) == nil {
		t.Error("the parent of all was forgotten before its children")
	}
}

// TestEvictionKeepsCounts forgets parents before their children, brings them
// back, and wants the counts of children to be right all along.
func TestEvictionKeepsCounts(t *testing.T) {
	tab := newTable(Settings{MaxLive: 16, MaxDead: 16, Grace: timeOf(second)})
	now := second
	for round := range uint64(50) {
		for i := range uint64(40) {
			now += 1000
			parent := 1 + (round+i)%20
			tab.Apply(forkOf(head(parent, 0, uint32(parent), now), 1+(round*7+i*3)%60, uint32(1+(round*7+i*3)%60)))
			check(t, tab)
		}
	}
}

// TestMaxDead keeps ancestors of what lives when many others end.
func TestMaxDead(t *testing.T) {
	tab := born(t, Settings{MaxDead: 100, Grace: timeOf(second)})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200))
	tab.Apply(forkOf(head(20, 10, 200, 60*second+1), 30, 300))
	tab.Apply(exitOf(head(20, 10, 200, 60*second+2), decode.Exit{}))
	for i := range uint64(1000) {
		now := 60*second + 10 + i
		tab.Apply(forkOf(head(10, 1, 100, now), 1000+i, 5000))
		tab.Apply(exitOf(head(1000+i, 10, 5000, now), decode.Exit{}))
	}
	check(t, tab)
	s := tab.Stats()
	if s.Dead != 100 || s.EvictedDead != 901 {
		t.Errorf("stats %+v", s)
	}
	if q := tab.Parent(tab.Lookup(30)); q == nil || q.ExecID != 20 {
		t.Errorf("the ancestor of a live process is %+v", q)
	}
}

// TestLine forks and exits again and again: the line keeps its nearest ancestors.
func TestLine(t *testing.T) {
	tab := born(t, Settings{Grace: timeOf(second), MaxDead: 1000})
	last := uint64(10)
	now := 60 * second
	for i := range uint64(5000) {
		id := 1000 + i
		tab.Apply(forkOf(head(last, last-1, uint32(last), now), id, uint32(id)))
		now += second / 10
		tab.Apply(exitOf(head(last, last-1, uint32(last), now), decode.Exit{}))
		tab.Expire(now)
		last = id
	}
	check(t, tab)
	s := tab.Stats()
	if s.Live != 1 || s.Dead > MaxAncestors+20 || s.EvictedDead != 0 {
		t.Errorf("stats %+v", s)
	}
	n := 0
	tab.Ancestry(tab.Lookup(last), func(q *Process) bool {
		n++
		if want := last - uint64(n); q.ExecID != want {
			t.Fatalf("ancestor %d is %d, want %d", n, q.ExecID, want)
		}
		return true
	})
	if n != MaxAncestors {
		t.Errorf("%d ancestors", n)
	}
}

func TestCircle(t *testing.T) {
	tab := newTable(Settings{Grace: timeOf(second)})
	tab.Apply(seedOf(head(1, 2, 1, second), decode.Exec{Start: 1}, words{path: "/a"}))
	tab.Apply(seedOf(head(2, 1, 2, second), decode.Exec{Start: 1}, words{path: "/b"}))
	tab.Apply(seedOf(head(3, 3, 3, second), decode.Exec{Start: 1}, words{path: "/c"}))
	n := 0
	tab.Ancestry(tab.Lookup(1), func(*Process) bool { n++; return true })
	if n != MaxAncestors || tab.Parent(tab.Lookup(3)) != nil {
		t.Errorf("walked %d", n)
	}
	if nodes := Tree(tab.Snapshot()); len(nodes) != 3 {
		t.Errorf("the tree has %d nodes", len(nodes))
	}
	check(t, tab)
}

// TestBudget fills the budget of texts: ended images give their arguments
// first, then new ones are cut; paths stay.
func TestBudget(t *testing.T) {
	tab := newTable(Settings{TextBytes: 64 << 10, MaxDead: 1 << 16})
	long := strings.Repeat("argument\x00", 200)
	start := func(i uint64) *Process {
		return tab.Apply(execOf(head(100+i, 1, uint32(100+i), (1+i)*1000), decode.Exec{Start: 1}, words{path: "/usr/bin/tool", arguments: long}))
	}
	for i := range uint64(20) {
		start(i)
	}
	for i := range uint64(10) {
		tab.Apply(exitOf(head(100+i, 1, uint32(100+i), 50_000), decode.Exit{}))
	}
	for i := uint64(20); i < 30; i++ {
		if p := start(i); string(p.Arguments()) != long || p.ExecFlags&decode.ExecArgumentsCut != 0 {
			t.Fatalf("process %d has %d bytes of arguments", i, len(p.Arguments()))
		}
	}
	check(t, tab)
	if p := tab.Lookup(100); len(p.Arguments()) != 0 || p.ExecFlags&decode.ExecArgumentsCut == 0 || string(p.Path()) != "/usr/bin/tool" {
		t.Errorf("the oldest ended process has %d bytes of arguments, path %q", len(p.Arguments()), p.Path())
	}
	if p := tab.Lookup(115); string(p.Arguments()) != long {
		t.Error("a running process lost its arguments")
	}
	for i := uint64(30); i < 60; i++ {
		p := start(i)
		if string(p.Path()) != "/usr/bin/tool" || i > 45 && len(p.Arguments()) != fairShare || i > 45 && p.ExecFlags&decode.ExecArgumentsCut == 0 {
			t.Fatalf("process %d has path %q, %d bytes of arguments", i, p.Path(), len(p.Arguments()))
		}
	}
	check(t, tab)
	for i := uint64(60); i < 2000; i++ {
		start(i)
	}
	check(t, tab)
	s := tab.Stats()
	if s.ArgumentsDropped == 0 || s.ArgumentsCut == 0 || s.PathsCut == 0 || s.TextHeld > 64<<10 {
		t.Errorf("stats %+v", s)
	}
	if p := tab.Lookup(1900); p.FileFlags&decode.EventPathCut == 0 || len(p.Path()) != 0 {
		t.Errorf("without any room: %q, flags %b", p.Path(), p.FileFlags)
	}
}

func TestTextClasses(t *testing.T) {
	for n := 1; n <= maxText; n++ {
		c := classOf(n)
		if size := classSize(c); size < n || c > 0 && classSize(c-1) >= n || classOf(size) != c {
			t.Fatalf("%d bytes take class %d of %d", n, c, size)
		}
	}
	if classOf(maxText) != classes-1 {
		t.Errorf("%d classes, want %d", classes, classOf(maxText)+1)
	}
}

// cycle lets a shell run a command: fork, exec, exit. The records are used again.
type cycle struct {
	fork, exec, exit decode.Record
	n                uint64
}

func newCycle() *cycle {
	h := head(20, 10, 200, 0)
	return &cycle{
		fork: forkOf(head(10, 1, 100, 0), 20, 200),
		exec: execOf(h, decode.Exec{PreviousExecID: 20, PPID: 100}, words{
			path: "/usr/bin/grep", filename: "/usr/bin/grep", cwd: "/srv/application", tty: "pts0", comm: "grep",
			arguments: "grep\x00--recursive\x00--line-number\x00pattern\x00/var/log/application\x00",
		}),
		exit: exitOf(h, decode.Exit{}),
	}
}

// run is one process, from fork to exit, 1 ms after the last.
func (c *cycle) run(tab *Table) {
	c.n++
	now := 100*second + c.n*1_000_000
	pid := uint32(1000 + c.n%30000)
	child, image := execID(testSeed, pid, now), execID(testSeed, pid, now+1000)
	c.fork.Time, c.fork.Fork().ChildExecID, c.fork.Fork().ChildPID = now, child, pid
	c.exec.Time, c.exec.ExecID, c.exec.ParentExecID, c.exec.PID, c.exec.TID = now+1000, image, 10, pid, pid
	c.exec.Exec().PreviousExecID, c.exec.Exec().Start = child, now
	c.exit.Time, c.exit.ExecID, c.exit.ParentExecID, c.exit.PID, c.exit.TID = now+2000, image, 10, pid, pid
	tab.Apply(c.fork)
	tab.Apply(c.exec)
	tab.Apply(c.exit)
	if c.n%64 == 0 {
		tab.Expire(now)
	}
}

// TestFlat runs a million processes: memory does not grow, nothing is allocated.
func TestFlat(t *testing.T) {
	total := 1_000_000
	if testing.Short() {
		total = 200_000
	}
	tab := born(t, Settings{Grace: timeOf(5 * second)})
	c := newCycle()
	for range total / 10 {
		c.run(tab)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range total {
		c.run(tab)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	check(t, tab)
	if n := after.Mallocs - before.Mallocs; n > 1000 {
		t.Errorf("%d allocations for %d processes", n, total)
	}
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 1<<20 {
		t.Errorf("%d bytes more in use after %d processes", grown, total)
	}
	if s := tab.Stats(); s.EvictedDead+s.EvictedLive+s.ArgumentsCut+s.Repaired != 0 || s.Live != 1 {
		t.Errorf("stats %+v", s)
	}
	t.Logf("heap %d KiB in use, %d entries, %d allocations in %d processes",
		after.HeapInuse>>10, tab.Len(), after.Mallocs-before.Mallocs, total)
}

// TestMemory measures what a typical process takes: one that runs, with its exec.
func TestMemory(t *testing.T) {
	const processes = 40_000
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	c := newCycle()
	before := heap()
	tab := born(t, Settings{Grace: timeOf(second)})
	for i := range uint64(processes) {
		now := 100*second + i*1_000_000
		pid := uint32(1000 + i)
		c.fork.Time, c.fork.Fork().ChildExecID, c.fork.Fork().ChildPID = now, 2*i+100, pid
		c.exec.Time, c.exec.ExecID, c.exec.ParentExecID, c.exec.PID, c.exec.TID = now, 2*i+101, 10, pid, pid
		c.exec.Exec().PreviousExecID = 2*i + 100
		tab.Apply(c.fork)
		tab.Apply(c.exec)
		tab.Expire(now)
	}
	each := (heap() - before) / processes
	if tab.Stats().Live != processes+1 {
		t.Errorf("stats %+v", tab.Stats())
	}
	if each > 600 {
		t.Errorf("%d bytes a process", each)
	}
	t.Logf("%d bytes a process", each)
	runtime.KeepAlive(tab)
}

func TestAllocations(t *testing.T) {
	tab := born(t, Settings{Grace: timeOf(second)})
	c := newCycle()
	for range 50_000 {
		c.run(tab)
	}
	// The free lists of texts are at their longest; what is left is the odd growth of one.
	if n := testing.AllocsPerRun(20_000, func() { c.run(tab) }); n != 0 {
		t.Errorf("%v allocations for a fork, an exec and an exit", n)
	}
	p := tab.Apply(forkOf(head(10, 1, 100, 900*second), 77, 777))
	var found int
	h := head(77, 10, 777, 900*second)
	if n := testing.AllocsPerRun(1000, func() {
		if tab.Lookup(77) != nil && tab.Lookup(78) == nil && tab.Resolve(&h) == p {
			found++
		}
		tab.Ancestry(p, func(*Process) bool { found++; return true })
	}); n != 0 || found == 0 {
		t.Errorf("%v allocations for a lookup", n)
	}
}

func TestIndex(t *testing.T) {
	x := newIndex()
	entries := make([]Process, 5000)
	m := map[uint64]*Process{}
	for i := range uint64(200_000) {
		key := (i * 7919) % 4001
		if i%3 == 0 {
			if p := m[key]; p != nil {
				x.drop(key, &Process{}) // of another
				x.drop(key, p)
				delete(m, key)
			}
			x.drop(key, nil)
		} else {
			m[key] = &entries[i%5000]
			x.put(key, m[key])
		}
		if x.get(key) != m[key] || x.used != len(m) {
			t.Fatalf("step %d: key %d", i, key)
		}
	}
	for key := range uint64(4001) {
		if x.get(key) != m[key] {
			t.Fatalf("key %d", key)
		}
	}
}

func TestIdentity(t *testing.T) {
	for i := range uint64(1000) {
		pid, start := uint32(i*31+1), i*1_234_567_891
		if got := beginOf(testSeed, pid, execID(testSeed, pid, start)); got != start {
			t.Fatalf("start %d became %d", start, got)
		}
	}
	if !bytes.Equal(base([]byte("/usr/bin/ls")), []byte("ls")) {
		t.Error("base")
	}
}
