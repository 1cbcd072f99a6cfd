package process

import (
	"iter"
	"testing"

	"vigil/decode"
)

// seedFor is what the task iterator says of a process of the model.
func (m *model) seedFor(p *modelProcess, now uint64) Seed {
	h := m.header(p)
	h.Time = now
	ppid := uint32(1)
	if p.realParent != nil {
		ppid = p.realParent.pid
	}
	s, _ := SeedOf(seedOf(h, decode.Exec{Start: p.start, EUID: p.image.uid, PPID: ppid, Inode: inodeOf(p.image.path)},
		words{path: p.image.path, cwd: "/", comm: p.image.comm}))
	return s
}

func (m *model) snapshot(now uint64) iter.Seq[Seed] {
	return func(yield func(Seed) bool) {
		for _, p := range m.running {
			if !yield(m.seedFor(p, now)) {
				return
			}
		}
	}
}

// TestModelLoss loses records, reconciles, and then wants the truth again.
func TestModelLoss(t *testing.T) {
	for seed := range uint64(6) {
		lose(t, newModel(seed, 600))
	}
}

func lose(t *testing.T, m *model) {
	t.Helper()
	tab := newTable(Settings{Grace: timeOf(second), MaxDead: 1 << 20})
	for round := range 40 {
		lossy := round%2 == 0
		for range 1500 {
			r := m.step(300)
			if lossy && m.random.IntN(10) == 0 {
				continue
			}
			tab.Apply(r)
			tab.Expire(m.now)
		}
		check(t, tab)
		if !lossy {
			continue
		}
		// The snapshot is taken when records are still on their way, and some come after it.
		var pending []decode.Record
		for range 50 {
			pending = append(pending, m.step(300))
		}
		now := m.tick()
		var seeds []Seed
		for s := range m.snapshot(now) {
			seeds = append(seeds, s)
		}
		for range 50 {
			pending = append(pending, m.step(300))
		}
		got := tab.Reconcile(now, func(yield func(Seed) bool) {
			for _, s := range seeds {
				if !yield(s) {
					return
				}
			}
		})
		if got.Seen != len(seeds) || tab.Stats().Live != len(seeds) {
			t.Fatalf("reconciled %+v, %d live, %d in the snapshot", got, tab.Stats().Live, len(seeds))
		}
		check(t, tab)
		for _, r := range pending {
			tab.Apply(r)
		}
		check(t, tab)
		if live := tab.Stats().Live; live != len(m.running) {
			t.Fatalf("%d live, %d run", live, len(m.running))
		}
		for _, p := range m.running {
			got := tab.Lookup(p.image.id)
			if got == nil || !got.Running() || got.PID != p.pid || string(got.Path()) != p.image.path ||
				got.ParentExecID != p.image.parent || got.Start != p.start || got.UID != p.image.uid {
				t.Fatalf("process %d started %d is %+v %q, want %+v", p.pid, p.start, got.Facts, got.Path(), p.image)
			}
		}
	}
	s := tab.Stats()
	if s.Repaired == 0 || s.LostExits == 0 || s.Vanished == 0 || s.Added == 0 || s.UnknownParents == 0 {
		t.Errorf("losses left no trace: %+v", s)
	}
}

func head(id, parent uint64, pid uint32, time uint64) decode.Header {
	return decode.Header{ExecID: id, ParentExecID: parent, PID: pid, Time: time}
}

// born gives a table in which process 100 (exec ID 10) runs /bin/sh.
func born(t *testing.T, s Settings) *Table {
	t.Helper()
	tab := newTable(s)
	tab.Apply(seedOf(head(10, 1, 100, 50*second), decode.Exec{Start: 10 * second, LoginUID: 1000, PIDNS: 7},
		words{path: "/bin/sh", cwd: "/root", comm: "sh", tty: "pts0"}))
	return tab
}

func TestExecOfUnknown(t *testing.T) {
	tab := born(t, Settings{})
	p := tab.Apply(execOf(head(21, 10, 200, 60*second), decode.Exec{PreviousExecID: 20, Start: 59 * second, PPID: 100},
		words{path: "/bin/ls", arguments: "ls\x00", comm: "ls"}))
	if !p.Is(FlagRepaired) || p.Incomplete || p.PreviousExecID != 20 || p.Start != 59*second || string(p.Path()) != "/bin/ls" {
		t.Errorf("got %+v", p.Facts)
	}
	if q := tab.Parent(p); q == nil || q.ExecID != 10 {
		t.Errorf("parent is %v", q)
	}
	if s := tab.Stats(); s.Repaired != 1 || s.UnknownParents != 0 || s.Live != 2 {
		t.Errorf("stats %+v", s)
	}
	check(t, tab)
}

