package spool_test

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

// inNamespaceVariable is set in the test program that has a mount namespace of its own.
const inNamespaceVariable = "VIGIL_SPOOL_NAMESPACE"

// A disk that is full: older events make room, alerts go last, an Append that finds none
// says so, and what was taken is there.
func TestFullDisk(t *testing.T) {
	if os.Getenv(inNamespaceVariable) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), inNamespaceVariable+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, UidMappings: ids(os.Getuid()), GidMappings: ids(os.Getgid())}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.EPERM) {
			t.Skip("no user namespaces here")
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	dir := t.TempDir()
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""), unix.Mount("spool", dir, "tmpfs", 0, "size=512k")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	fullDisk(t, dir)
}

func ids(id int) []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
}

func fullDisk(t *testing.T, dir string) {
	s := spool.Settings{SegmentBytes: 30_000}
	p := open(t, dir, s)
	class := func(n uint64) batch.Class {
		if n > 1000 || n%10 == 0 {
			return batch.Alerts
		}
		return batch.Events
	}
	n := uint64(0)
	for n < 900 {
		n++
		put(t, p, class(n), n)
	}
	accounted(t, p, n, class, nil)
	for _, d := range p.Drops() {
		if d.Reason != spool.DiskFull || d.Class != batch.Events {
			t.Fatalf("%+v", d)
		}
	}
	if len(p.Drops()) == 0 {
		t.Fatal("512 KiB hold it all")
	}
	// Somebody else takes the rest of the disk.
	other, err := os.Create(dir + "/other")
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = other.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	for n < 1000 { // goes on in the place of its own
		n++
		put(t, p, class(n), n)
	}
	for n < 1300 { // alerts take it all, then the place of older ones
		n++
		put(t, p, batch.Alerts, n)
	}
	accounted(t, p, n, class, nil)
	before := p.Stats()
	if before.Classes["events"].Waiting.Batches > 0 || before.Classes["alerts"].Dropped[spool.DiskFull].Batches == 0 {
		t.Fatalf("%+v", before)
	}
	if _, err := p.Append(batch.Events, 3, make([]byte, 40_000)); !errors.Is(err, spool.ErrFull) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("events where alerts fill the disk: %v", err)
	}
	if after := p.Stats(); after.Refused.Events != 3 || after.Classes["alerts"].Waiting != before.Classes["alerts"].Waiting {
		t.Fatalf("%+v became %+v", before, after)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, dir, s) // starts on a disk that is full
	accounted(t, p, n, class, nil)
	// There is room again.
	if err := errors.Join(other.Close(), os.Remove(dir+"/other")); err != nil {
		t.Fatal(err)
	}
	n++
	put(t, p, batch.Alerts, n)
}
