//go:build linux

package capture

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"vigil/sensor"
)

// The promise: what the sensor holds after so many events, the rings apart.
const (
	memoryEvents = 1_000_000
	memoryLimit  = 40 << 20
)

// running is a sensor as users run it: the program, in a process of its own,
// which watches what the test makes the witness do.
type running struct {
	*exec.Cmd
	orders io.WriteCloser
	said   *bufio.Scanner
	client *http.Client
}

// startSensor builds and starts the sensor. It records to a file and watches a
// shell that starts the witness as it is ordered to.
func startSensor(t *testing.T, witness string) *running {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the sensor is built with go, which is not here")
	}
	dir := t.TempDir()
	program, socket := filepath.Join(dir, "vigil"), filepath.Join(dir, "socket")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "vigil/cmd/vigil")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the sensor: %v\n%s", err, out)
	}
	obey := `while read kind count; do "$0" $kind --count $count --workers 2 --dir "$1" --out "$1/report"; echo did $?; done`
	r := &running{Cmd: exec.Command(program, "run", "--quiet", "--scope", "self", "--socket", socket,
		"--record", filepath.Join(dir, "recording"), "--", "sh", "-c", obey, witness, t.TempDir())}
	var err error
	if r.orders, err = r.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	said, err := r.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.said = bufio.NewScanner(said)
	r.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.orders.Close() // ends the shell, and so the watch
		if err := r.Wait(); err != nil {
			t.Errorf("the sensor: %v", err)
		}
	})
	r.hear(t, "vigil ") // greets when events flow
	return r
}

// hear waits until the sensor, or what it started, says a line that begins so.
func (r *running) hear(t *testing.T, begin string) string {
	t.Helper()
	for r.said.Scan() {
		line := r.said.Text()
		if strings.HasPrefix(line, begin) {
			return line
		}
		t.Logf("the sensor says: %s", line)
	}
	t.Fatalf("the sensor ended without saying %q", begin)
	return ""
}

func (r *running) status(t *testing.T) sensor.Status {
	t.Helper()
	response, err := r.client.Get("http://sensor/status")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var s sensor.Status
	if err := json.NewDecoder(response.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// follow reads all events as they come, as `vigil events` does, and counts them.
func (r *running) follow(t *testing.T) (lines func() int) {
	t.Helper()
	response, err := r.client.Get("http://sensor/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	counted := make(chan int, 1)
	go func() {
		n := 0
		for s := bufio.NewScanner(response.Body); s.Scan(); n++ {
		}
		counted <- n
	}()
	return func() int {
		_ = response.Body.Close()
		return <-counted
	}
}

// resident adds up what of a process is in memory: its own, and the mapped rings.
func resident(t *testing.T, pid int) (own, rings uint64) {
	t.Helper()
	file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	ring := false
	for s := bufio.NewScanner(file); s.Scan(); {
		fields := strings.Fields(s.Text())
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"): // a mapping
			ring = strings.Contains(s.Text(), "bpf-map")
		case fields[0] == "Rss:":
			kB, err := strconv.ParseUint(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if ring {
				rings += kB << 10
			} else {
				own += kB << 10
			}
		}
	}
	return own, rings
}

// After a million events of all that the witness does, tens of thousands of
// short-lived programs among it, the sensor holds less than 40 MiB.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes most of a minute")
	}
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
	r := startSensor(t, generatorPath(t))
	lines := r.follow(t)
	began := time.Now()
	var peak, own, rings uint64
	var st sensor.Status
	for st.Records < memoryEvents {
		for _, order := range []string{"mixed 10000", "tree 5000", "rename 100000", "unlink 30000", "mkdir 20000", "udp 10000"} {
			fmt.Fprintln(r.orders, order)
			if said := r.hear(t, "did "); said != "did 0" {
				t.Fatalf("the witness %s: it %s", order, said)
			}
			own, _ = resident(t, r.Process.Pid)
			peak = max(peak, own)
		}
		st = r.status(t)
		t.Logf("%d records after %.0f s, %.1f MiB", st.Records, time.Since(began).Seconds(), mib(own))
	}
	// What was freed last goes back to the kernel in the next seconds.
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		own, rings = resident(t, r.Process.Pid)
		if peak = max(peak, own); own < memoryLimit || time.Now().After(until) {
			break
		}
	}
	t.Logf("%d records in %.0f s (%d lost), %d lines followed: %.1f MiB resident, %.1f MiB at most, rings %.1f MiB apart; CPU %.1f s; table %+v",
		st.Records, time.Since(began).Seconds(), st.LostAll, lines(), mib(own), mib(peak), mib(rings), st.CPU, st.Table)
	if st.Events["exec"] < 10_000 {
		t.Errorf("only %d execs: too few to prove anything", st.Events["exec"])
	}
	if own >= memoryLimit {
		t.Errorf("the sensor holds %.1f MiB, %.0f MiB are allowed", mib(own), mib(memoryLimit))
	}
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }
