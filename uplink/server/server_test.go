package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vigil/uplink/server/controltest"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

// queue is a sensor's spool, in memory.
type queue struct {
	mu       sync.Mutex
	waiting  map[protocol.Class][]ship.Batch
	released int
}

func (q *queue) Next(ctx context.Context, c protocol.Class) (ship.Batch, error) {
	q.mu.Lock()
	if all := q.waiting[c]; len(all) > 0 {
		defer q.mu.Unlock()
		q.waiting[c] = all[1:]
		return all[0], nil
	}
	q.mu.Unlock()
	<-ctx.Done()
	return ship.Batch{}, ctx.Err()
}

func (q *queue) Release(ship.Batch) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.released++
	return nil
}

func (q *queue) Refuse(b ship.Batch, reason string) error {
	return fmt.Errorf("batch %d is refused: %s", b.Sequence, reason)
}

func (q *queue) done() int { q.mu.Lock(); defer q.mu.Unlock(); return q.released }

// browser is one that knows the server's authority.
type browser struct {
	m    *machine
	http *http.Client
	csrf string
}

func (m *machine) browser() *browser {
	m.t.Helper()
	authority, err := os.ReadFile(filepath.Join(m.dir, "authority.crt"))
	must(m.t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	jar, err := cookiejar.New(nil)
	must(m.t, err)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	m.t.Cleanup(tr.CloseIdleConnections)
	return &browser{m, &http.Client{Transport: tr, Jar: jar}, ""}
}

func (b *browser) do(method, path string, body any, v any) {
	b.m.t.Helper()
	text, err := json.Marshal(body)
	must(b.m.t, err)
	q, err := http.NewRequestWithContext(b.m.t.Context(), method, "https://"+b.m.api+path, bytes.NewReader(text))
	must(b.m.t, err)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-CSRF-Token", b.csrf)
	r, err := b.http.Do(q)
	must(b.m.t, err)
	answer, err := io.ReadAll(r.Body)
	must(b.m.t, err)
	must(b.m.t, r.Body.Close())
	if r.StatusCode >= 300 {
		b.m.t.Fatalf("%s %s: %d %s", method, path, r.StatusCode, answer)
	}
	if v != nil {
		must(b.m.t, json.Unmarshal(answer, v))
	}
}

func (m *machine) ship(dir string, q *queue) {
	m.t.Helper()
	clock := ship.RealClock()
	sleep := clock.Sleep
	clock.Sleep = func(ctx context.Context, d time.Duration) error { return sleep(ctx, min(d, 20*time.Millisecond)) }
	c, err := ship.Open(ship.Settings{Dir: dir, Spool: q, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	must(m.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	m.t.Cleanup(func() {
		cancel()
		must(m.t, <-done)
	})
}

const alert = `{"metadata":{"uid":"a1"},"severity_id":4,"start_time":1,"end_time":2,"count":1,"message":"seen","finding_info":{"title":"Reverse shell","analytic":{"uid":"vigil-x"}}}`

// From a token to an event and an alert that a person sees, on each kind of state.
func TestTheWholeWay(t *testing.T) {
	controltest.Each(t, map[string]func(*testing.T, string){"way": func(t *testing.T, place string) {
		m := newMachine(t, place)
		m.start()
		password, err := m.current.FirstAdmin(t.Context())
		must(t, err)
		if again, err := m.current.FirstAdmin(t.Context()); err != nil || again != "" {
			t.Errorf("a second first administrator: %q %v", again, err)
		}
		b := m.browser()
		var me struct{ CSRF string }
		b.do("POST", "/v1/login", map[string]string{"user": "admin", "password": password}, &me)
		b.csrf = me.CSRF
		var token struct{ Token string }
		b.do("POST", "/v1/enrolments", map[string]string{"note": "web"}, &token)
		dir := t.TempDir()
		id, err := ship.Enrol(t.Context(), ship.Enrolment{Dir: dir, Server: "https://" + m.sensors, Token: token.Token, Name: "web"})
		must(t, err)
		m.ship(dir, &queue{waiting: map[protocol.Class][]ship.Batch{
			protocol.Events: {{ID: protocol.ID{Epoch: 1, Sequence: 1, Class: protocol.Events}, Body: []byte(`{"class_uid":1007}`)}},
			protocol.Alerts: {{ID: protocol.ID{Epoch: 1, Sequence: 2, Class: protocol.Alerts}, Body: []byte(alert)}},
		}})
		until(t, "event and alert", func() bool {
			var events struct{ Events []json.RawMessage }
			b.do("GET", "/v1/events?query=kind:exec", nil, &events)
			var alerts struct{ Alerts []struct{ ID, Title string } }
			b.do("GET", "/v1/alerts", nil, &alerts)
			return len(events.Events) == 2 && len(alerts.Alerts) == 1 && alerts.Alerts[0].ID == id+".a1"
		})
		var overview struct{ Sensors struct{ Total int } }
		b.do("GET", "/v1/overview", nil, &overview)
		if overview.Sensors.Total != 1 {
			t.Errorf("%d sensors", overview.Sensors.Total)
		}
	}})
}

// The server ends and starts again five times while sensors ship: each batch is in the
// store once. (It is stopped, not killed: what a kill can do to the spool, the control
// state and between the steps is tested where those are.)
func TestServerRestarts(t *testing.T) {
	m := newMachine(t, "")
	m.start()
	const sensors, batches = 3, 400
	var queues []*queue
	for range sensors {
		token, err := m.current.Enrolment(t.Context(), "", time.Hour)
		must(t, err)
		dir := t.TempDir()
		_, err = ship.Enrol(t.Context(), ship.Enrolment{Dir: dir, Server: "https://" + m.sensors, Token: token, Name: "x"})
		must(t, err)
		q := &queue{waiting: map[protocol.Class][]ship.Batch{}}
		for i := range uint64(batches) {
			q.waiting[protocol.Events] = append(q.waiting[protocol.Events], ship.Batch{ID: protocol.ID{Epoch: 1, Sequence: i + 1, Class: protocol.Events}, Body: []byte("{}")})
		}
		queues = append(queues, q)
		m.ship(dir, q)
	}
	released := func() (n int) {
		for _, q := range queues {
			n += q.done()
		}
		return n
	}
	for i := range 5 {
		until(t, "progress", func() bool { return released() >= (i+1)*sensors*batches/8 })
		m.stop()
		m.start()
	}
	until(t, "all acknowledged", func() bool { return released() == sensors*batches })
	until(t, "all stored", func() bool { n, _ := m.store.count(); return n >= sensors*batches })
	if n, twice := m.store.count(); n != sensors*batches || len(twice) > 0 {
		t.Errorf("%d batches stored, want %d; twice: %s", n, sensors*batches, strings.Join(twice, " "))
	}
}
