package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	rows := samples(t, time.Now())
	if err := s.Add(t.Context(), rows); err != nil { // without Flush: Close writes it
		t.Fatal(err)
	}
	if _, err := Open(dir, Settings{}); err == nil {
		t.Error("two stores have one directory")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(t.Context(), rows); !errors.Is(err, ErrClosed) {
		t.Errorf("add to a closed store: %v", err)
	}
	if err := s.Query(t.Context(), Query{LogsQL: "*"}, func(Result) bool { return true }); !errors.Is(err, ErrClosed) {
		t.Errorf("ask a closed store: %v", err)
	}
	if got := find(t, open(t, dir), Query{LogsQL: "*"}); len(got) != len(rows) {
		t.Errorf("%d rows after a restart, want %d", len(got), len(rows))
	}
}

func TestClock(t *testing.T) {
	s := open(t, t.TempDir())
	for i, at := range []time.Time{time.Unix(0, 0), time.Now().Add(-400 * day), time.Now().Add(30 * day), time.Now().Add(-29 * day)} {
		row := jsonRow(i, "file_open", `{"a":"1"}`)
		row.Time = at.UnixNano()
		add(t, s, row)
		got := find(t, s, Query{LogsQL: fmt.Sprintf("%s:=%d", FieldIndex, i)})
		if len(got) != 1 {
			t.Fatalf("%s: %d rows", at, len(got))
		}
		off, clock := i < 3, got[0].Get(FieldClock)
		if off && (time.Since(got[0].Time()).Abs() > time.Minute || clock != at.UTC().Format(time.RFC3339Nano)) || !off && (clock != "" || !got[0].Time().Equal(at)) {
			t.Errorf("%s: time is %s, clock %q", at, got[0].Time(), clock)
		}
	}
	if n := s.Stats(); n.Rows != 4 || n.Refused != 0 {
		t.Errorf("%+v", n)
	}
}

func TestRefused(t *testing.T) {
	s := open(t, t.TempDir())
	for _, row := range []Row{{Kind: "exec", JSON: []byte("{}")}, {Sensor: "a", JSON: []byte("{}")}, {Sensor: strings.Repeat("a", 200), Kind: "exec"}} {
		if err := s.Add(t.Context(), []Row{row}); err == nil {
			t.Errorf("%+v is taken", row)
		}
	}
	full, err := Open(t.TempDir(), Settings{Reserve: 1 << 60})
	if err != nil {
		t.Fatal(err)
	}
	if err := full.Add(t.Context(), samples(t, time.Now())); !errors.Is(err, ErrFull) {
		t.Errorf("a full disk: %v", err)
	}
	if err := full.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(t.TempDir(), Settings{Retention: Retention{day, day, time.Hour}}); err == nil || !strings.Contains(err.Error(), "bulk") {
		t.Errorf("retention of an hour: %v", err)
	}
}

func TestQueryEnds(t *testing.T) {
	s := open(t, t.TempDir())
	w := newWorld(1, sensorID, time.Now().Add(-time.Minute), time.Millisecond)
	rows := make([]Row, 20_000)
	for i := range rows {
		rows[i] = w.next()
	}
	add(t, s, rows...)
	slow := Query{LogsQL: `* | stats by (vigil.index, process.cmd_line, file.path, actor.process.uid) count() n`, Limit: MostRows, Within: time.Microsecond}
	if err := s.Query(t.Context(), slow, func(Result) bool { return true }); !errors.Is(err, ErrSlow) {
		t.Errorf("a slow query: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := s.Query(ctx, Query{LogsQL: "* | limit 20000", Limit: MostRows}, func(Result) bool {
		n++
		cancel()
		return true
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a query whose context ends: %v", err)
	}
	n = 0
	if err := s.Query(t.Context(), Query{LogsQL: "* | limit 20000", Limit: 150}, func(Result) bool { n++; return true }); err != nil || n != 150 {
		t.Errorf("%d rows, %v: want 150", n, err)
	}
	n = 0
	if err := s.Query(t.Context(), Query{LogsQL: "*"}, func(Result) bool { n++; return n < 3 }); err != nil || n != 3 {
		t.Errorf("%d rows, %v: want 3", n, err)
	}
}

// What queries need together has an end: one too many waits, within its time.
func TestQueryWaitsForItsTurn(t *testing.T) {
	s := open(t, t.TempDir())
	add(t, s, jsonRow(0, "exec", `{"a":"1"}`))
	var running, done sync.WaitGroup
	hold := make(chan struct{})
	for range mostAsking {
		running.Add(1)
		done.Go(func() {
			err := s.Query(t.Context(), Query{LogsQL: "*"}, func(Result) bool {
				running.Done()
				<-hold
				return true
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if err := s.Query(t.Context(), Query{LogsQL: "*", Within: time.Millisecond}, func(Result) bool { return true }); !errors.Is(err, ErrSlow) {
		t.Errorf("one too many: %v", err)
	}
	close(hold)
	if got := find(t, s, Query{LogsQL: "*"}); len(got) != 1 {
		t.Errorf("%d rows, want 1", len(got))
	}
	done.Wait()
}

func TestRetention(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i, kind := range []string{KindAlert, "exec", "file_open"} {
		for j, age := range []time.Duration{time.Hour, 10 * day} {
			row := jsonRow(2*i+j, kind, `{"a":"1"}`)
			row.Time = time.Now().Add(-age).UnixNano()
			add(t, s, row)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, Settings{Retention: Retention{Alerts: 365 * day, Processes: 8 * day, Bulk: 2 * day}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	eventually(t, "what is over is gone", func() error {
		names, err := FieldValues(t.Context(), s, Query{LogsQL: "*"}, FieldKind, 10)
		if got := fmt.Sprint(names); err == nil && got != "[{alert 2} {exec 1} {file_open 1}]" {
			err = errors.New(got)
		}
		return err
	})
}

func TestTwo(t *testing.T) {
	a, b := open(t, t.TempDir()), open(t, t.TempDir())
	add(t, a, jsonRow(0, "exec", `{"a":"1"}`))
	if got := find(t, b, Query{LogsQL: "*"}); len(got) != 0 {
		t.Errorf("%d rows of another store", len(got))
	}
}

func TestTogether(t *testing.T) {
	s := open(t, t.TempDir())
	const adders, batches = 6, 5
	var done sync.WaitGroup
	for i := range adders {
		done.Go(func() {
			w := newWorld(uint64(20+i), fmt.Sprint("sensor-", i), time.Now().Add(-time.Minute), time.Microsecond)
			for range batches {
				var rows []Row
				for range batchRows {
					rows = append(rows, w.next())
				}
				if err := errors.Join(s.Add(t.Context(), rows), s.Flush(t.Context())); err != nil {
					t.Error(err)
				}
				got, err := Has(t.Context(), s, w.sensor, w.epoch, 1)
				if err != nil || len(got) != int(w.sequence-1) || got[len(got)-1].Rows != batchRows {
					t.Errorf("%s has %v, %v", w.sensor, got, err)
				}
			}
		})
	}
	done.Wait()
	if n, err := Count(t.Context(), s, Query{LogsQL: "*"}); err != nil || n != adders*batches*batchRows {
		t.Errorf("%d rows, %v", n, err)
	}
}
