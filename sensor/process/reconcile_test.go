package process

import (
	"slices"
	"testing"

	"vigil/decode"
)

// procSeed is what /proc tells: no exec ID, and a start to the tick.
func procSeed(pid, ppid uint32, start uint64, path string) Seed {
	s := Seed{
		Header: decode.Header{PID: pid},
		Exec:   decode.Exec{Start: start/tick*tick + tick - 1, PPID: ppid},
	}
	s.Texts[decode.ExecPathText] = []byte(path)
	s.Texts[decode.ExecArgumentsText] = []byte("x\x00")
	return s
}

func TestReconcile(t *testing.T) {
	tab := born(t, Settings{})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200)) // its exit is lost
	tab.Apply(forkOf(head(10, 1, 100, 61*second), 30, 300)) // its exec is lost
	sh, _ := SeedOf(seedOf(head(10, 1, 100, 71*second), decode.Exec{Start: 10 * second}, words{path: "/bin/sh", comm: "sh"}))
	ls, _ := SeedOf(seedOf(head(31, 10, 300, 71*second), decode.Exec{Start: tab.Lookup(30).Start}, words{path: "/bin/ls", comm: "ls"}))
	cat, _ := SeedOf(seedOf(head(40, 31, 400, 71*second), decode.Exec{Start: 69 * second}, words{path: "/bin/cat"}))
	got := tab.Reconcile(70*second, slices.Values([]Seed{sh, ls, cat}))
	if want := (Reconciled{Seen: 3, Added: 2, Vanished: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if p := tab.Lookup(20); !p.Is(FlagExited|FlagInferred|FlagReconciled) || p.ExitTime != 70*second {
		t.Errorf("vanished: %+v", p.Facts)
	}
	if p := tab.Lookup(30); !p.Is(FlagReplaced) || p.NextExecID != 31 {
		t.Errorf("replaced: %+v", p.Facts)
	}
	if p := tab.Lookup(40); !p.Is(FlagSeeded|FlagReconciled) || tab.Parent(p) != tab.Lookup(31) {
		t.Errorf("added: %+v", p.Facts)
	}
	check(t, tab)
	// What vanished acts after all, later: it had not.
	tab.Apply(renameOf(head(20, 10, 200, 72*second), "alive"))
	if p := tab.Lookup(20); !p.Running() || tab.LookupPID(200) != p {
		t.Errorf("revived: %+v", p.Facts)
	}
	check(t, tab)
}

// TestReconcileByRecords has the seeds come through the ring, among others.
func TestReconcileByRecords(t *testing.T) {
	tab := born(t, Settings{})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200))
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 30, 300))
	tab.BeginReconcile(70 * second)
	tab.Apply(seedOf(head(10, 1, 100, 70*second), decode.Exec{Start: 10 * second}, words{path: "/bin/sh"}))
	tab.Apply(forkOf(head(10, 1, 100, 71*second), 40, 400)) // after the iterator passed its PID
	tab.Apply(renameOf(head(30, 10, 300, 72*second), "runs"))
	if got, want := tab.EndReconcile(true), (Reconciled{Seen: 1, Vanished: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if tab.Lookup(20).Running() || !tab.Lookup(30).Running() || !tab.Lookup(40).Running() {
		t.Error("the wrong process vanished")
	}
	tab.BeginReconcile(80 * second)
	if got := tab.EndReconcile(false); got != (Reconciled{}) || tab.Stats().Live != 3 {
		t.Errorf("an incomplete snapshot ended processes: %+v", got)
	}
	if got := tab.EndReconcile(true); got != (Reconciled{}) {
		t.Errorf("ended twice: %+v", got)
	}
	check(t, tab)
}

// TestProvisional seeds from /proc; the kernel's exec IDs come later.
func TestProvisional(t *testing.T) {
	starts := map[uint32]uint64{100: 10*second + 1234567, 200: 20*second + 7654321, 300: 30*second + 5}
	tab := newTable(Settings{})
	snapshot := []Seed{
		procSeed(300, 200, starts[300], "/bin/c"), // before its parent
		procSeed(200, 100, starts[200], "/bin/b"),
		procSeed(100, 1, starts[100], "/bin/a"),
	}
	if got, want := tab.Reconcile(60*second, slices.Values(snapshot)), (Reconciled{Seen: 3, Added: 3}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	c := tab.LookupPID(300)
	if q := tab.Parent(c); q == nil || q.PID != 200 || !c.Is(FlagProvisional) || c.Incomplete {
		t.Fatalf("parent of 300 is %+v", q)
	}
	// A record of the kernel: an ID made from the true start.
	id := execID(testSeed, 200, starts[200])
	h := head(id, 0, 200, 61*second)
	h.Flags = decode.EventNoIdentity
	b := tab.Resolve(&h)
	if b == nil || b.ExecID != id || b.Start != starts[200] || b.Flags&(FlagProvisional|FlagStartInexact) != 0 || string(b.Path()) != "/bin/b" {
		t.Fatalf("resolved to %+v", b)
	}
	if c.ParentExecID != id || tab.Parent(c) != b || b.ParentExecID == 0 {
		t.Errorf("child's parent %x, want %x", c.ParentExecID, id)
	}
	// An exec of another, and a record of a later owner of the PID.
	previous := execID(testSeed, 300, starts[300])
	p := tab.Apply(execOf(head(31, id, 300, 62*second), decode.Exec{PreviousExecID: previous, Start: starts[300]}, words{path: "/bin/d"}))
	if q := tab.Lookup(previous); q == nil || q.NextExecID != 31 || string(q.Path()) != "/bin/c" || p.Is(FlagRepaired) {
		t.Errorf("previous image is %+v", q)
	}
	h = head(execID(testSeed, 100, 50*second), 0, 100, 63*second)
	h.Flags = decode.EventNoIdentity
	if q := tab.Resolve(&h); q != nil {
		t.Errorf("a later process of the PID resolved to %+v", q.Facts)
	}
	check(t, tab)
	// /proc again: nothing new, with IDs of the kernel or without.
	snapshot = append(snapshot[:0], procSeed(300, 200, starts[300], "/bin/d"),
		procSeed(200, 100, starts[200], "/bin/b"), procSeed(100, 1, starts[100], "/bin/a"))
	if got, want := tab.Reconcile(64*second, slices.Values(snapshot)), (Reconciled{Seen: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// The iterator tells the ID of the last.
	a := tab.Apply(seedOf(head(77, 0, 100, 65*second), decode.Exec{Start: starts[100]}, words{path: "/bin/a"}))
	if a.ExecID != 77 || a.Is(FlagProvisional) || len(a.Arguments()) == 0 || b.ParentExecID != 77 {
		t.Errorf("got %+v", a.Facts)
	}
	check(t, tab)
}

// TestReconcileReusedPID has the PID of a lost process taken by another.
func TestReconcileReusedPID(t *testing.T) {
	tab := born(t, Settings{})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), execID(testSeed, 200, 60*second-9), 200))
	old := tab.LookupPID(200)
	got := tab.Reconcile(70*second, slices.Values([]Seed{procSeed(200, 1, 65*second, "/bin/x")}))
	if want := (Reconciled{Seen: 1, Added: 1, Vanished: 1}); got != want || old.Running() {
		t.Errorf("got %+v, want %+v", got, want)
	}
	check(t, tab)
}
