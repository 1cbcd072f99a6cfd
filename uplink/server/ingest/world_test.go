package ingest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/server/live"
	"vigil/uplink/server/pki"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

// disk is the server's spool, in memory.
type disk struct {
	mu   sync.Mutex
	all  []ingest.Envelope
	full bool
}

func (d *disk) Append(_ protocol.Class, _ int, record []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errors.New("no space left")
	}
	e, err := ingest.ReadEnvelope(slices.Clone(record))
	if err == nil {
		d.all = append(d.all, e)
	}
	return err
}

func (d *disk) has() []ingest.Envelope {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.all)
}

func (d *disk) isFull(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// text is a log that is read while it is written.
type text struct {
	mu sync.Mutex
	b  []byte
}

func (t *text) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	return len(b), nil
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}

// world is a server that listens, and what lies behind it.
type world struct {
	t         *testing.T
	state     *control.DB
	authority *pki.Authority
	disk      *disk
	policies  live.Signal
	receiver  *ingest.Receiver
	server    *httptest.Server
	check     ingest.Check
	around    func(http.Handler) http.Handler

	handshakes text // that failed

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, disk: &disk{}, now: time.Now(), around: func(h http.Handler) http.Handler { return h }}
	w.check = func(protocol.Class, []byte, ingest.Limits) (int, error) { return 10, nil }
	var err error
	w.state, err = control.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"), w.clock)
	must(t, err)
	t.Cleanup(func() { must(t, w.state.Close()) })
	w.authority, err = pki.Open(t.TempDir(), w.clock)
	must(t, err)
	w.receiver = ingest.New(ingest.Settings{
		Server: "A", State: w.state, Authority: w.authority, Spool: w.disk, Changes: live.NewHub(1), Policies: &w.policies,
		Now: w.clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Check: func(c protocol.Class, b []byte, l ingest.Limits) (int, error) { return w.check(c, b, l) },
	})
	handler := w.receiver.Handler()
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) { w.around(handler).ServeHTTP(rw, q) }))
	w.server.TLS = w.authority.ServerTLS([]string{"127.0.0.1"})
	w.server.EnableHTTP2 = true
	w.server.Config.ErrorLog = log.New(&w.handshakes, "", 0)
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	return w
}

// token gives a host leave to enrol.
func (w *world) token() string {
	w.t.Helper()
	_, secret, err := w.state.NewEnrolment(w.t.Context(), "admin", "", time.Hour)
	must(w.t, err)
	return protocol.Token{Secret: secret, Authority: w.authority.Hash()}.String()
}

// enrol makes a sensor; its state is in the folder.
func (w *world) enrol() (id, dir string) {
	w.t.Helper()
	dir = w.t.TempDir()
	id, err := ship.Enrol(w.t.Context(), ship.Enrolment{Dir: dir, Server: w.server.URL, Token: w.token(), Name: "web", Version: "1"})
	must(w.t, err)
	return id, dir
}

// queue is a sensor's spool, in memory.
type queue struct {
	mu       sync.Mutex
	waiting  map[protocol.Class][]ship.Batch
	given    map[uint64]ship.Batch
	refused  []string
	released []uint64
	changed  chan struct{}
}

func newQueue(batches ...ship.Batch) *queue {
	q := &queue{waiting: map[protocol.Class][]ship.Batch{}, given: map[uint64]ship.Batch{}, changed: make(chan struct{}, 1)}
	for _, b := range batches {
		q.waiting[b.Class] = append(q.waiting[b.Class], b)
	}
	return q
}

func (q *queue) Next(ctx context.Context, c protocol.Class) (ship.Batch, error) {
	q.mu.Lock()
	if all := q.waiting[c]; len(all) > 0 {
		defer q.mu.Unlock()
		q.waiting[c] = all[1:]
		q.given[all[0].Sequence] = all[0]
		return all[0], nil
	}
	q.mu.Unlock()
	<-ctx.Done()
	return ship.Batch{}, ctx.Err()
}

func (q *queue) Release(b ship.Batch) error { return q.settle(b, "") }

func (q *queue) Refuse(b ship.Batch, reason string) error { return q.settle(b, reason) }

func (q *queue) settle(b ship.Batch, reason string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.given[b.Sequence]; !ok {
		return errors.New("released what was not given, or twice")
	}
	delete(q.given, b.Sequence)
	if reason != "" {
		q.refused = append(q.refused, reason)
	} else {
		q.released = append(q.released, b.Sequence)
	}
	select {
	case q.changed <- struct{}{}:
	default:
	}
	return nil
}

func (q *queue) settled() (released []uint64, refused []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.released), slices.Clone(q.refused)
}

// wait waits until so many batches are settled.
func (q *queue) wait(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		released, refused := q.settled()
		if len(released)+len(refused) >= n {
			return
		}
		select {
		case <-q.changed:
		case <-deadline:
			t.Fatalf("%d batches released, %d refused; want %d in all", len(released), len(refused), n)
		}
	}
}

// quick is a clock of which no pause is longer than a moment.
func (w *world) quick() ship.Clock {
	c := ship.RealClock()
	sleep := c.Sleep
	c.Now = w.clock
	c.Sleep = func(ctx context.Context, d time.Duration) error { return sleep(ctx, min(d, 5*time.Millisecond)) }
	return c
}

// run ships what a queue holds until the test ends; it gives the client.
func (w *world) run(s ship.Settings) *ship.Client {
	w.t.Helper()
	if s.Clock.Now == nil {
		s.Clock = w.quick()
	}
	s.Log = slog.New(slog.NewTextHandler(w.t.Output(), nil))
	c, err := ship.Open(s)
	must(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("ship: %v", err)
		}
	})
	return c
}

func batch(n uint64, c protocol.Class, body string) ship.Batch {
	return ship.Batch{ID: protocol.ID{Epoch: 7, Sequence: n, Class: c}, Events: 10, Body: []byte(body)}
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// httptestTLS is a server that shows a certificate and fails the test when it is asked anything.
func httptestTLS(t *testing.T, c *tls.Certificate) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a secret was told to a server that is not the one")
	}))
	s.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c, nil }}
	s.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(t.Output(), nil), slog.LevelInfo)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}
