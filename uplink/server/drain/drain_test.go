package drain_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/server/drain"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship/protocol"
)

// spool is one in memory that survives its reader.
type spool struct {
	mu      sync.Mutex
	records map[uint64][]byte
	next    uint64
	last    uint64
	ready   chan struct{}
	alerts  chan struct{}
}

func (s *spool) append(e ingest.Envelope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.records[s.last] = e.Append(nil)
	told := []chan struct{}{s.ready}
	if e.Class == protocol.Alerts {
		told = append(told, s.alerts)
	}
	for _, c := range told {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (s *spool) Next() (drain.Record, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.next++; s.next <= s.last; s.next++ {
		if b, ok := s.records[s.next]; ok {
			return drain.Record{Sequence: s.next, Events: 1024, Bytes: b}, true, nil // 256 to a load
		}
	}
	s.next = s.last
	return drain.Record{}, false, nil
}

func (s *spool) Ready() <-chan struct{} { return s.ready }

func (s *spool) Alerts() <-chan struct{} { return s.alerts }

func (s *spool) Release(all ...uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range all {
		delete(s.records, n)
	}
	return nil
}

func (s *spool) rewind() { s.mu.Lock(); defer s.mu.Unlock(); s.next = 0 }

func (s *spool) left() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.records) }

// store keeps what was flushed; what was only added is lost when a server ends.
type store struct {
	mu       sync.Mutex
	added    []string
	flushed  map[string]int
	failures int // the next so many calls fail, before or after they did their work
	after    func()
}

func (s *store) Add(_ context.Context, e ingest.Envelope, again bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if string(e.Body) == "broken" {
		return fmt.Errorf("%w: so it says", drain.ErrBroken)
	}
	name := fmt.Sprint(e.Sensor, e.Epoch, e.Sequence)
	if again && s.flushed[name] > 0 { // what is not flushed is not found
		return nil
	}
	s.added = append(s.added, name)
	return nil
}

func (s *store) Flush(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures--; s.failures >= 0 && s.failures%2 == 0 {
		return errors.New("no room")
	}
	for _, name := range s.added {
		s.flushed[name]++
	}
	s.added = nil
	if s.failures >= 0 {
		return errors.New("the answer is lost")
	}
	if s.after != nil {
		s.after()
	}
	return nil
}

type world struct {
	t     *testing.T
	state *control.DB
	spool *spool
	store *store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	d, err := control.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t, d, &spool{records: map[uint64][]byte{}, ready: make(chan struct{}, 1), alerts: make(chan struct{}, 1)}, &store{flushed: map[string]int{}}}
}

func (w *world) drain() *drain.Drain {
	return drain.New(drain.Settings{
		Spool: w.spool, Rewind: w.spool.rewind, Store: w.store, Log: slog.New(slog.NewTextHandler(w.t.Output(), nil)),
		Claim: func(ctx context.Context, k []control.Key) ([]bool, error) { return w.state.Claim(ctx, "A", k) },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
}

func envelope(n uint64, body string) ingest.Envelope {
	return ingest.Envelope{Key: control.Key{Sensor: "s", Epoch: 1, Sequence: n}, Class: protocol.Events, Body: []byte(body)}
}

// until runs a drain until the spool is empty.
func (w *world) until(d *drain.Drain) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); w.spool.left() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%d records are left", w.spool.left())
		}
	}
	cancel()
	if err := <-done; err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) wantOnce(many int) {
	w.t.Helper()
	for name, n := range w.store.flushed {
		if n != 1 {
			w.t.Errorf("%s is stored %d times", name, n)
		}
	}
	if len(w.store.flushed) != many {
		w.t.Errorf("%d stored, want %d", len(w.store.flushed), many)
	}
}

func TestDrain(t *testing.T) {
	w := newWorld(t)
	d := w.drain()
	for i := range uint64(1000) {
		w.spool.append(envelope(i+1, "x"))
	}
	w.spool.append(envelope(2000, "broken"))
	w.store.failures = 4
	w.until(d)
	w.wantOnce(1000)
	if c := d.Counts(); c.Stored.Load() != 1000 || c.Broken.Load() != 1 || c.Retries.Load() != 4 {
		t.Errorf("stored %d, broken %d, retries %d", c.Stored.Load(), c.Broken.Load(), c.Retries.Load())
	}
}

// What was added when a flush failed is there, but nobody finds it before the next one.
func TestFlushFails(t *testing.T) {
	for failures := range 5 {
		w := newWorld(t)
		for i := range uint64(10) {
			w.spool.append(envelope(i+1, "x"))
		}
		w.store.failures = failures
		w.until(w.drain())
		w.wantOnce(10)
	}
}

// The server ends at any moment between add, flush and release: each batch is stored once.
func TestServerEndsAnywhere(t *testing.T) {
	w := newWorld(t)
	for i := range uint64(16000) {
		w.spool.append(envelope(i+1, "x"))
	}
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		n := rand.IntN(3)
		w.store.after = func() { // flushed, and not released any more
			if n--; n < 0 || w.spool.left() <= 4096 {
				cancel()
			}
		}
		w.spool.rewind() // it is opened anew
		d := w.drain()
		if err := d.Recover(ctx); err != nil {
			t.Fatal(err)
		}
		if w.spool.left() > 0 {
			if err := d.Run(ctx); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		w.store.added = nil // what was not flushed is lost
	}
	w.store.after = nil
	w.spool.rewind()
	d := w.drain()
	if err := d.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until(d)
	w.wantOnce(16000)
}

// Events gather while nothing else comes; an alert takes them along at once.
func TestAlertDoesNotWait(t *testing.T) {
	w := newWorld(t)
	d := w.drain()
	gathers := make(chan struct{}, 1)
	d.Sleep = func(ctx context.Context, _ time.Duration) error {
		gathers <- struct{}{}
		<-ctx.Done() // for ever, but for what cuts it short
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	w.spool.append(envelope(1, "x"))
	<-gathers // before the load with it, or after
	w.spool.append(envelope(2, "x"))
	if left := w.spool.left(); left == 0 {
		t.Error("an event did not wait")
	}
	alert := envelope(3, "x")
	alert.Class = protocol.Alerts
	w.spool.append(alert)
	<-gathers
	if left := w.spool.left(); left != 0 {
		t.Errorf("%d records are left after the alert", left)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.wantOnce(3)
}

// What another server claimed meanwhile is let go, not stored.
func TestAnothersBatch(t *testing.T) {
	w := newWorld(t)
	w.spool.append(envelope(1, "x"))
	w.spool.append(envelope(2, "x"))
	if _, err := w.state.Claim(t.Context(), "B", []control.Key{envelope(2, "").Key}); err != nil {
		t.Fatal(err)
	}
	d := w.drain()
	if err := d.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until(d)
	w.wantOnce(1)
	if n := d.Counts().Others.Load(); n != 1 {
		t.Errorf("%d are others'", n)
	}
}
