package export

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A disk of 64 KiB, in a mount namespace of a process of this test's own, is full: what
// is there are whole lines, and what does not fit waits until there is room.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv("VIGIL_SMALL_DISK"); dir != "" {
		fullDisk(t, dir)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root mounts a small disk")
	}
	c := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	c.Env = append(os.Environ(), "VIGIL_SMALL_DISK="+t.TempDir())
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := c.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("no mount namespaces here")
	}
	if err != nil || !strings.Contains(string(out), "PASS: TestFullDisk") {
		t.Errorf("%v\n%s", err, out)
	}
}

func fullDisk(t *testing.T, dir string) {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("small", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 40<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x")
	r := start(t, Config{File: &File{Path: path}, Batch: Batch{Items: 25}})
	const n = 200 // some 35 KiB: more than the 24 that are left
	for k := range n {
		r.Offer(numbered(k))
	}
	for until := time.Now().Add(20 * time.Second); r.Status().Failures < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("never full: %+v", r.Status())
		}
	}
	s := r.Status()
	r.balanced(s)
	b := read(t, path)
	if !strings.Contains(s.LastError, "no space left") || s.Delivered == 0 || s.Delivered == n || s.Undelivered != 0 {
		t.Errorf("%+v", s)
	}
	if got := len(numbers(b)); uint64(got) != s.Delivered {
		t.Errorf("%d are there, %d are said to be", got, s.Delivered)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	r.settle()
	whole(t, r.end(), numbers(read(t, path)), n, true)
}
