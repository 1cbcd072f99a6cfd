//go:build linux

package benign

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/sensor"
)

// watch is a sensor that watches the hour, and nothing else.
type watch struct {
	program string
	socket  string
	log     string         // what the hour and the sensor said
	stdin   io.WriteCloser // of the hour: see hour/all
	ended   chan struct{}
	err     error // how it ended, once it has
}

// alert is what the test reads of one: a part of OCSF's Detection Finding.
type alert struct {
	Severity decode.Severity `json:"severity_id"`
	Count    uint64          `json:"count"`
	Info     struct {
		Title    string `json:"title"`
		Analytic struct {
			Rule string `json:"uid"`
		} `json:"analytic"`
	} `json:"finding_info"`
	Actor struct {
		Process struct {
			part
			Ancestry []part `json:"ancestry"`
		} `json:"process"`
	} `json:"actor"`
	Evidences []struct {
		Data json.RawMessage `json:"data"`
	} `json:"evidences"`
}

type part struct {
	PID  uint32 `json:"pid"`
	Line string `json:"cmd_line"`
	File struct {
		Path string `json:"path"`
	} `json:"file"`
}

type status struct{ sensor.Status }

// used is how many bytes wait in the rings.
func (s *status) used() int {
	n := 0
	for _, q := range s.Queues {
		n += q.Used
	}
	return n
}

// begin starts the sensor, which starts the hour.
func begin(t *testing.T, root string) *watch {
	t.Helper()
	dir := t.TempDir()
	w := &watch{program: filepath.Join(dir, "vigil"), socket: filepath.Join(dir, "socket"), log: filepath.Join(dir, "log"), ended: make(chan struct{})}
	command(t, "go", "build", "-o", w.program, "../../cmd/vigil")
	log, err := os.Create(w.log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(w.program, "run", "--scope", "self", "--quiet", "--socket", w.socket, "--",
		"unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "./enter", root, goRoot(t), "/root/hour/all")
	cmd.Args = append(cmd.Args, stages()...)
	cmd.Stdout, cmd.Stderr = log, log
	if w.stdin, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("start the sensor: %v", err)
	}
	go func() {
		w.err = cmd.Wait()
		close(w.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // ended already: no harm
		<-w.ended
		_ = log.Close()
		if said, err := os.ReadFile(w.log); t.Failed() && err == nil {
			t.Logf("the end of what was said:\n%s", said[max(0, len(said)-4096):])
		}
	})
	return w
}

// until waits for something to come true while the sensor runs.
func (w *watch) until(t *testing.T, what string, most time.Duration, is func() bool) {
	t.Helper()
	late := time.NewTimer(most)
	defer late.Stop()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !is() {
		select {
		case <-look.C:
		case <-w.ended:
			t.Fatalf("waiting until %s: the sensor ended: %v", what, w.err)
		case <-late.C:
			t.Fatalf("waiting until %s: not within %s", what, most)
		}
	}
}

// ask runs a command of Vigil's on the sensor's socket.
func (w *watch) ask(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(w.program, append(args, "--socket", w.socket, "--json")...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("vigil %s: %v: %s", strings.Join(args, " "), err, said.String())
	}
	return out
}

func (w *watch) status(t *testing.T) *status {
	t.Helper()
	var st status
	if err := json.Unmarshal(w.ask(t, "status"), &st); err != nil {
		t.Fatalf("vigil status: %v", err)
	}
	return &st
}

func (w *watch) alerts(t *testing.T) []*alert {
	t.Helper()
	var all []*alert
	for d := json.NewDecoder(bytes.NewReader(w.ask(t, "alerts", "--all", "--severity", "informational"))); ; {
		a := &alert{}
		if err := d.Decode(a); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("vigil alerts: %v", err)
		}
		all = append(all, a)
	}
}

// goOn writes the line that hour/all waits for.
func (w *watch) goOn(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(w.stdin, "go on\n"); err != nil {
		t.Fatalf("tell the hour to go on: %v", err)
	}
}

// end lets the hour end, and with it the sensor.
func (w *watch) end(t *testing.T) {
	t.Helper()
	_ = w.stdin.Close() // the reader may have gone
	select {
	case <-w.ended:
		if w.err != nil {
			t.Errorf("the sensor: %v", w.err)
		}
	case <-time.After(time.Minute):
		t.Error("the sensor did not end with what it watched")
	}
}
