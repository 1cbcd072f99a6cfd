package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// longestCleared is how long a playbook that is told to end may go on.
const longestCleared = 5 * time.Second

// Command is the playbook as a child process. It needs root, or a kernel that lets
// users have namespaces of their own.
func Command(ctx context.Context, name string) (*exec.Cmd, error) {
	does, err := json.Marshal(part{Do: "play", Text: name})
	if err != nil {
		return nil, fmt.Errorf("simulate %s: %w", name, err)
	}
	c := exec.CommandContext(ctx, "/proc/self/exe", "simulate", name)
	c.Env = []string{variable + "=" + string(does)}
	c.Cancel = func() error { return c.Process.Signal(unix.SIGTERM) } // what lies outside of its namespaces is to be cleared away
	c.WaitDelay = longestCleared
	if os.Geteuid() != 0 {
		c.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		}
	}
	return c, nil
}

// Part plays the part that the environment asks for, if it does, and tells whether
// it did. A program that has playbooks calls it before all else.
func Part() bool {
	text, ok := os.LookupEnv(variable)
	if !ok {
		return false
	}
	var p part
	err := json.Unmarshal([]byte(text), &p)
	if err == nil && p.Do == "play" {
		err = play(p.Text)
	} else if err == nil {
		err = p.do()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// start runs a program to its end.
func start(p *program, in, out *os.File) (err error) {
	path, extra, err := p.file()
	if err != nil {
		return fmt.Errorf("run %s: %w", p.Image, err)
	}
	if extra != nil {
		defer func() { _ = extra.Close() }()
	}
	if p.Socket && in.Name() == os.DevNull {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("run %s: %w", p.Image, err)
		}
		in = os.NewFile(uintptr(pair[0]), "socket")
		defer func() { _ = in.Close() }()
		defer func() { _ = unix.Close(pair[1]) }()
	}
	if p.Pipes {
		ends, err := pipes()
		if err != nil {
			return fmt.Errorf("run %s: %w", p.Image, err)
		}
		defer func() { _ = closeAll(ends) }()
		in, out = ends[0], ends[3]
	}
	does, err := json.Marshal(p.Part)
	if err != nil {
		return err
	}
	arguments := p.Arguments
	if arguments == nil {
		arguments = []string{filepath.Base(p.Image)}
	}
	files := []*os.File{in, out, os.Stderr}
	if extra != nil {
		files = append(files, extra)
	}
	child, err := os.StartProcess(path, arguments, &os.ProcAttr{
		Env: []string{variable + "=" + string(does)}, Files: files, Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return fmt.Errorf("run %s: %w", p.Image, err)
	}
	state, err := child.Wait()
	if err == nil && !state.Success() {
		err = errors.New(state.String())
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", p.Image, err)
	}
	return nil
}

// pipes makes two, each the end to read from before the one to write to.
func pipes() (ends []*os.File, err error) {
	for range 2 {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, closeAll(ends))
		}
		ends = append(ends, read, write)
	}
	return ends, nil
}

func closeAll(files []*os.File) error {
	var err error
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// file is what to run: the copy, or one without a name, as a descriptor to be the
// child's fourth.
func (p *program) file() (path string, extra *os.File, err error) {
	const fourth = "/proc/self/fd/3"
	switch {
	case p.Memfd:
		fd, err := unix.MemfdCreate(filepath.Base(p.Image)[max(0, len("memfd:")):], unix.MFD_CLOEXEC)
		if err != nil {
			return "", nil, err
		}
		written := os.NewFile(uintptr(fd), "memfd")
		defer func() { _ = written.Close() }()
		if err := copyTo(written); err != nil {
			return "", nil, err
		}
		extra, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd)) // for reading only: what is open for writing is not run
		return fourth, extra, err
	case p.Deleted:
		extra, err := os.Open(p.Image)
		if err != nil {
			return "", nil, err
		}
		return fourth, extra, os.Remove(p.Image)
	}
	return p.Image, nil, nil
}
