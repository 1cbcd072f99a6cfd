package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vigil/decode"
)

// fakeProc is a /proc of files.
type fakeProc struct {
	t    *testing.T
	root string
}

func (f fakeProc) write(pid uint32, name, text string) {
	f.t.Helper()
	path := filepath.Join(f.root, fmt.Sprint(pid), name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		f.t.Fatal(err)
	}
}

func (f fakeProc) link(pid uint32, name, target string) {
	f.t.Helper()
	path := filepath.Join(f.root, fmt.Sprint(pid), name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.RemoveAll(path), os.Symlink(target, path)); err != nil {
		f.t.Fatal(err)
	}
}

func (f fakeProc) stat(pid, ppid uint32, comm string, state byte, flags uint32, ticks uint64) {
	f.t.Helper()
	f.write(pid, "stat", fmt.Sprintf("%d (%s) %c %d 1 1 34817 -1 %d 1 2 3 4 5 6 7 8 20 0 1 0 %d 1 2 3\n", pid, comm, state, ppid, flags, ticks))
}

func (f fakeProc) process(pid, ppid uint32, path, arguments string, ticks uint64) {
	f.t.Helper()
	f.stat(pid, ppid, strings.Fields(filepath.Base(path))[0], 'S', 0x400000, ticks)
	f.write(pid, "status", "Name:\tx\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\nNSpid:\t77\t3\nCapInh:\t0000000000000001\nCapPrm:\t0000000000000002\nCapEff:\t0000000000000004\n")
	f.write(pid, "cmdline", arguments)
	f.write(pid, "loginuid", "1000")
	f.write(pid, "sessionid", "4294967295")
	f.link(pid, "exe", path)
	f.link(pid, "cwd", "/srv")
	for i, ns := range []string{"mnt", "pid", "net", "user", "cgroup"} {
		f.link(pid, "ns/"+ns, fmt.Sprintf("%s:[%d]", ns, 100+i))
	}
}

