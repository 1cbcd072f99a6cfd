//go:build linux

package capture

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vigil/decode"
)

// nest is a line of processes, each the child of the one before; the last makes
// a file and starts a program when told to go on.
func nest(depth string) error {
	n, err := strconv.Atoi(depth)
	if err != nil {
		return err
	}
	if n == 0 {
		fmt.Println(os.Getpid())
		if err := untilTold(); err != nil {
			return err
		}
		return errors.Join(os.WriteFile(os.Getenv("VIGIL_FILE"), []byte("seeded"), 0o600), exec.Command("sh", "-c", ":").Run())
	}
	c, err := startChild("nest " + strconv.Itoa(n-1))
	if err != nil {
		return err
	}
	pids, err := c.pids()
	if err != nil {
		return err
	}
	for _, pid := range append([]int{os.Getpid()}, pids...) {
		fmt.Print(pid, " ")
	}
	fmt.Println()
	return errors.Join(untilTold(), c.end())
}

// keepZombie has a child that has ended and is not waited for.
func keepZombie(string) error {
	cmd := exec.Command("sh", "-c", ":")
	if err := cmd.Start(); err != nil {
		return err
	}
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		return err
	}
	fmt.Println(os.Getpid(), cmd.Process.Pid)
	return errors.Join(untilTold(), cmd.Wait())
}

// cloneForParent starts a program as the child of its own parent (CLONE_PARENT),
// from a thread that is not the first; with an argument, its child does.
func cloneForParent(below string) error {
	if below != "" {
		c, err := startChild("clone")
		if err != nil {
			return err
		}
		pids, err := c.pids()
		if err != nil {
			return err
		}
		err = c.end()
		var status syscall.WaitStatus
		_, wait := syscall.Wait4(pids[1], &status, 0, nil) // that became our child
		fmt.Println(os.Getpid(), pids[0], pids[1])
		return errors.Join(err, wait, untilTold())
	}
	type started struct {
		pid int
		err error
	}
	done := make(chan started)
	go asideOfMain(func() {
		cmd := exec.Command("sh", "-c", ":")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_PARENT}
		if err := cmd.Start(); err != nil {
			done <- started{0, err}
			return
		}
		done <- started{cmd.Process.Pid, nil}
	})
	s := <-done
	fmt.Println(os.Getpid(), s.pid)
	return errors.Join(s.err, untilTold())
}

// asideOfMain runs f in a thread other than the process's first.
func asideOfMain(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != os.Getpid() {
		f()
		return
	}
	done := make(chan struct{})
	go func() { asideOfMain(f); close(done) }()
	<-done
}

// above gives the PIDs that a process descends from, as the sensor says.
func (l *lineage) above(pid int) []int {
	var pids []int
	for _, a := range l.chains[life{uint32(pid), 0}] {
		pids = append(pids, int(a.pid))
	}
	return pids
}

// allEnded tells whether the watcher has seen the end of every process.
func (l *lineage) allEnded() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, who := range l.lives {
		if l.exited[who] == 0 {
			return false
		}
	}
	return true
}

func (l *lineage) check(t *testing.T, pid int, want ...int) {
	t.Helper()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if got := l.above(pid); !slices.Equal(got, want) {
		t.Errorf("process %d descends from %v, the sensor says %v", pid, want, got)
	}
	for _, complaint := range l.bad {
		t.Error(complaint)
	}
}

// What ran before the sensor did is known with its ancestors, and so is what it starts.
func TestSeededAncestry(t *testing.T) {
	t.Setenv("VIGIL_FILE", filepath.Join(t.TempDir(), "file"))
	c, pids := begun(t, "nest 5")
	z, zombie := begun(t, "zombie")
	s := settings(t)
	l := newLineage(s.BootSeed)
	var grandchild int
	w := watch(t, s, func(r decode.Record) {
		l.take(r)
		if r.Kind() == decode.KindFork && int(r.PID) == pids[5] {
			grandchild = int(r.Fork().ChildPID)
		}
	})
	if err := w.Seed(); err != nil {
		t.Fatal(err)
	}
	until(t, "the processes that ran before", func() bool { return w.count[decode.KindProcess].Load() >= 7 })
	l.mutex.Lock()
	if p := l.table.LookupPID(uint32(zombie[1])); p != nil {
		t.Errorf("the table says that %d runs, which has ended: %+v", zombie[1], p.Facts)
	}
	if p := l.table.LookupPID(uint32(zombie[0])); p == nil {
		t.Errorf("the table does not know %d, which runs", zombie[0])
	}
	l.mutex.Unlock()
	if err := errors.Join(c.end(), z.end()); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the first", l.ended(pids[0]))
	until(t, "the file", func() bool { return w.count[decode.KindFileWrite].Load() > 0 })
	for i, pid := range pids[1:] {
		above := slices.Clone(pids[:i+1])
		slices.Reverse(above)
		l.check(t, pid, above...)
	}
	slices.Reverse(pids)
	l.check(t, grandchild, pids...)
}

// A process that was made for another parent (CLONE_PARENT) descends from who made it.
func TestAncestryOfClonedForParent(t *testing.T) {
	s := settings(t)
	l := newLineage(s.BootSeed)
	watch(t, s, l.take)
	direct, pids := begun(t, "clone")
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pids[1], &status, 0, nil); err != nil { // it is our child, not its maker's
		t.Fatal(err)
	}
	below, under := begun(t, "clone below")
	if err := errors.Join(direct.end(), below.end()); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of all", func() bool { return l.ended(pids[0])() && l.ended(under[0])() })
	until(t, "the end of what was cloned", func() bool { return l.ended(pids[1])() && l.ended(under[2])() })
	l.check(t, pids[1], pids[0])
	l.check(t, under[2], under[1], under[0])
}

// Short-lived processes that write files: what they did is told in the other
// ring, after their ends, and leads to them all the same.
func TestIdentityOfWriters(t *testing.T) {
	s := settings(t)
	l := newLineage(s.BootSeed)
	w := watch(t, s, l.take)
	n := operations() / 40
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do (echo x >w$i; (rm w$i; : >last$i) & ) ; i=$((i+1)); done; wait`, n)
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir, cmd.Stderr = t.TempDir(), os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	until(t, "the files", func() bool {
		return w.count[decode.KindFileOpen].Load() >= uint64(2*n) && w.count[decode.KindFileUnlink].Load() >= uint64(n)
	})
	until(t, "the end of the shell", l.ended(cmd.Process.Pid))
	until(t, "the end of what it left behind", l.allEnded)
	l.check(t, cmd.Process.Pid)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	deepest := 0
	for _, chain := range l.chains {
		deepest = max(deepest, len(chain))
	}
	if deepest < 2 {
		t.Errorf("ancestry up to %d: the shells did not fork as meant", deepest)
	}
	t.Logf("%d processes, %d events", len(l.lives), l.events)
}
