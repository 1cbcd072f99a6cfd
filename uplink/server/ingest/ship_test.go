package ingest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/server/pki"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

func TestEnrolAndShip(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	q := newQueue(batch(1, protocol.Events, "one"), batch(2, protocol.Alerts, "two"), batch(3, protocol.Events, "three"))
	c := w.run(ship.Settings{Dir: dir, Spool: q})
	q.wait(t, 3)
	got := map[uint64]string{}
	for _, e := range w.disk.has() {
		if e.Sensor != id || e.Epoch != 7 {
			t.Errorf("in the spool of sensor %s, epoch %d", e.Sensor, e.Epoch)
		}
		got[e.Sequence] = string(e.Class) + string(e.Body)
	}
	if want := "map[1:eventsone 2:alertstwo 3:eventsthree]"; fmt.Sprint(got) != want {
		t.Errorf("in the spool: %v, want %s", got, want)
	}
	if s := c.Status(); s.Acknowledged != 3 || s.Sensor != id || s.LastError != "" {
		t.Errorf("status: %+v", s)
	}
	if n := w.receiver.Counts().Events.Load(); n != 20 {
		t.Errorf("%d events counted, want 20", n)
	}
}

// Answers are lost after the batch was taken, requests before: each batch is stored once.
func TestExactlyOnce(t *testing.T) {
	w := newWorld(t)
	_, dir := w.enrol()
	var n atomic.Int64
	w.around = func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
			switch n.Add(1) % 5 {
			case 0:
				panic(http.ErrAbortHandler)
			case 1:
				h.ServeHTTP(discard{http.Header{}}, q)
				panic(http.ErrAbortHandler)
			}
			h.ServeHTTP(rw, q)
		})
	}
	var all []ship.Batch
	const many = 300
	for i := range uint64(many) {
		all = append(all, batch(i+1, []protocol.Class{protocol.Events, protocol.Alerts}[i%2], strings.Repeat("x", int(i))))
	}
	q := newQueue(all...)
	w.run(ship.Settings{Dir: dir, Spool: q, InFlight: 8})
	q.wait(t, many)
	seen := map[uint64]int{}
	for _, e := range w.disk.has() {
		if seen[e.Sequence]++; seen[e.Sequence] > 1 {
			t.Errorf("batch %d is stored twice", e.Sequence)
		}
		if len(e.Body) != int(e.Sequence-1) {
			t.Errorf("batch %d has %d bytes", e.Sequence, len(e.Body))
		}
	}
	if len(seen) != many {
		t.Errorf("%d batches stored, want %d", len(seen), many)
	}
	if w.receiver.Counts().Replays.Load() == 0 {
		t.Error("no batch was replayed: the test tests nothing")
	}
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// A full disk of the server acknowledges nothing, and loses nothing.
func TestServerDiskFull(t *testing.T) {
	w := newWorld(t)
	_, dir := w.enrol()
	w.disk.isFull(true)
	q := newQueue(batch(1, protocol.Events, "one"))
	c := w.run(ship.Settings{Dir: dir, Spool: q})
	until(t, "three tries", func() bool { return c.Status().Sent >= 3 })
	if released, refused := q.settled(); len(released)+len(refused) > 0 {
		t.Fatalf("released %v, refused %v by a server that stored nothing", released, refused)
	}
	w.disk.isFull(false)
	q.wait(t, 1)
	if got := w.disk.has(); len(got) != 1 {
		t.Errorf("%d in the spool", len(got))
	}
}

func TestRefusedForGood(t *testing.T) {
	w := newWorld(t)
	_, dir := w.enrol()
	w.check = func(_ protocol.Class, b []byte, l ingest.Limits) (int, error) {
		if l.Bytes == 0 || l.Events == 0 {
			t.Error("the decoder is given no limits")
		}
		if string(b) == "bomb" {
			return 0, errors.New("more than 32 MiB when it is decompressed")
		}
		return 1, nil
	}
	q := newQueue(batch(1, protocol.Events, "bomb"), batch(2, protocol.Events, "good"))
	c := w.run(ship.Settings{Dir: dir, Spool: q, InFlight: 1})
	q.wait(t, 2)
	released, refused := q.settled()
	if fmt.Sprint(released) != "[2]" || fmt.Sprint(refused) != "[refused with 422]" {
		t.Errorf("released %v, refused %v", released, refused)
	}
	if s := c.Status(); s.Refused != 1 || !strings.Contains(s.LastError, "more than 32 MiB") {
		t.Errorf("status: %+v", s)
	}
}

