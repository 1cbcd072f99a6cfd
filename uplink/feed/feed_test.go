package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/uplink/batch"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/spool"
)

// disk is a spool that counts, and takes nothing while it is held or full.
type disk struct {
	held   sync.Mutex
	full   error
	events map[batch.Class]int
}

func (d *disk) Append(c batch.Class, events int, b []byte) (spool.Entry, error) {
	d.held.Lock()
	defer d.held.Unlock()
	if d.full != nil {
		return spool.Entry{}, d.full
	}
	block, err := batch.Decode(b, batch.DefaultLimits())
	if err != nil || block.Len() != events || block.Class() != c {
		return spool.Entry{}, errors.New("not the block that it is said to be")
	}
	d.events[c] += events
	return spool.Entry{}, nil
}

func sample(t testing.TB) decode.Record {
	r, err := decode.Decode(recordtest.Sample(decode.KindExec))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func run(t *testing.T, d *disk, work func(*Feed)) Stats {
	t.Helper()
	f := New(decode.Meta{Host: "h"}, d, slog.New(slog.DiscardHandler))
	done := make(chan error)
	go func() { done <- f.Run() }()
	work(f)
	f.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return f.Stats()
}

// Events wait a second at most, alerts not at all; the rest comes at the end.
func TestFeed(t *testing.T) {
	d := &disk{events: map[batch.Class]int{}}
	now := time.Unix(1000, 0)
	s := run(t, d, func(f *Feed) {
		f.Event(sample(t), nil, now)
		f.Flush(now.Add(pending / 2))
		if f.events.Len() != 1 {
			t.Errorf("%d events wait, want 1", f.events.Len())
		}
		f.Alert([]byte(`{"a":1}`))
		if f.alerts.Len() != 0 {
			t.Error("the alert waits")
		}
		f.Flush(now.Add(pending))
		if f.events.Len() != 0 {
			t.Errorf("%d events wait, want none", f.events.Len())
		}
		for range 2*fullEvents + 7 {
			f.Event(sample(t), nil, now)
		}
	})
	if want := (Stats{Events: 2*fullEvents + 8, Alerts: 1, Batches: s.Batches}); s != want || d.events[batch.Events] != 2*fullEvents+8 || d.events[batch.Alerts] != 1 {
		t.Errorf("%+v, on the disk %v", s, d.events)
	}
}

// A disk that takes nothing costs bounded memory, and what found no room is counted.
func TestFeedWhileTheDiskIsSlow(t *testing.T) {
	d := &disk{events: map[batch.Class]int{}}
	const given = 40 * fullEvents
	d.held.Lock()
	s := run(t, d, func(f *Feed) {
		for range given {
			f.Event(sample(t), nil, time.Unix(1000, 0))
			if f.events.Size() > mostBytes+fullBytes {
				t.Fatalf("%d bytes wait", f.events.Size())
			}
		}
		d.held.Unlock()
	})
	if s.Lost == 0 || s.Events+s.Lost != given {
		t.Errorf("%+v of %d", s, given)
	}
	d.full = spool.ErrFull
	if s := run(t, d, func(f *Feed) { f.Event(sample(t), nil, time.Unix(1000, 0)) }); s.Lost != 1 || s.Events != 0 {
		t.Errorf("on a full disk: %+v", s)
	}
}

func TestEventAllocatesNothing(t *testing.T) {
	d := &disk{events: map[batch.Class]int{}}
	r := sample(t)
	run(t, d, func(f *Feed) {
		now := time.Unix(1000, 0)
		for range 2 * fullEvents { // the encoder gets its size
			f.Event(r, nil, now)
		}
		if n := testing.AllocsPerRun(1000, func() { f.Event(r, nil, now) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// The way gives each class in its order, waits for what comes, and lets go of what is refused.
func TestWay(t *testing.T) {
	p, err := spool.Open(t.TempDir(), spool.Settings{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w := NewWay(p)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	came := make(chan uint64)
	go func() {
		for {
			b, err := w.Next(ctx, protocol.Alerts)
			if err != nil {
				close(came)
				return
			}
			came <- b.Sequence
		}
	}()
	for _, c := range []batch.Class{batch.Events, batch.Alerts, batch.Events} {
		if _, err := p.Append(c, 1, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-came; got != 2 {
		t.Errorf("the alert is batch %d, want 2", got)
	}
	first, err := w.Next(ctx, protocol.Events)
	if err != nil || first.Sequence != 1 {
		t.Fatalf("%+v %v", first, err)
	}
	second, err := w.Next(ctx, protocol.Events)
	if err != nil || second.Sequence != 3 {
		t.Fatalf("%+v %v", second, err)
	}
	if err := errors.Join(w.Release(first), w.Refuse(second, "nobody wants it")); err != nil {
		t.Fatal(err)
	}
	if n := w.Queued(); n != 1 {
		t.Errorf("%d batches queued, want the alert", n)
	}
	drops := w.Untold()
	if len(drops) != 1 || drops[0].First != 3 || drops[0].Class != protocol.Events || drops[0].Reason != string(spool.Refused) {
		t.Errorf("%+v", drops)
	}
	w.Told(drops)
	if left := w.Untold(); len(left) != 0 {
		t.Errorf("told again: %+v", left)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	<-came
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}