func TestLostExec(t *testing.T) {
	tab := born(t, Settings{})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200))
	// The exec of 21 was lost: the next record of the process names it.
	p := tab.Apply(renameOf(head(21, 10, 200, 61*second), "worker"))
	if p.ExecID != 21 || !p.Incomplete || !p.Is(FlagRepaired) || p.PreviousExecID != 20 || string(p.Comm()) != "worker" ||
		p.LoginUID != 1000 || p.PIDNS != 7 || len(p.Path()) != 0 {
		t.Errorf("got %+v, path %q", p.Facts, p.Path())
	}
	old := tab.Lookup(20)
	if !old.Is(FlagReplaced) || old.NextExecID != 21 || string(old.Path()) != "/bin/sh" {
		t.Errorf("old image is %+v", old.Facts)
	}
	check(t, tab)
}

func TestUnknownIsNotRoot(t *testing.T) {
	tab := newTable(Settings{})
	p := tab.Apply(renameOf(decode.Header{ExecID: 5, PID: 9, UID: 33, Time: second}, "x"))
	if p.UID != 33 || p.EUID != Unknown || p.GID != Unknown || p.LoginUID != Unknown {
		t.Errorf("got %+v", p.Facts)
	}
}

func TestLostExit(t *testing.T) {
	tab := born(t, Settings{})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200))
	p := tab.Apply(forkOf(head(10, 1, 100, 70*second), 30, 200))
	old := tab.Lookup(20)
	if !old.Is(FlagExited|FlagInferred) || old.ExitTime != 70*second || tab.LookupPID(200) != p {
		t.Errorf("old owner is %+v", old.Facts)
	}
	if s := tab.Stats(); s.LostExits != 1 || s.Live != 2 || s.Dead != 1 {
		t.Errorf("stats %+v", s)
	}
	// The exit comes after all, from before.
	tab.Apply(exitOf(head(20, 10, 200, 65*second), decode.Exit{Code: 3}))
	if old.Is(FlagInferred) || old.ExitTime != 65*second || old.ExitCode != 3 {
		t.Errorf("old owner is %+v", old.Facts)
	}
	if q := tab.LookupPID(200); q != p || !q.Running() {
		t.Error("the exit of the old owner ended the new one")
	}
	check(t, tab)
}

func TestExitOfUnknown(t *testing.T) {
	tab := born(t, Settings{Grace: timeOf(second)})
	p := tab.Apply(exitOf(head(20, 10, 200, 60*second), decode.Exit{Start: 55 * second, Code: 1}))
	if !p.Is(FlagExited|FlagRepaired) || p.Start != 55*second || tab.LookupPID(200) != nil {
		t.Errorf("got %+v", p.Facts)
	}
	if tab.Expire(62*second) != 1 || tab.Lookup(20) != nil {
		t.Error("the exited process stays")
	}
	check(t, tab)
}

func TestForkOfUnknownParent(t *testing.T) {
	tab := newTable(Settings{})
	p := tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200))
	if q := tab.Parent(p); q == nil || q.PID != 100 || !q.Incomplete || !p.Incomplete {
		t.Fatalf("parent is %+v", q)
	}
	// A seed gives the parent its texts, and the child, which runs the same image.
	tab.Apply(seedOf(head(10, 1, 100, 61*second), decode.Exec{Start: 5 * second}, words{path: "/bin/sh", comm: "sh"}))
	if string(p.Path()) != "/bin/sh" {
		t.Errorf("the child's path is %q", p.Path())
	}
	if s := tab.Stats(); s.UnknownParents != 1 || s.Repaired != 1 {
		t.Errorf("stats %+v", s)
	}
	check(t, tab)
}

// TestNoIdentity has a process that the kernel's table had no room for: its
// records are named by its start, whatever it runs.
func TestNoIdentity(t *testing.T) {
	tab := born(t, Settings{})
	start := 60 * second
	id := execID(testSeed, 200, start)
	tab.Apply(forkOf(head(10, 1, 100, start+100), id, 200))
	tab.Apply(execOf(head(21, 10, 200, 61*second), decode.Exec{PreviousExecID: id, Start: start}, words{path: "/bin/ls"}))
	h := head(id, 10, 200, 62*second)
	h.Flags = decode.EventNoIdentity
	if p := tab.Resolve(&h); p == nil || p.ExecID != 21 {
		t.Errorf("resolved to %+v", p)
	}
	tab.Apply(exitOf(h, decode.Exit{Start: start}))
	if p := tab.Lookup(21); !p.Is(FlagExited) {
		t.Errorf("after the exit: %+v", p.Facts)
	}
	// Later the PID has another owner: the record is not about that one.
	tab.Apply(forkOf(head(10, 1, 100, 70*second), execID(testSeed, 200, 70*second-5), 200))
	if p := tab.Resolve(&h); p == nil || p.ExecID != id {
		t.Errorf("resolved to %+v", p)
	}
	check(t, tab)
}
