package sensor

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"vigil/decode"
	"vigil/detect"
	"vigil/detect/rule"
)

func TestListen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new", "sensor.sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{path: fs.ModeSocket | 0o600, filepath.Dir(path): fs.ModeDir | 0o700} {
		if st, err := os.Lstat(name); err != nil || st.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", name, st.Mode(), err, want)
		}
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another sensor answers there; stop it or give --socket") {
		t.Errorf("a second one: %v", err)
	}
	// One that was killed leaves its socket: the next takes it.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	if l, err = Listen(path); err != nil {
		t.Fatalf("a socket that nobody listens on: %v", err)
	}
	_ = l.Close()
	// A file that is no socket stays.
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "a file that is no socket lies there") {
		t.Errorf("a file: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Errorf("the file: %q, %v", text, err)
	}
	if _, err := Listen(filepath.Join(path, "below")); err == nil || !strings.HasPrefix(err.Error(), "make the socket's directory: ") {
		t.Errorf("below a file: %v", err)
	}
}

// live is a sensor that watches what the test starts, and whom it answers.
type live struct {
	*Sensor
	client http.Client
	lost   atomic.Uint64 // records, as lost events told
	bad    atomic.Pointer[string]
	until  uint64 // of the last window
}

func (l *live) Flush()                                       {}
func (l *live) Alert(*detect.Alert, detect.Activity, *Event) {}

// Take checks what is told of losses.
func (l *live) Take(e *Event) {
	if e.Record.Kind() != decode.KindLost {
		return
	}
	told := e.Record.Lost()
	l.lost.Add(told.Records)
	if told.Records == 0 || told.Since == 0 || told.Until <= told.Since || told.Since < l.until && told.Until != l.until ||
		told.Kind == 0 || told.Kind >= uint32(decode.KindCount) || told.Reason >= decode.LostReasonReasons {
		text := fmt.Sprintf("%+v after a window until %d", *told, l.until)
		l.bad.Store(&text)
	}
	l.until = told.Until
}

// start starts a sensor with small rings: floods of events find no room in them.
func start(t *testing.T) *live {
	t.Helper()
	c := Default()
	c.Bulk, c.Processes = 4096, 1024
	return startWith(t, c)
}

