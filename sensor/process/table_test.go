package process

import (
	"testing"

	"vigil/decode"
)

func TestForkSharesImage(t *testing.T) {
	tab := born(t, Settings{})
	h := head(10, 1, 100, 60*second)
	h.UID, h.CgroupID = 7, 99
	start := 60*second - 1500
	id := execID(testSeed, 200, start)
	p := tab.Apply(forkOf(h, id, 200))
	parent := tab.Lookup(10)
	if p.Image != parent.Image || string(p.Comm()) != "sh" || string(p.TTY()) != "pts0" {
		t.Error("the child does not run its parent's image")
	}
	if p.Start != start || p.Is(FlagStartInexact) {
		t.Errorf("start %d is not the one of the exec ID, %d", p.Start, start)
	}
	if !p.Is(FlagForked) || p.Is(FlagSeeded) || p.PID != 200 || p.PPID != 100 || p.UID != 7 || p.CgroupID != 99 || p.LoginUID != 1000 || p.ExecTime != 0 {
		t.Errorf("got %+v", p.Facts)
	}
	if parent.Children() != 1 {
		t.Errorf("the parent has %d children", parent.Children())
	}
	check(t, tab)
}

// TestChildOfReplacedImage forks, then replaces the parent's image: the child
// was made by the old one, for as long as it lives.
func TestChildOfReplacedImage(t *testing.T) {
	tab := born(t, Settings{Grace: timeOf(second)})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200))
	tab.Apply(execOf(head(11, 1, 100, 61*second), decode.Exec{PreviousExecID: 10, Start: 10 * second}, words{path: "/usr/bin/python3"}))
	tab.Apply(execOf(head(21, 10, 200, 62*second), decode.Exec{PreviousExecID: 20, Start: 60 * second}, words{path: "/bin/ls"}))
	tab.Expire(600 * second)
	p := tab.Lookup(21)
	q := tab.Parent(p)
	if q == nil || string(q.Path()) != "/bin/sh" || !q.Is(FlagReplaced) || q.NextExecID != 11 {
		t.Fatalf("parent is %+v", q)
	}
	if tab.Lookup(20) != nil {
		t.Error("the image that nobody descends from is still there")
	}
	tab.Apply(exitOf(head(21, 10, 200, 601*second), decode.Exit{Start: 60 * second, Signal: 11, CoreDumped: 1}))
	if !p.Is(FlagExited|FlagCoreDumped) || p.ExitSignal != 11 {
		t.Errorf("after the exit: %+v", p.Facts)
	}
	tab.Expire(603 * second)
	if tab.Lookup(21) != nil || tab.Lookup(10) != nil || tab.Len() != 1 {
		t.Errorf("%d entries are left", tab.Len())
	}
	check(t, tab)
}

func TestExecChain(t *testing.T) {
	tab := born(t, Settings{})
	for i := uint64(0); i < 5; i++ {
		p := tab.Apply(execOf(head(11+i, 1, 100, (60+i)*second), decode.Exec{PreviousExecID: 10 + i, Start: 10 * second}, words{path: "/bin/sh"}))
		if p.PreviousExecID != 10+i || tab.LookupPID(100) != p {
			t.Errorf("image %d: %+v", i, p.Facts)
		}
	}
	if s := tab.Stats(); s.Live != 1 || s.Dead != 5 {
		t.Errorf("stats %+v", s)
	}
	check(t, tab)
}

// TestParentExitsFirst has init take the child over: who made it stays.
func TestParentExitsFirst(t *testing.T) {
	tab := born(t, Settings{Grace: timeOf(second)})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200))
	tab.Apply(forkOf(head(20, 10, 200, 61*second), 30, 300))
	tab.Apply(exitOf(head(20, 10, 200, 62*second), decode.Exit{}))
	tab.Expire(900 * second)
	p := tab.Apply(execOf(head(31, 20, 300, 901*second), decode.Exec{PreviousExecID: 30, PPID: 1}, words{path: "/bin/ls"}))
	var ids []uint64
	tab.Ancestry(p, func(q *Process) bool {
		ids = append(ids, q.ExecID)
		return true
	})
	if len(ids) != 2 || ids[0] != 20 || ids[1] != 10 || p.PPID != 1 {
		t.Errorf("ancestors are %v, PPID %d", ids, p.PPID)
	}
	check(t, tab)
}

