package join

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vigil/decode/recordtest"
	"vigil/uplink/batch"
	"vigil/uplink/server/control"
	"vigil/uplink/server/drain"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/spool"
	"vigil/uplink/store"
)

// batches makes what so many sensors sent, in turns, as it lies in the server's spool.
func batches(sensors, events, each int) (records [][]byte) {
	type sensor struct {
		id    string
		world *recordtest.World
		e     *batch.Encoder
	}
	var all []sensor
	for i := range sensors {
		w := recordtest.NewWorld(uint64(i+1), fmt.Sprintf("host-%d.example.com", i), time.Now().Add(-time.Hour), 10*time.Microsecond)
		all = append(all, sensor{fmt.Sprintf("SENSOR%020d", i), w, batch.NewEncoder(w.Meta())})
	}
	for n := 0; n < events; n += each {
		s := all[len(records)%sensors]
		for range each {
			e := s.world.Next()
			s.e.Event(e.Record, e.Actor)
		}
		key := control.Key{Sensor: s.id, Epoch: 1, Sequence: uint64(len(records)/sensors) + 1}
		e := ingest.Envelope{Key: key, Class: protocol.Events, Body: s.e.Encode(nil)}
		records = append(records, e.Append(nil))
	}
	return records
}

// way is all that a server has from its spool on.
type way struct {
	disk  *emptied
	drain *drain.Drain
	store *store.Embedded
}

// emptied is a spool that tells when it holds nothing.
type emptied struct {
	*disk
	mu   sync.Mutex
	left int
	done chan struct{}
}

func (e *emptied) Release(sequences ...uint64) error {
	err := e.disk.Release(sequences...)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.left -= len(sequences); e.left == 0 {
		close(e.done)
	}
	return err
}

func newWay(tb testing.TB) *way {
	tb.Helper()
	log := slog.New(slog.NewTextHandler(tb.Output(), nil))
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	closed := func(close func() error) { tb.Cleanup(func() { check(close()) }) }
	limitMemory()
	dir := tb.TempDir()
	state, err := control.Open(tb.Context(), filepath.Join(dir, "control.db"), time.Now)
	check(err)
	closed(state.Close)
	s, err := spool.Open(filepath.Join(dir, "spool"), spool.Settings{Sync: spool.Always}, log)
	check(err)
	closed(s.Close)
	w := &way{disk: &emptied{disk: &disk{Spool: s}}}
	w.store, err = store.Open(filepath.Join(dir, "store"), store.Settings{Log: log})
	check(err)
	closed(w.store.Close)
	w.drain = drain.New(drain.Settings{
		Spool: w.disk, Rewind: s.Rewind, Sleep: sleep, Log: log,
		Claim: func(ctx context.Context, k []control.Key) ([]bool, error) { return state.Claim(ctx, "A", k) },
		Store: &stock{store: w.store, exports: &exports{}, limits: ingest.Limits{Bytes: 32 << 20, Events: 1 << 20}, log: log},
	})
	return w
}

// take has records go the way so many times, and returns when all are in the store. All
// lie in the spool before the first is taken, as when more comes than the store takes.
func (w *way) take(tb testing.TB, records [][]byte, each, times int) {
	tb.Helper()
	w.disk.left, w.disk.done = times*len(records), make(chan struct{})
	for range times {
		for _, r := range records {
			if err := (intake{w.disk.Spool}).Append(protocol.Events, each, r); err != nil {
				tb.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithCancel(tb.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.drain.Run(ctx); err != nil {
			tb.Error(err)
		}
	})
	<-w.disk.done
	cancel()
	running.Wait()
}

// cpuTime is what this process has used of processors, all together: what others on the
// machine do changes it little.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// anonymous is the process's memory without the files that are mapped, MiB.
func anonymous(tb testing.TB) float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "RssAnon:"); ok {
			var kib float64
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				tb.Fatal(err)
			}
			return kib / 1024
		}
	}
	tb.Fatal("no RssAnon")
	return 0
}

// watch gives the most memory that there is until the returned function is called.
func watch(tb testing.TB) (most func() float64) {
	stop, done := make(chan struct{}), make(chan float64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for m := 0.0; ; {
			select {
			case <-tick.C:
				m = max(m, anonymous(tb))
			case <-stop:
				done <- m
				return
			}
		}
	}()
	return func() float64 { close(stop); return <-done }
}
