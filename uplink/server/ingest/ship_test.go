package ingest_test

import (
	"context"
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
	told := func(what string, is func(control.Sensor) bool) {
		t.Helper()
		until(t, what, func() bool {
			s, err := w.state.Sensor(t.Context(), id)
			must(t, err)
			return is(s)
		})
	}
	var mu sync.Mutex
	var applied []string
	apply := func(_ context.Context, p protocol.Policy) error {
		mu.Lock()
		defer mu.Unlock()
		applied = append(applied, string(p.Body))
		if strings.Contains(string(p.Body), "bad") {
			return errors.New("no such protection" + strings.Repeat(" at all", 1000))
		}
		return nil
	}
	settings := ship.Settings{Dir: dir, Spool: newQueue(), Apply: apply, Health: func() protocol.Report {
		return protocol.Report{Version: "2", Tier: "full", Lost: 3, Health: []byte(`{"load":1}`)}
	}}
	c := w.run(settings)
	told("the first policy, which says nothing", func(s control.Sensor) bool { return s.Applied == 1 && s.Follows == "default" })
	put(1, `{"a":1}`)
	until(t, "the second", func() bool { return c.Status().Version == 2 })
	put(2, `{"bad":1}`)
	until(t, "the refusal", func() bool { return c.Status().PolicyError != "" })
	told("the report of it", func(s control.Sensor) bool {
		return s.Applied == 2 && s.Version == "2" && s.Lost == 3 && strings.HasPrefix(s.Refused, "policy default, version 3: no such protection") && len(s.Refused) < 1100
	})
	// Another start follows the last good one before it hears of the server.
	mu.Lock()
	applied = nil
	mu.Unlock()
	again := w.run(settings)
	until(t, "the last good policy", func() bool { mu.Lock(); defer mu.Unlock(); return len(applied) > 0 })
	mu.Lock()
	if applied[0] != `{"a":1}` {
		t.Errorf("after a start it follows %v", applied)
	}
	mu.Unlock()
	until(t, "the bad one is refused again", func() bool { return again.Status().PolicyError != "" })
	if kept, err := ship.Kept(dir); err != nil || kept.Version != 2 || string(kept.Body) != `{"a":1}` {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	// Another policy's version 1 is told apart from that of the first.
	_, err := w.state.PutPolicy(t.Context(), control.Policy{Name: "web", Body: []byte(`{"w":1}`)}, 0)
	must(t, err)
	must(t, w.state.Follow(t.Context(), id, "web"))
	w.policies.Fire()
	told("the other policy, and nothing refused", func(s control.Sensor) bool { return s.Applied == 1 && s.Follows == "web" && s.Refused == "" })
}

// A certificate that ended while the sensor was off is told with what to do; what waits
// stays, and is shipped once the host is enrolled again, without a restart.
func TestCertificateHasEnded(t *testing.T) {
	w := newWorld(t)
	first, dir := w.enrol()
	w.pass(pki.SensorLife + time.Hour)
	q := newQueue(batch(1, protocol.Events, "one"), batch(2, protocol.Alerts, "two"))
	c := w.run(ship.Settings{Dir: dir, Spool: q})
	want := "run vigil enroll " + w.server.URL + " TOKEN --state " + dir
	until(t, "it says what to run", func() bool { return strings.Contains(c.Status().LastError, want) })
	until(t, "it has tried to ship", func() bool { return c.Status().Sent > 4 })
	if s := c.Status(); !strings.Contains(s.LastError, want) || s.Acknowledged > 0 {
		t.Errorf("status: %+v", s)
	}
	if released, refused := q.settled(); len(released)+len(refused) > 0 {
		t.Fatalf("released %v, refused %v", released, refused)
	}
	second, err := ship.Enrol(t.Context(), ship.Enrolment{Dir: dir, Server: w.server.URL, Token: w.token(), Name: "web", Version: "1"})
	must(t, err)
	q.wait(t, 2)
	if c.Sensor() != second || second == first {
		t.Errorf("it ships as %s; enrolled as %s, then as %s", c.Sensor(), first, second)
	}
}

// What a server says is forgotten when the host becomes another's.
func TestPolicyOfAnotherServer(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	_, dir := w.enrol()
	c := w.run(ship.Settings{Dir: dir, Spool: newQueue(), Apply: func(context.Context, protocol.Policy) error { return nil }})
	until(t, "the policy", func() bool { return c.Status().Version == 1 })
	_, err := ship.Enrol(t.Context(), ship.Enrolment{Dir: dir, Server: w.server.URL, Token: w.token(), Name: "web"})
	must(t, err)
	if kept, err := ship.Kept(dir); err != nil || kept.Version != 1 {
		t.Errorf("enrolled at the same server again: %+v, %v", kept, err)
	}
	_, err = ship.Enrol(t.Context(), ship.Enrolment{Dir: dir, Server: other.server.URL, Token: other.token(), Name: "web"})
	must(t, err)
	if kept, err := ship.Kept(dir); err != nil || kept.Version != 0 {
		t.Errorf("enrolled at another: %+v, %v", kept, err)
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
