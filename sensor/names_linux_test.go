package sensor

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/detect"
)

// execs keeps what is told of who runs /bin/true.
type execs chan execIn

type execIn struct {
	pid       uint32
	container decode.Container
	user      string
}

func (c execs) Flush()                                       {}
func (c execs) Alert(*detect.Alert, detect.Activity, *Event) {}

func (c execs) Take(e *Event) {
	if e.Record.Kind() == decode.KindExec && strings.HasSuffix(string(e.Actor().Path), "/true") {
		c <- execIn{e.Record.PID, e.Actor().Container, strings.Clone(e.Actor().User)}
	}
}

// A process that is moved into a cgroup such as Docker makes is told with its
// container; what runs outside of it is not.
func TestContainerOfEvents(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
	c := Default()
	c.Scope = "self"
	s, err := New(c, "test", slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	seen := make(execs, 64)
	s.AddSink(seen)
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- s.Run(ctx, func() { close(ready) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-ready

	id := strings.Repeat("0123456789abcdef", 4)
	inside := startIn(t, makeCgroup(t, s.names, "docker-"+id+".scope"))
	outside := startIn(t, "")
	want := map[uint32]string{inside: id, outside: ""}
	for len(want) > 0 {
		select {
		case e := <-seen:
			id, mine := want[e.pid]
			if !mine {
				continue
			}
			if e.container.ID != id {
				t.Errorf("process %d is in container %q, want %q", e.pid, e.container.ID, id)
			}
			if id != "" && e.container.Runtime != "docker" {
				t.Errorf("process %d: runtime %q, want docker", e.pid, e.container.Runtime)
			}
			if e.user != "root" {
				t.Errorf("process %d: user %q, want root", e.pid, e.user)
			}
			delete(want, e.pid)
		case err := <-done:
			done <- err
			t.Fatalf("the sensor ended: %v", err)
		}
	}
}

// makeCgroup makes a cgroup below this process's own.
func makeCgroup(t *testing.T, n *names, name string) string {
	t.Helper()
	h, err := n.containers.Hierarchy()
	if err != nil {
		t.Skipf("no cgroups here: %v", err)
	}
	own, err := n.containers.FromPID(uint32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(h.Mount, strings.TrimPrefix(own.CgroupPath, h.Root), name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("cgroups are not writable here: %v", err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// startIn runs a shell that becomes /bin/true once it is in the cgroup, and gives its
// process.
func startIn(t *testing.T, cgroup string) uint32 {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "read go && exec /bin/true")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if cgroup != "" {
		pid := strconv.Itoa(cmd.Process.Pid)
		if err := os.WriteFile(filepath.Join(cgroup, "cgroup.procs"), []byte(pid), 0o644); err != nil {
			t.Error(err)
		}
	}
	_, err = io.WriteString(in, "go\n")
	if err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	return uint32(cmd.Process.Pid)
}