// Alerts go ahead while events wait for the bandwidth.
func TestAlertsDoNotWait(t *testing.T) {
	w := newWorld(t)
	_, dir := w.enrol()
	clock := ship.RealClock()
	q := newQueue(batch(1, protocol.Events, strings.Repeat("x", 1000)), batch(2, protocol.Events, strings.Repeat("x", 1000)), batch(3, protocol.Alerts, "alert"))
	w.run(ship.Settings{Dir: dir, Spool: q, InFlight: 1, Bandwidth: 1, Clock: clock})
	q.wait(t, 2)
	released, _ := q.settled()
	if len(released) != 2 || released[0]+released[1] != 4 {
		t.Errorf("released %v, want 1 and 3: the second batch of events waits a quarter of an hour", released)
	}
}

func TestPolicyIsFollowed(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	put := func(after int64, body string) {
		t.Helper()
		_, err := w.state.PutPolicy(t.Context(), control.Policy{Name: control.DefaultPolicy, Body: []byte(body)}, after)
		must(t, err)
		w.policies.Fire()
	}
	var mu sync.Mutex
	var applied []string
	apply := func(p protocol.Policy) error {
		mu.Lock()
		defer mu.Unlock()
		applied = append(applied, string(p.Body))
		if strings.Contains(string(p.Body), "bad") {
			return errors.New("no such protection")
		}
		return nil
	}
	settings := ship.Settings{Dir: dir, Spool: newQueue(), Apply: apply, Health: func() protocol.Report {
		return protocol.Report{Version: "2", Tier: "full", Lost: 3, Health: []byte(`{"load":1}`)}
	}}
	c := w.run(settings)
	put(0, `{"a":1}`)
	until(t, "the first policy", func() bool { return c.Status().Policy == 1 })
	put(1, `{"bad":1}`)
	until(t, "the refusal", func() bool { return c.Status().PolicyError != "" })
	until(t, "the report of it", func() bool {
		s, err := w.state.Sensor(t.Context(), id)
		must(t, err)
		return s.Applied == 1 && s.Version == "2" && s.Lost == 3 && strings.Contains(string(s.Health), "no such protection")
	})
	// Another start follows the last good one before it hears of the server.
	mu.Lock()
	applied = nil
	mu.Unlock()
	w.run(settings)
	until(t, "the last good policy", func() bool { mu.Lock(); defer mu.Unlock(); return len(applied) > 0 })
	mu.Lock()
	defer mu.Unlock()
	if applied[0] != `{"a":1}` {
		t.Errorf("after a start it follows %v", applied)
	}
}

type dropped struct {
	mu  sync.Mutex
	all []protocol.Drop
}

func (d *dropped) Untold() []protocol.Drop { d.mu.Lock(); defer d.mu.Unlock(); return d.all }

func (d *dropped) Told(told []protocol.Drop) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = d.all[len(told):]
}

func TestDropsAreTold(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	drops := &dropped{}
	for i := range uint64(1200) {
		drops.all = append(drops.all, protocol.Drop{Epoch: "0000000000000007", First: i + 1, Last: i + 1, Class: protocol.Events, Reason: "bytes", Batches: 1, Events: 10})
	}
	w.run(ship.Settings{Dir: dir, Spool: newQueue(), Drops: drops})
	until(t, "all told", func() bool { return len(drops.Untold()) == 0 })
	s, err := w.state.Sensor(t.Context(), id)
	must(t, err)
	if s.Dropped != 12000 {
		t.Errorf("%d events dropped, want 12000", s.Dropped)
	}
}

// A certificate is renewed half-way, and the new one is used.
func TestRenewal(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	c := w.run(ship.Settings{Dir: dir, Spool: newQueue()})
	first := c.Status().Expires
	w.pass(pki.SensorLife/2 + time.Hour)
	until(t, "renewal", func() bool { return c.Status().Expires.After(first) })
	w.pass(pki.SensorLife/2 - time.Hour) // the first would have ended
	q := newQueue(batch(1, protocol.Alerts, "x"))
	w.run(ship.Settings{Dir: dir, Spool: q})
	q.wait(t, 1)
	s, err := w.state.Sensor(t.Context(), id)
	must(t, err)
	if !s.Expires.Equal(c.Status().Expires) {
		t.Errorf("the server knows of a certificate until %v, the sensor has one until %v", s.Expires, c.Status().Expires)
	}
}
