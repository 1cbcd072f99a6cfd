//go:build linux

package scale

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// host is a sensor, which is killed and started again.
type host struct {
	t         *testing.T
	namespace string
	order
	cmd   *exec.Cmd
	input io.WriteCloser
	said  *os.File
}

// newHosts starts the sensors: of the last but one the spool may have few bytes, the disk
// of the last one's is small.
func newHosts(t *testing.T, s *server, n *network, z size) []*host {
	t.Helper()
	var all []*host
	for i := range sensors {
		h := &host{t: t, namespace: n.sensors[i], order: order{
			Dir: t.TempDir(), Name: fmt.Sprintf("scale-%d", i), Server: fmt.Sprintf("https://%s:8444", n.address(i)),
			First: uint64(i+1) * 1_000_000_000, Events: uint64(z.events / sensors), Rate: z.rate,
		}}
		h.Token = s.token(h.Name)
		switch i {
		case sensors - 2:
			h.MaxBytes = z.bound
		case sensors - 1:
			h.MaxBytes = 2 * int64(z.disk)
			h.mount(z.disk)
		}
		var err error
		h.said, err = os.Create(filepath.Join(h.Dir, "said"))
		must(t, err)
		t.Cleanup(h.end)
		h.start()
		all = append(all, h)
	}
	return all
}

// mount gives the spool a disk of its own.
func (h *host) mount(bytes int) {
	h.t.Helper()
	dir := filepath.Join(h.Dir, "spool")
	must(h.t, os.Mkdir(dir, 0o700))
	must(h.t, syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", bytes)))
	h.t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			h.t.Errorf("unmount %s: %v", dir, err)
		}
	})
}

func (h *host) start() {
	h.t.Helper()
	text, err := json.Marshal(h.order)
	must(h.t, err)
	self, err := os.Executable()
	must(h.t, err)
	h.cmd = command(h.namespace, self)
	h.cmd.Env = append(h.cmd.Env, orderVariable+"="+string(text))
	h.cmd.Stdout, h.cmd.Stderr = h.said, h.said
	h.input, err = h.cmd.StdinPipe()
	must(h.t, err)
	must(h.t, h.cmd.Start())
}

// kill ends it as a crash does.
func (h *host) kill() {
	h.t.Helper()
	must(h.t, h.cmd.Process.Kill())
	_ = h.cmd.Wait() // says that it was killed
	h.cmd = nil
}

// finish waits until it has shipped and told all.
func (h *host) finish() {
	h.t.Helper()
	must(h.t, h.input.Close())
	ended := make(chan error, 1)
	go func() { ended <- h.cmd.Wait() }()
	var err error
	until(h.t, h.Name+" has shipped all", func() bool {
		select {
		case err = <-ended:
			return true
		default:
			return false
		}
	})
	h.cmd = nil
	must(h.t, err)
}

func (h *host) end() {
	if h.cmd != nil {
		_ = h.cmd.Process.Kill() // it may have ended
		_ = h.cmd.Wait()
	}
	if h.t.Failed() {
		h.t.Logf("%s said:\n%s\n%s", h.Name, tail(h.said.Name()), tail(h.log()))
	}
	_ = h.said.Close()
}

// notes is its journal so far.
func (h *host) notes() []note {
	h.t.Helper()
	notes, err := readJournal(h.journal())
	if err != nil && !os.IsNotExist(err) {
		h.t.Fatal(err)
	}
	return notes
}

func (h *host) acknowledged() (rows uint64) {
	h.t.Helper()
	for _, n := range h.notes() {
		if n.What == "acknowledged" {
			rows += n.Rows
		}
	}
	return rows
}
