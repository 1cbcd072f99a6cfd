package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// landmark is what a large store has that its benchmarks look for.
type landmark struct {
	Root, Leaf string // exec IDs of a tree that was planted
	Sensor     string
	At         time.Time
	Epoch      uint64
}

const (
	largeSensors = 20
	largeSpan    = 3 * day
)

// large opens a store of many events, VIGIL_STORE_EVENTS or ten million: 20 servers for
// three days. It is made once, below .cache.
func large(b *testing.B) (*Embedded, landmark, int, string) {
	events := 10_000_000
	if text := os.Getenv("VIGIL_STORE_EVENTS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1_000 {
			b.Fatalf("VIGIL_STORE_EVENTS is %q: a number from 1000 on", text)
		}
		events = n
	}
	dir, err := filepath.Abs(fmt.Sprintf("../../.cache/store-%d", events))
	if err != nil {
		b.Fatal(err)
	}
	settings := Settings{Retention: Retention{3650 * day, 3650 * day, 3650 * day}}
	note := filepath.Join(dir, "landmark.json")
	text, err := os.ReadFile(note)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
		text = makeLarge(b, dir, settings, events)
		err = os.WriteFile(note, text, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
	var l landmark
	if err := json.Unmarshal(text, &l); err != nil {
		b.Fatal(err)
	}
	e, err := Open(dir, settings)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	})
	return e, l, events, dir
}

func makeLarge(b *testing.B, dir string, settings Settings, events int) []byte {
	e, err := Open(dir, settings)
	if err != nil {
		b.Fatal(err)
	}
	step := largeSpan / time.Duration(events/largeSensors)
	var worlds []*world
	for i := range largeSensors {
		worlds = append(worlds, newWorld(uint64(100+i), fmt.Sprintf("SERVER%020d", i), time.Now().Add(-largeSpan-time.Hour), step))
	}
	var l landmark
	began, cpu := time.Now(), cpuTime(b)
	for made := 0; made < events; {
		var rows []Row
		for i, w := range worlds {
			w.release()
			for range min(batchRows, events/largeSensors) {
				rows = append(rows, w.next())
			}
			if i == 7 && made >= events/2 && l.Root == "" {
				w.Live = w.Live[:1]
				more, planted := plant(w, 5, 4, func() { rows = append(rows, w.next()) })
				rows = append(rows, more...)
				l = landmark{hex(planted[0].ID), hex(planted[len(planted)-1].ID), w.sensor, time.Unix(0, more[0].Time), w.epoch}
			}
		}
		if err := e.Add(context.Background(), rows); err != nil {
			b.Fatal(err)
		}
		if made += len(rows); made/200_000 != (made-len(rows))/200_000 {
			if err := e.Flush(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	b.Logf("made %d events in %s, %s of processors; memory at most %.0f MiB", events, time.Since(began).Round(time.Second), (cpuTime(b) - cpu).Round(time.Second), memory(b, "VmHWM"))
	text, err := json.Marshal(l)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// BenchmarkLarge asks a store of ten million events. The planted tree has 341 processes
// on five levels.
func BenchmarkLarge(b *testing.B) {
	e, l, events, dir := large(b)
	ctx := context.Background()
	tree := func(q TreeQuery, least int) func(*testing.B) {
		return func(b *testing.B) {
			cpu := cpuTime(b)
			for b.Loop() {
				t, err := Tree(ctx, e, q)
				if err != nil || len(t.Processes) < least {
					b.Fatalf("%d processes, %v", len(t.Processes), err)
				}
			}
			b.ReportMetric(float64((cpuTime(b)-cpu).Milliseconds())/float64(b.N), "cpu-ms/op")
		}
	}
	ask := func(q Query, least int) func(*testing.B) {
		return func(b *testing.B) {
			cpu := cpuTime(b)
			for b.Loop() {
				n := 0
				if err := e.Query(ctx, q, func(Result) bool { n++; return true }); err != nil || n < least {
					b.Fatalf("%d rows, %v", n, err)
				}
			}
			b.ReportMetric(float64((cpuTime(b)-cpu).Milliseconds())/float64(b.N), "cpu-ms/op")
		}
	}
	near := func(q TreeQuery) TreeQuery {
		q.Since, q.Until = l.At.Add(-6*time.Hour), l.At.Add(6*time.Hour)
		return q
	}
	b.Run("tree", tree(TreeQuery{ExecID: l.Root, Sensor: l.Sensor}, 341))
	b.Run("tree/12h", tree(near(TreeQuery{ExecID: l.Root, Sensor: l.Sensor}), 100))
	b.Run("tree/any-sensor", tree(TreeQuery{ExecID: l.Root}, 341))
	b.Run("tree/leaf", tree(TreeQuery{ExecID: l.Leaf, Sensor: l.Sensor}, 5))
	b.Run("tree/small", tree(TreeQuery{ExecID: l.Root, Sensor: l.Sensor, Processes: 20}, 10))
	b.Run("newest-100", ask(Query{LogsQL: "*", Limit: 100}, 100))
	b.Run("newest-100-of-sensor", ask(Query{LogsQL: stream(l.Sensor), Limit: 100}, 100))
	b.Run("word", ask(Query{LogsQL: `"level-4-3"`, Limit: 100}, 64))
	b.Run("exec-id", ask(Query{LogsQL: "process.uid:=" + quote(l.Leaf), Limit: 100}, 1))
	b.Run("histogram", func(b *testing.B) {
		for b.Loop() {
			if got, err := Histogram(ctx, e, Query{LogsQL: "*"}, time.Hour); err != nil || len(got) < 24 {
				b.Fatalf("%d buckets, %v", len(got), err)
			}
		}
	})
	b.Run("has", func(b *testing.B) {
		for b.Loop() {
			if got, err := Has(ctx, e, l.Sensor, l.Epoch, 1); err != nil || len(got) == 0 {
				b.Fatalf("%d batches, %v", len(got), err)
			}
		}
	})
	b.Run("disk", func(b *testing.B) {
		for b.Loop() {
			n, err := diskUse(dir)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/float64(events), "disk-bytes/event")
		}
		b.ReportMetric(memory(b, "RssAnon"), "MiB")
	})
}