// TestCloneParent makes a sibling: it descends from its maker, whatever the kernel calls its parent.
func TestCloneParent(t *testing.T) {
	tab := born(t, Settings{})
	tab.Apply(forkOf(head(10, 1, 100, 60*second), 20, 200))
	tab.Apply(execOf(head(21, 10, 200, 61*second), decode.Exec{PreviousExecID: 20}, words{path: "/usr/bin/runc"}))
	p := tab.Apply(build(decode.KindFork, head(21, 10, 200, 62*second), decode.Fork{ChildExecID: 30, ChildPID: 300, PPID: 100}))
	if string(p.Path()) != "/usr/bin/runc" || p.ParentExecID != 21 || p.PPID != 100 {
		t.Errorf("path %q, %+v", p.Path(), p.Facts)
	}
	check(t, tab)
}

func TestThreadsKeepToThemselves(t *testing.T) {
	tab := born(t, Settings{})
	h := head(10, 1, 100, 60*second)
	h.TID = 101
	tab.Apply(renameOf(h, "worker"))
	tab.Apply(credentialsOf(h, decode.IDs{UID: 5, EUID: 5}))
	tab.Apply(build(decode.KindNamespace, h, decode.Namespace{MountNS: 5}))
	p := tab.Lookup(10)
	if string(p.Comm()) != "sh" || p.UID != 0 || p.MountNS != 0 {
		t.Errorf("got %+v %q", p.Facts, p.Comm())
	}
	h.TID = 100
	tab.Apply(renameOf(h, "main"))
	tab.Apply(credentialsOf(h, decode.IDs{UID: 5, EUID: 6, GID: 7, EGID: 8, CapEffective: 9}))
	tab.Apply(build(decode.KindNamespace, h, decode.Namespace{MountNS: 5, PIDNS: 8}))
	if string(p.Comm()) != "main" || p.UID != 5 || p.EUID != 6 || p.GID != 7 || p.EGID != 8 || p.CapEffective != 9 || p.MountNS != 5 || p.PIDNS != 7 {
		t.Errorf("got %+v %q", p.Facts, p.Comm())
	}
	if c := tab.Apply(forkOf(h, 20, 200)); c.PIDNS != 8 {
		t.Errorf("the child is in PID namespace %d", c.PIDNS)
	}
}

// TestRings has records of the bulk ring come after the exit, and credentials
// after the exec that followed them.
func TestRings(t *testing.T) {
	tab := born(t, Settings{Grace: timeOf(second)})
	tab.Apply(execOf(head(11, 1, 100, 60*second), decode.Exec{PreviousExecID: 10, Start: 10 * second, EUID: 3}, words{path: "/bin/su"}))
	tab.Apply(credentialsOf(head(10, 1, 100, 59*second), decode.IDs{EUID: 9}))
	if tab.Lookup(11).EUID != 3 || tab.Lookup(10).EUID != 9 {
		t.Error("credentials went to the wrong image")
	}
	tab.Apply(exitOf(head(11, 1, 100, 61*second), decode.Exit{}))
	open := build(decode.KindFileOpen, head(11, 1, 100, 60*second+5), decode.FileOpen{})
	if p := tab.Apply(open); p == nil || string(p.Path()) != "/bin/su" {
		t.Errorf("a late record finds %+v", p)
	}
	tab.Expire(62*second - 1)
	if tab.Lookup(11) == nil {
		t.Error("forgotten within the grace time")
	}
	tab.Expire(62 * second)
	if tab.Lookup(11) != nil {
		t.Error("kept beyond the grace time")
	}
	check(t, tab)
}

