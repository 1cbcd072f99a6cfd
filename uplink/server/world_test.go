package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"vigil/uplink/server"
	"vigil/uplink/server/api"
	"vigil/uplink/server/drain"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// disk is the server's spool, in memory; it outlives servers.
type disk struct {
	mu      sync.Mutex
	records map[uint64][]byte
	last    uint64
	next    uint64
	ready   chan struct{}
}

func newDisk() *disk { return &disk{records: map[uint64][]byte{}, ready: make(chan struct{}, 1)} }

func (d *disk) Append(_ protocol.Class, _ int, record []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last++
	d.records[d.last] = slices.Clone(record)
	select {
	case d.ready <- struct{}{}:
	default:
	}
	return nil
}

func (d *disk) Next() (drain.Record, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.next < d.last {
		d.next++
		if b, ok := d.records[d.next]; ok {
			return drain.Record{Sequence: d.next, Bytes: b}, true, nil
		}
	}
	return drain.Record{}, false, nil
}

// Ready tells of alerts and events alike: the disk wakes the drain for each.
func (d *disk) Ready() <-chan struct{} { return d.ready }

func (d *disk) Alerts() <-chan struct{} { return d.ready }

func (d *disk) Release(all ...uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range all {
		delete(d.records, n)
	}
	return nil
}

func (d *disk) rewind() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next = 0
}

// store is that of events, in memory: a batch's body is its event. It outlives servers.
type store struct {
	mu     sync.Mutex
	alerts func(sensor string, lines [][]byte) error
	seen   map[string]int
	all    []api.Event
}

func (s *store) Add(_ context.Context, e ingest.Envelope, again bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprint(e.Sensor, e.Epoch, e.Sequence)
	if again && s.seen[name] > 0 {
		return nil
	}
	s.seen[name]++
	s.all = append(s.all, api.Event{Time: time.Unix(0, 0), Sensor: e.Sensor, Kind: "exec", Event: json.RawMessage(e.Body)})
	if e.Class == protocol.Alerts {
		return s.alerts(e.Sensor, [][]byte{e.Body})
	}
	return nil
}

func (s *store) Flush(context.Context) error { return nil }

func (s *store) count() (batches int, twice []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, n := range s.seen {
		if n > 1 {
			twice = append(twice, name)
		}
	}
	return len(s.seen), twice
}

func (s *store) Search(_ context.Context, q api.Query, each func(api.Event) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.all {
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) Histogram(context.Context, api.Query, time.Duration) ([]api.Bucket, error) {
	return nil, nil
}

func (s *store) Tree(context.Context, string, string, int) (api.Tree, error) { return api.Tree{}, nil }

func (s *store) Around(context.Context, api.Around, func(api.Event) error) error { return nil }

// machine is a place that servers run on, one after the other, at the same addresses.
type machine struct {
	t            *testing.T
	dir, state   string
	disk         *disk
	store        *store
	api, sensors string
	current      *server.Server
	stop         func()
}

func newMachine(t *testing.T, state string) *machine {
	t.Helper()
	return &machine{t: t, dir: t.TempDir(), state: state, disk: newDisk(), store: &store{seen: map[string]int{}}, api: "127.0.0.1:0", sensors: "127.0.0.1:0"}
}

func (m *machine) listen(address *string) net.Listener {
	m.t.Helper()
	l, err := net.Listen("tcp", *address)
	must(m.t, err)
	*address = l.Addr().String()
	return l
}

// start starts a server and its drain.
func (m *machine) start() {
	m.t.Helper()
	log := slog.New(slog.NewTextHandler(m.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := server.Open(m.t.Context(), server.Settings{
		Dir: m.dir, State: m.state, Names: []string{"127.0.0.1"}, Spool: m.disk, Events: m.store, Processes: m.store,
		Check: func(protocol.Class, []byte, ingest.Limits) (int, error) { return 1, nil }, Version: "test", Now: time.Now, Log: log,
	})
	must(m.t, err)
	m.current = s
	m.store.alerts = func(sensor string, lines [][]byte) error { return s.TakeAlerts(context.Background(), sensor, lines) }
	d := drain.New(drain.Settings{
		Spool: m.disk, Rewind: m.disk.rewind, Store: m.store, Claim: s.Receiver.Claim, Sleep: ship.RealClock().Sleep, Log: log,
	})
	m.disk.rewind() // it is opened anew
	must(m.t, d.Recover(m.t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	listeners := server.Listeners{API: m.listen(&m.api), Sensors: m.listen(&m.sensors)}
	run := func(what string, f func() error) {
		all.Go(func() {
			if err := f(); err != nil {
				m.t.Errorf("%s: %v", what, err)
			}
		})
	}
	run("serve", func() error { return s.Serve(ctx, listeners) })
	run("drain", func() error { return d.Run(ctx) })
	m.stop = sync.OnceFunc(func() {
		cancel()
		all.Wait()
		must(m.t, s.Close())
	})
	m.t.Cleanup(m.stop)
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
