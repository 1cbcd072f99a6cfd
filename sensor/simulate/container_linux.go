package simulate

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vigil/sensor/container"
)

// likeDocker begins the names of cgroups that playbooks make.
var likeDocker = fmt.Sprintf("docker-%x", "vigil simulate")

// contained plays in a cgroup below the current one that is named like one of Docker's,
// by which the sensor knows containers. Afterwards the cgroup is gone, whatever the play
// came to: until then the process does not end when asked to (Command asks before it kills).
func (s *stage) contained(act func() error) error {
	own, err := ownCgroup()
	if err != nil {
		return err
	}
	asks := []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP}
	signal.Ignore(asks...)
	defer signal.Reset(asks...)
	// 64 hexadecimal digits, that tell who made it and which of its processes
	dir := filepath.Join(own, fmt.Sprintf("%s%036d.scope", likeDocker, os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) { // it is there when another of this number was killed
		return fmt.Errorf("cgroups are not writable here: %w", err)
	}
	err = join(dir)
	if err == nil {
		err = errors.Join(act(), join(own))
	}
	return errors.Join(err, remove(dir))
}

// remove takes a cgroup away. Who has been waited for may be in it for a moment more:
// Linux d245698d727a, "cgroup: Defer task cgroup unlink until after the task is done
// switching out".
func remove(dir string) error {
	for until := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		err := unix.Rmdir(dir)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(until) {
			return fmt.Errorf("remove the cgroup %s: %w", dir, err)
		}
	}
}

// ownCgroup is the directory of this process's, in the hierarchy that names containers.
func ownCgroup() (string, error) {
	r := container.New(slog.New(slog.DiscardHandler), container.Settings{})
	defer func() { _ = r.Close() }()
	own, err := r.FromPID(uint32(os.Getpid()))
	if err != nil {
		return "", err
	}
	if own.CgroupID == 0 {
		return "", errors.New("the cgroup of this process is not visible here")
	}
	h, err := r.Hierarchy()
	return filepath.Join(h.Mount, strings.TrimPrefix(own.CgroupPath, h.Root)), err
}

// join moves this process, with all its threads, into a cgroup: cgroups(7).
func join(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
		return fmt.Errorf("join a cgroup: %w", err)
	}
	return nil
}

// mountNowhere asks to mount where nothing is: the kernel refuses before it looks at what.
func mountNowhere(source, kind string) error {
	if err := unix.Mount(source, room+"/nowhere", kind, 0, ""); !errors.Is(err, unix.ENOENT) {
		return errors.Join(errors.New("the kernel did not refuse to mount on what is not there"), err)
	}
	return nil
}