func newFakeProc(t *testing.T) fakeProc {
	t.Helper()
	f := fakeProc{t, t.TempDir()}
	f.process(1, 0, "/sbin/init", "init\x00", 10)
	f.stat(2, 0, "kthreadd", 'S', 0x208040, 10)
	f.write(2, "status", "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n")
	f.process(50, 1, "/usr/bin/server (deleted)", "server\x00--all\x00", 5000)
	f.process(60, 50, "/usr/bin/other", "other\x00", 6000)
	f.stat(70, 1, "zombie", 'Z', 0x40000c, 7000)
	if err := os.WriteFile(filepath.Join(f.root, "uptime"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSeeds(t *testing.T) {
	f := newFakeProc(t)
	tab := newTable(Settings{})
	asked := map[uint32]uint32{}
	var pids []uint32
	tab.BeginReconcile(60 * second)
	for s, err := range Seeds(f.root, func(pid, ppid uint32) bool {
		asked[pid] = ppid
		return pid != 60
	}) {
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, s.Header.PID)
		tab.Add(&s)
	}
	tab.EndReconcile(true)
	slices.Sort(pids)
	if !slices.Equal(pids, []uint32{1, 2, 50}) || asked[60] != 50 || len(asked) != 4 {
		t.Fatalf("seeds of %v, asked about %v", pids, asked)
	}
	p := tab.LookupPID(50)
	if string(p.Path()) != "/usr/bin/server" || string(p.Arguments()) != "server\x00--all\x00" || string(p.CWD()) != "/srv" ||
		string(p.Comm()) != "server" || string(p.TTY()) != "pts1" {
		t.Errorf("texts %q %q %q %q %q", p.Path(), p.Arguments(), p.CWD(), p.Comm(), p.TTY())
	}
	want := Facts{
		ExecID: p.ExecID, ParentExecID: tab.LookupPID(1).ExecID, Start: 5000*tick + tick - 1, PID: 50, PPID: 1,
		UID: 1000, EUID: 1001, GID: 5, EGID: 6, LoginUID: 1000, SessionID: Unknown,
		CapInheritable: 1, CapPermitted: 2, CapEffective: 4,
		MountNS: 100, PIDNS: 101, NetNS: 102, UserNS: 103, CgroupNS: 104, NSPID: 3,
		Flags: FlagSeeded | FlagReconciled | FlagProvisional | FlagStartInexact,
	}
	if p.Facts != want {
		t.Errorf("got\n%+v, want\n%+v", p.Facts, want)
	}
	if p.FileFlags&decode.EventFileDeleted == 0 || p.Argc != 2 || p.Incomplete {
		t.Errorf("image %+v", p.ImageFacts)
	}
	if k := tab.LookupPID(2); !k.Is(FlagKernelThread) || string(k.Comm()) != "kthreadd" {
		t.Errorf("kernel thread %+v", k.Facts)
	}
	check(t, tab)
}

func TestSeedsErrors(t *testing.T) {
	for s, err := range Seeds(filepath.Join(t.TempDir(), "none"), nil) {
		if !errors.Is(err, fs.ErrNotExist) || s.Header.PID != 0 {
			t.Errorf("no /proc: %v", err)
		}
	}
	f := newFakeProc(t)
	f.write(80, "stat", "nonsense")
	n := 0
	for s, err := range Seeds(f.root, func(pid, _ uint32) bool { return pid == 80 }) {
		if n++; !errors.Is(err, errStat) || s.Header.PID != 80 || !strings.HasPrefix(err.Error(), "seed from proc: ") {
			t.Errorf("process %d: %v", s.Header.PID, err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
	for _, err := range Seeds(f.root, nil) {
		if err != nil {
			t.Error(err)
		}
		break
	}
}

func TestFill(t *testing.T) {
	f := newFakeProc(t)
	tab := newTable(Settings{})
	start := uint64(5000*tick + 1234)
	p := tab.Apply(seedOf(head(50, 1, 50, 60*second), decode.Exec{Start: start, Inode: 9, UserNS: 4}, words{path: "/mnt/usr/bin/server", comm: "srv"}))
	child := tab.Apply(forkOf(head(50, 1, 50, 61*second), 51, 5100))
	if err := tab.Fill(p, f.root); err != nil {
		t.Fatal(err)
	}
	if string(p.Path()) != "/mnt/usr/bin/server" || string(p.Arguments()) != "server\x00--all\x00" || string(p.CWD()) != "/srv" ||
		string(p.Comm()) != "srv" || p.Inode != 9 || p.UserNS != 4 || p.Incomplete || p.Argc != 2 {
		t.Errorf("filled: %+v %q %q %q %q", p.ImageFacts, p.Path(), p.Arguments(), p.CWD(), p.Comm())
	}
	if string(child.Arguments()) != "server\x00--all\x00" {
		t.Error("the child that shares the image has none of it")
	}
	check(t, tab)

	// Of a process whose records were lost /proc tells all.
	q := tab.Apply(renameOf(head(60, 50, 60, 70*second), "other"))
	if err := tab.Fill(q, f.root); err != nil {
		t.Fatal(err)
	}
	if string(q.Path()) != "/usr/bin/other" || q.EUID != 1001 || q.GID != 5 || q.MountNS != 100 || q.PPID != 50 || q.ParentExecID != 50 || q.LoginUID != 1000 {
		t.Errorf("filled: %+v %q", q.Facts, q.Path())
	}
	check(t, tab)
}

func TestFillRefuses(t *testing.T) {
	f := newFakeProc(t)
	tab := newTable(Settings{})
	seed := func(pid uint32, start uint64, path string) *Process {
		return tab.Apply(seedOf(head(uint64(pid)<<32|start, 1, pid, 60*second), decode.Exec{Start: start}, words{path: path}))
	}
	for name, c := range map[string]struct {
		p    *Process
		want error
	}{
		"earlier owner": {seed(50, 5000*tick-2*tick, "/usr/bin/server"), ErrOther},
		"later owner":   {seed(50, 5002*tick, "/usr/bin/server"), ErrOther},
		"other program": {seed(60, 6000*tick, "/usr/bin/before"), ErrOther},
		"gone":          {seed(90, 6000*tick, "/usr/bin/x"), fs.ErrNotExist},
	} {
		if err := tab.Fill(c.p, f.root); !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), "fill process ") {
			t.Errorf("%s: %v", name, err)
		}
		if len(c.p.Arguments()) != 0 {
			t.Errorf("%s: got %q", name, c.p.Arguments())
		}
	}
	// A stub is known to have had the PID at some time: who started later is another.
	stub := tab.Apply(renameOf(head(7, 1, 60, 5999*tick), "early"))
	if err := tab.Fill(stub, f.root); !errors.Is(err, ErrOther) {
		t.Errorf("stub: %v", err)
	}
	check(t, tab)
}

// TestFillReal reads a child of the test itself from the true /proc.
func TestFillReal(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	pid := uint32(cmd.Process.Pid)
	// Start returns when the exec is done, for it waits for the pipe that exec closes.
	tab := newTable(Settings{})
	for s, err := range Seeds("/proc", func(p, _ uint32) bool { return p == pid }) {
		if err != nil {
			t.Fatal(err)
		}
		tab.Add(&s)
	}
	p := tab.LookupPID(pid)
	if p == nil || string(p.Arguments()) != "sleep\x00600\x00" || string(p.CWD()) != "/" || p.MountNS == 0 ||
		int(p.UID) != os.Getuid() || int(p.PPID) != os.Getpid() || p.Inode == 0 || string(p.Comm()) != "sleep" {
		t.Fatalf("seeded %+v", p)
	}
	exact := tab.Apply(seedOf(head(9, 0, pid, 60*second), decode.Exec{Start: p.Start - tick/2, PPID: p.PPID}, words{comm: "sleep"}))
	if exact != p || p.ExecID != 9 {
		t.Fatalf("renamed to %+v", exact)
	}
	other := newTable(Settings{})
	q := other.Apply(seedOf(head(9, 0, pid, 60*second), decode.Exec{Start: p.Start - tick/2}, words{}))
	if err := other.Fill(q, "/proc"); err != nil || string(q.Arguments()) != "sleep\x00600\x00" || q.Inode != p.Inode || q.Device != p.Device {
		t.Errorf("filled %+v: %v", q.ImageFacts, err)
	}
}