// TestSeedOvertakes has the task iterator see what the ring tells later.
func TestSeedOvertakes(t *testing.T) {
	tab := born(t, Settings{})
	tab.Apply(seedOf(head(20, 10, 200, 60*second), decode.Exec{Start: 59 * second}, words{path: "/bin/sh"}))
	p := tab.Apply(forkOf(head(10, 1, 100, 59*second+9), 20, 200))
	if !p.Is(FlagForked) || p.Is(FlagSeeded) || p.Image != tab.Lookup(10).Image {
		t.Errorf("forked: %+v", p.Facts)
	}
	tab.Apply(seedOf(head(21, 10, 200, 61*second), decode.Exec{Start: p.Start}, words{path: "/bin/ls"}))
	if old := tab.Lookup(20); !old.Is(FlagReplaced) || old.NextExecID != 21 {
		t.Errorf("old image: %+v", old.Facts)
	}
	p = tab.Apply(execOf(head(21, 10, 200, 60*second+9), decode.Exec{PreviousExecID: 20, Start: p.Start}, words{path: "/bin/ls", arguments: "ls\x00"}))
	if string(p.Arguments()) != "ls\x00" || p.Incomplete || p.ExecTime == 0 {
		t.Errorf("exec: %+v", p.Facts)
	}
	// A seed that was written before the exec and read after it.
	tab.Apply(execOf(head(31, 10, 300, 62*second), decode.Exec{PreviousExecID: 30, Start: 61 * second}, words{path: "/bin/cat"}))
	tab.Apply(seedOf(head(30, 10, 300, 62*second), decode.Exec{Start: 61 * second}, words{path: "/bin/sh"}))
	if q := tab.LookupPID(300); q == nil || q.ExecID != 31 || !tab.Lookup(30).Is(FlagReplaced) {
		t.Errorf("the old image took over: %+v", q)
	}
	if s := tab.Stats(); s.LostExits != 0 {
		t.Errorf("stats %+v", s)
	}
	check(t, tab)
}

func TestTexts(t *testing.T) {
	tab := newTable(Settings{})
	w := words{path: "/usr/bin/python3", arguments: "python3\x00x.py\x00", cwd: "/srv", filename: "./x.py", tty: "pts3", comm: "0123456789abcdefXYZ"}
	p := tab.Apply(execOf(head(5, 1, 9, second), decode.Exec{Inode: 4, Mode: 0o100755, Stdio: [3]uint8{1, 2, 3}}, w))
	got := words{string(p.Path()), string(p.Arguments()), string(p.CWD()), string(p.Filename()), string(p.TTY()), string(p.Comm())}
	w.comm = "0123456789abcdef"
	if got != w || p.Inode != 4 || p.Mode != 0o100755 || p.Stdio != [3]uint8{1, 2, 3} {
		t.Errorf("got %+v, %+v", got, p.ImageFacts)
	}
	var list []string
	for a := range decode.Arguments(p.Arguments()) {
		list = append(list, string(a))
	}
	if len(list) != 2 || list[1] != "x.py" {
		t.Errorf("arguments %q", list)
	}
}

func TestNothing(t *testing.T) {
	tab := newTable(Settings{})
	for _, r := range []decode.Record{
		forkOf(decode.Header{}, 0, 1), execOf(decode.Header{}, decode.Exec{}, words{}),
		exitOf(decode.Header{}, decode.Exit{}), renameOf(decode.Header{}, "x"),
		credentialsOf(decode.Header{}, decode.IDs{}),
		build(decode.KindKexec, decode.Header{ExecID: 9}, decode.Kexec{}),
	} {
		if p := tab.Apply(r); p != nil {
			t.Errorf("%s without an exec ID gives %+v", r.Kind(), p.Facts)
		}
	}
	if tab.Len() != 0 {
		t.Errorf("%d entries", tab.Len())
	}
}