// startWith starts a sensor of what the test starts, and hands its events to more sinks.
func startWith(t *testing.T, c Config, more ...Sink) *live {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
	c.Scope = "self"
	s, err := New(c, "v0.1-test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	l := &live{Sensor: s}
	l.client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	followers := NewFollowers()
	s.AddSink(l)
	s.AddSink(followers)
	for _, k := range more {
		s.AddSink(k)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran, served, ready := make(chan error, 1), make(chan error, 1), make(chan struct{})
	go func() { ran <- s.Run(ctx, func() { close(ready) }) }()
	go func() { served <- s.Serve(ctx, listener, followers) }()
	t.Cleanup(func() {
		cancel()
		for _, err := range []error{<-ran, <-served} {
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := os.Stat(socket); err == nil {
			t.Error("the socket stays behind")
		}
	})
	<-ready
	return l
}

func (l *live) get(t *testing.T, path string) (int, string) {
	t.Helper()
	answer, err := l.client.Get("http://sensor" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func (l *live) status(t *testing.T) Status {
	t.Helper()
	code, text := l.get(t, "/status")
	var st Status
	if err := json.Unmarshal([]byte(text), &st); err != nil || code != http.StatusOK {
		t.Fatalf("%d, %s: %v", code, text, err)
	}
	return st
}

// One sensor serves all of these: to start one takes seconds.
func TestSensorAnswers(t *testing.T) {
	l := start(t)
	t.Run("bad requests", l.testBadRequests)
	t.Run("processes", l.testProcesses)
	t.Run("events", l.testEvents)
	t.Run("loss", l.testLoss)
	t.Run("status", l.testStatus)
	t.Run("metrics", l.testMetrics)
	t.Run("reload", l.testReload)
}

func (l *live) testBadRequests(t *testing.T) {
	for path, want := range map[string]int{
		"/": 404, "/nothing": 404, "/status/x": 404, "/events?kind=exek": 400, "/events?filter=pid": 400, "/events?form=xml": 400,
	} {
		if code, text := l.get(t, path); code != want {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	answer, err := l.client.Post("http://sensor/status", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", answer.StatusCode)
	}
}

func (l *live) testProcesses(t *testing.T) {
	cat := exec.Command("cat")
	stdin, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close(); _ = cat.Wait() }()
	find := func() (found ProcessView) {
		_, text := l.get(t, "/processes")
		var all []ProcessView
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			if v.PID == uint32(cat.Process.Pid) && v.Comm == "cat" {
				found = v
			}
		}
		return found
	}
	eventually(t, "cat is among the processes", func() bool { v := find(); return v.PID != 0 && v.Running() })
	if v := find(); v.Arguments != "cat\x00" || v.User != "root" || v.PPID != uint32(os.Getpid()) || v.ExecID == 0 {
		t.Errorf("%+v", v)
	}
}

func (l *live) testEvents(t *testing.T) {
	answer, err := l.client.Get("http://sensor/events?filter=kind%3Dexec+name%3Dtrue")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	for range 2 {
		if err := exec.Command("true", "for the follower").Run(); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewReader(answer.Body)
	for range 2 {
		line, err := lines.ReadString('\n')
		if err != nil || !strings.Contains(line, `"args":["true","for the follower"]`) || !strings.Contains(line, `"hostname":"`+l.hostname) {
			t.Errorf("%q, %v", line, err)
		}
	}
}

// testLoss floods a ring of 4 KiB: each record that found no room is told of, once.
func (l *live) testLoss(t *testing.T) {
	const files = 3000
	script := `i=0; while [ $i -lt ` + fmt.Sprint(files) + ` ]; do : >"$0/$i"; i=$((i+1)); done`
	if out, err := exec.Command("sh", "-c", script, t.TempDir()).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, "what was sent and what was lost is what happened", func() bool {
		st := l.status(t)
		opened := st.Events["file_open"]
		for _, loss := range st.Lost {
			if loss.Kind == "file_open" {
				opened += loss.Records
			}
		}
		return opened >= files
	})
	st := l.status(t)
	if st.LostAll == 0 || len(st.Lost) == 0 || st.Events["lost"] == 0 {
		t.Fatalf("a ring of 4 KiB loses nothing: %+v", st.Lost)
	}
	eventually(t, "each loss is told", func() bool { return l.lost.Load() == l.status(t).LostAll })
	if bad := l.bad.Load(); bad != nil {
		t.Error(*bad)
	}
	sum := uint64(0)
	for i, loss := range st.Lost {
		sum += loss.Records
		if _, ok := decode.ParseKind(loss.Kind); !ok || loss.Reason == "" || i > 0 && loss.Kind < st.Lost[i-1].Kind {
			t.Errorf("%+v", st.Lost)
		}
	}
	if sum != st.LostAll {
		t.Errorf("%d lost, %d by kind", st.LostAll, sum)
	}
}

func (l *live) testStatus(t *testing.T) {
	st := l.status(t)
	if st.Version != "v0.1-test" || st.PID != os.Getpid() || st.Scope != "self" || st.Uptime <= 0 || st.CPU <= 0 || st.RSS == 0 || st.Damaged != 0 {
		t.Errorf("%+v", st)
	}
	if st.Records == 0 || st.Bytes < st.Records || st.Events["exec"] == 0 || st.Table.Live == 0 {
		t.Errorf("%+v", st)
	}
	if len(st.Queues) != 2 || st.Queues[0].Name != "vital" || st.Queues[1] != (Queue{"bulk", 4096, st.Queues[1].Used, st.Queues[1].Peak}) || st.Queues[1].Peak == 0 {
		t.Errorf("%+v", st.Queues)
	}
	if len(st.Tiers) < int(decode.KindCount)-3 {
		t.Errorf("tiers of %d kinds", len(st.Tiers))
	}
}

func (l *live) testMetrics(t *testing.T) {
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	_ = probe.Close()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- l.ServeMetrics(ctx, address) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	_, socket := l.get(t, "/metrics")
	var tcp string
	eventually(t, "metrics are served", func() bool {
		answer, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			return false
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		tcp = string(text)
		return err == nil
	})
	for _, series := range []string{
		`vigil_events_total{kind="exec"} `, `vigil_lost_records_total{kind="file_open",reason="ring_full"} `, `vigil_ring_size_bytes{ring="bulk"} 4096`,
		"vigil_records_total ", "vigil_processes ", "vigil_cpu_seconds_total ", "vigil_damaged_records_total 0",
	} {
		for where, text := range map[string]string{"the socket": socket, "TCP": tcp} {
			if !strings.Contains(text, "\n"+series) {
				t.Errorf("%s has no %s", where, series)
			}
		}
	}
	if answer, err := http.Get("http://" + address + "/status"); err != nil || answer.StatusCode != http.StatusNotFound {
		t.Errorf("what is for root only is served on TCP: %v", err)
	} else {
		_ = answer.Body.Close()
	}
}

func (l *live) testReload(t *testing.T) {
	c := *l.config.Load()
	c.Kinds, c.Scope, c.Bulk = []string{"file_unlink"}, "host", 1<<20
	restart, err := l.Reload(t.Context(), c)
	if err != nil || strings.Join(restart, " ") != "scope bulk" {
		t.Errorf("%v, %v", restart, err)
	}
	if st := l.status(t); st.Scope != "self" {
		t.Errorf("the scope is %s: it cannot change", st.Scope)
	}
	opened := l.status(t).Events["file_open"]
	name := filepath.Join(t.TempDir(), "x")
	if err := exec.Command("sh", "-c", `: >"$0"; rm "$0"`, name).Run(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "files are told of that are removed", func() bool { return l.status(t).Events["file_unlink"] > 0 })
	if now := l.status(t).Events["file_open"]; now != opened {
		t.Errorf("%d more files opened are told of", now-opened)
	}
	// A rule that is broken keeps all the rest from being taken, too.
	c.Kinds, c.Extra = nil, Extra{Rules: []rule.Text{{Name: "a", Text: "title: A"}}}
	if _, err := l.Reload(t.Context(), c); err == nil || !strings.Contains(err.Error(), "rules: a, line 1: ") || l.Shows(decode.KindExec) {
		t.Errorf("a broken rule of the server's: %v", err)
	}
	c.Kinds, c.Extra = []string{"file_unlink"}, Extra{Protections: map[string]bool{"vigil-exec-shm": false}}
	for _, judge := range []bool{false, true} {
		c.Judge = judge
		if restart, err := l.Reload(t.Context(), c); err != nil || strings.Join(restart, " ") != "scope bulk" {
			t.Errorf("judge %v: %v, %v", judge, restart, err)
		}
		if st := l.status(t).Judge; st.Rules > 0 != judge || st.Off > 0 != judge {
			t.Errorf("judge %v: %+v", judge, st)
		}
	}
	c.Kinds, c.Extra = []string{"exek"}, Extra{}
	if _, err := l.Reload(t.Context(), c); err == nil || !l.Shows(decode.KindFileUnlink) {
		t.Errorf("a broken configuration: %v", err)
	}
}
