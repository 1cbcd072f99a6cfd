package join

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
	"vigil/uplink/batch"
	"vigil/uplink/export"
	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship/protocol"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// scene is where servers run, one after the other.
type scene struct {
	t    *testing.T
	dir  string
	v    *Server
	stop func()
	next uint64 // sequence of the sensor's batches
	sent uint64 // batches that this server is to store
	pad  int    // words of noise that execs have as arguments
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, dir: t.TempDir()}
	s.start()
	return s
}

func (s *scene) start() {
	s.t.Helper()
	v, err := Open(s.t.Context(), Settings{
		Dir: s.dir, Listen: "127.0.0.1:0", Sensors: "127.0.0.1:0", Version: "test",
		Log: slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	must(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	s.v, s.sent = v, 0
	s.stop = sync.OnceFunc(func() {
		cancel()
		must(s.t, <-done)
		must(s.t, v.Close())
	})
	s.t.Cleanup(s.stop)
}

// put makes an export of a row, as the API does.
func (s *scene) put(e control.Export, settings any) control.Export {
	s.t.Helper()
	text, err := json.Marshal(settings)
	must(s.t, err)
	e.Settings = text
	e.Settings, err = s.v.exports.Prepare(s.t.Context(), e, nil)
	must(s.t, err)
	e, err = s.v.State.PutExport(s.t.Context(), e)
	must(s.t, err)
	s.v.exports.Changed()
	until(s.t, "the export is taken up", func() bool {
		o := s.v.exports.outlet(e.ID)
		if o == nil {
			return false
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.row.Changed.Equal(e.Changed) || string(o.row.Settings) == string(e.Settings) && o.row.Enabled == e.Enabled && (o.exporter != nil) == e.Enabled
	})
	return e
}

func (s *scene) status(e control.Export) api.ExportStatus { return s.v.exports.Status(e) }

// told waits until all that was offered is answered for, and gives the status.
func (s *scene) told(e control.Export, offered uint64) api.ExportStatus {
	s.t.Helper()
	until(s.t, fmt.Sprintf("all %d of %s are answered for", offered, e.Name), func() bool {
		st := s.status(e)
		if st.Offered != st.Queued+st.Delivered+st.Undelivered || st.Offered > offered {
			s.t.Fatalf("of %d: %+v", offered, st)
		}
		return st.Offered == offered && st.Queued == 0
	})
	return s.status(e)
}

// batch lays a batch of a sensor into the spool, as ingest does.
func (s *scene) batch(c protocol.Class, body []byte, n int) {
	s.t.Helper()
	s.next++
	e := ingest.Envelope{Key: control.Key{Sensor: "01JVIGIL00000000000SENSOR1", Epoch: 7, Sequence: s.next}, Class: c, Body: body}
	must(s.t, intake{s.v.drain.Spool.(*disk).Spool}.Append(c, n, e.Append(nil)))
	s.sent++
}

// events sends execs of numbers, and as many openings of files that nobody counts.
func (s *scene) events(from, to int) {
	s.t.Helper()
	e := batch.NewEncoder(decode.Meta{Host: "web", BootOffset: 1_700_000_000_000_000_000})
	for k := from; k < to; k++ {
		e.Event(recordtest.Decoded(decode.KindExec, decode.Exec{PPID: 1, Mode: 0o100755, Argc: 3}, []byte("/bin/x"), s.arguments(k)), nil)
		e.Event(recordtest.Decoded(decode.KindFileOpen, decode.FileOpen{Created: 1}, []byte("/tmp/file")), nil)
	}
	s.batch(protocol.Events, e.Encode(nil), 2*(to-from))
}

func (s *scene) arguments(k int) []byte {
	b := fmt.Appendf(nil, "x\x00number-%07d\x00", k)
	for range s.pad {
		b = fmt.Appendf(b, "%016x", rand.Uint64())
	}
	return append(b, 0)
}

// alert sends one.
func (s *scene) alert(k int, severity decode.Severity) {
	s.t.Helper()
	at := time.Unix(1_700_000_000, 0)
	a := detect.Alert{
		ID: fmt.Sprintf("alert-%d", k), Host: "web", First: at, Last: at.Add(time.Duration(k) * time.Second), Count: 1,
		Finding: detect.Finding{Rule: "vigil-x", Title: fmt.Sprintf("number-%07d", k), Severity: severity},
		Process: detect.Process{PID: 7, Path: "/bin/x"},
	}
	line, err := a.AppendJSON(nil, detect.Create)
	must(s.t, err)
	e := batch.NewEncoder(decode.Meta{Host: "web"})
	e.Alert(line)
	s.batch(protocol.Alerts, e.Encode(nil), 1)
}

// stored waits until the store has all that was sent.
func (s *scene) stored() {
	s.t.Helper()
	until(s.t, "all is stored", func() bool { return s.v.drain.Counts().Stored.Load() == s.sent })
}

// siem is a webhook that keeps numbers, answers as it is told, or not at all.
type siem struct {
	*httptest.Server
	mu      sync.Mutex
	seen    map[string]int
	answers int
	hang    chan struct{} // nil: it does not
}

var number = regexp.MustCompile(`number-\d{7}`)

func newSIEM(t *testing.T) *siem {
	x := &siem{seen: map[string]int{}, answers: http.StatusOK}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		x.mu.Lock()
		status, hang := x.answers, x.hang
		x.mu.Unlock()
		if hang != nil {
			select {
			case <-hang:
			case <-q.Context().Done():
			}
			status = http.StatusServiceUnavailable // whoever asked may have gone: it takes nothing
		}
		if err == nil && status == http.StatusOK {
			x.mu.Lock()
			one := map[string]bool{} // an alert has its number more than once
			var all []json.RawMessage
			if json.Unmarshal(body, &all) == nil {
				for _, item := range all {
					clear(one)
					for _, n := range number.FindAll(item, -1) {
						if !one[string(n)] {
							one[string(n)] = true
							x.seen[string(n)]++
						}
					}
				}
			}
			x.mu.Unlock()
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "the SIEM says so")
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *siem) say(status int, hang chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answers, x.hang = status, hang
}

// once fails the test unless numbers from 0 on came once each.
func (x *siem) once(t *testing.T, n int) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.seen) != n {
		t.Errorf("%d numbers came, want %d", len(x.seen), n)
	}
	for k := range n {
		if times := x.seen[fmt.Sprintf("number-%07d", k)]; times != 1 {
			t.Errorf("number %d came %d times", k, times)
		}
	}
}

func (x *siem) settings(more map[string]any) map[string]any {
	all := map[string]any{"url": x.URL + "/path-secret", "key": "0123456789abcdef", "batch": map[string]any{"items": 300, "delay": "5ms"}, "retry": map[string]any{"first": "5ms", "most": "20ms"}}
	for name, v := range more {
		all[name] = v
	}
	return all
}

// collect makes the snapshot of one moment, of several that are asked for it.
func collect(t *testing.T, x *exports, id string) (all [][]byte) {
	t.Helper()
	due := time.Date(2026, 1, 2, 6, 30, 0, 0, time.UTC)
	must(t, x.snapshot(id)(t.Context(), due, func(i export.Item) bool {
		all = append(all, i.JSON)
		return true
	}))
	return all
}

// browser logs the first administrator in.
func (s *scene) browser() func(method, path string, body any) (int, string) {
	s.t.Helper()
	password, err := s.v.FirstAdmin(s.t.Context())
	must(s.t, err)
	jar, err := cookiejar.New(nil)
	must(s.t, err)
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // of this test's own server
	s.t.Cleanup(tr.CloseIdleConnections)
	client, csrf := &http.Client{Transport: tr, Jar: jar}, ""
	do := func(method, path string, body any) (int, string) {
		s.t.Helper()
		text, err := json.Marshal(body)
		must(s.t, err)
		q, err := http.NewRequestWithContext(s.t.Context(), method, s.v.URL()+path, bytes.NewReader(text))
		must(s.t, err)
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("X-CSRF-Token", csrf)
		r, err := client.Do(q)
		must(s.t, err)
		answer, err := io.ReadAll(r.Body)
		must(s.t, errors.Join(err, r.Body.Close()))
		return r.StatusCode, string(answer)
	}
	var me struct{ CSRF string }
	_, text := do("POST", "/v1/login", map[string]string{"user": "admin", "password": password})
	must(s.t, json.Unmarshal([]byte(text), &me))
	csrf = me.CSRF
	return do
}
