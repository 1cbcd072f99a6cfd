package export

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vigil/decode"
)

// shelf is a destination in memory, that does what the test says.
type shelf struct {
	mu  sync.Mutex
	got []Item
	do  func(ctx context.Context, b *batch) error // nil: takes all
}

func (s *shelf) describe() (where, confirmed string) { return "shelf", "kept" }
func (s *shelf) close() error                        { return nil }

func (s *shelf) send(ctx context.Context, b *batch) error {
	if s.do != nil {
		return s.do(ctx, b)
	}
	s.take(b, 0, len(b.items))
	return nil
}

func (s *shelf) take(b *batch, from, to int) {
	s.mu.Lock()
	s.got = append(s.got, b.items[from:to]...)
	s.mu.Unlock()
	b.deliver(from, to)
}

func (s *shelf) numbers() map[int]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []byte
	for _, i := range s.got {
		all = append(all, i.JSON...)
	}
	return numbers(all)
}

func onShelf(t *testing.T, c Config, s *shelf, clock Clock) (*Exporter, *logged) {
	t.Helper()
	l, log := newLog()
	if clock == nil {
		clock = systemClock{}
	}
	c.Name = "shelf"
	return newExporter(c.withDefaults(), s, newBacklog(t, c.Queue), Services{Log: log, Clock: clock}), l
}

func onShelfOf(t *testing.T, c Config, s *shelf, b *Backlog) (*Exporter, *logged) {
	t.Helper()
	l, log := newLog()
	c.Name = "shelf"
	return newExporter(c.withDefaults(), s, b, Services{Log: log, Clock: systemClock{}}), l
}

// Many offer at once to a destination that fails, takes a part, and refuses.
func TestAddsUp(t *testing.T) {
	s := &shelf{}
	turn := 0
	s.do = func(_ context.Context, b *batch) error {
		switch turn++; turn % 4 {
		case 0:
			return errors.New("down")
		case 1:
			half := len(b.items) / 2
			s.take(b, 0, half)
			return errors.New("broke in the middle")
		case 2:
			b.refuse(0, refusedAs(400))
			s.take(b, 1, len(b.items))
			return nil
		}
		s.take(b, 0, len(b.items))
		return nil
	}
	e, l := onShelf(t, Config{Batch: Batch{Items: 37, Delay: time.Millisecond}, Retry: Retry{First: time.Microsecond, Most: time.Microsecond}}, s, nil)
	r := run(t, e, l)
	var all sync.WaitGroup
	const n = 8000
	for g := range 8 {
		all.Go(func() {
			for k := g; k < n; k += 8 {
				r.Offer(numbered(k))
			}
		})
	}
	for range 100 {
		r.balanced(r.Status())
	}
	all.Wait()
	r.settle()
	st := r.end()
	whole(t, st, s.numbers(), n, true)
	if lost(st, refusedAs(400)) == 0 || st.Failures == 0 {
		t.Errorf("%+v", st)
	}
}

func TestBacksOff(t *testing.T) {
	s := &shelf{}
	s.do = func(context.Context, *batch) error { return &later{7 * time.Second, errors.New("busy")} }
	clock := newQuick()
	e, l := onShelf(t, Config{Retry: Retry{First: time.Second, Most: 16 * time.Second, For: 100 * time.Second}, Batch: Batch{Items: 1}}, s, clock)
	r := run(t, e, l)
	r.Offer(numbered(1))
	st := r.settle()
	if lost(st, ReasonGivenUp) != 1 || st.LastError != "busy" || st.FailingSince.IsZero() {
		t.Errorf("%+v", st)
	}
	r.end()
	clock.mu.Lock()
	defer clock.mu.Unlock()
	waits := 0
	for _, w := range clock.waits {
		if w >= 7*time.Second && w <= 16*time.Second {
			waits++
		} else if w != tellEvery && w != e.config.Grace && w != e.config.Batch.Delay {
			t.Errorf("waited %s", w)
		}
	}
	if waits < 6 || waits > 15 { // 7 to 16 s each, for 100 s
		t.Errorf("waited %d times: %v", waits, clock.waits)
	}
}

func TestWaitDoublesWithJitter(t *testing.T) {
	r := Retry{First: time.Second, Most: time.Minute}
	for failures, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 70: time.Minute} {
		seen := map[time.Duration]bool{}
		for range 50 {
			w := r.wait(failures, 0)
			if seen[w] = true; w < most/2 || w > most {
				t.Errorf("after %d failures: %s", failures, w)
			}
		}
		if len(seen) < 2 {
			t.Errorf("after %d failures always the same wait", failures)
		}
	}
	if w := r.wait(1, time.Hour); w != longestWish {
		t.Errorf("a wish of an hour is %s", w)
	}
}

// What is not delivered at the end stays, and the next exporter delivers it, once.
func TestWhatIsLeftStays(t *testing.T) {
	hang := func(ctx context.Context, _ *batch) error {
		<-ctx.Done()
		return ctx.Err()
	}
	s := &shelf{do: hang}
	e, l := onShelf(t, Config{Batch: Batch{Items: 10, Delay: time.Millisecond}, Grace: time.Millisecond}, s, nil)
	r := run(t, e, l)
	for k := range 100 {
		r.Offer(numbered(k))
	}
	for r.Status().Queued != 100 {
		time.Sleep(time.Millisecond)
	}
	if st := r.end(); st.Queued != 100 || st.Undelivered != 0 {
		t.Errorf("%+v", st)
	}
	s.do = nil
	r = run(t, newExporter(e.config, s, e.backlog, Services{Log: e.log, Clock: systemClock{}}), l)
	r.Offer(numbered(100)) // what comes between goes with the rest
	r.settle()
	whole(t, r.end(), s.numbers(), 101, true)
}

func TestFilter(t *testing.T) {
	f := Filter{Kinds: []string{AlertKind, "connect"}, Severity: decode.Medium}
	for _, c := range []struct {
		kind     string
		severity decode.Severity
		want     bool
	}{{AlertKind, decode.High, true}, {AlertKind, decode.Low, false}, {"connect", decode.Medium, true}, {"exec", decode.High, false}} {
		if got := f.Wants(c.kind, c.severity); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestMalformedIsLostAlone(t *testing.T) {
	s := &shelf{}
	e, l := onShelf(t, Config{}, s, newQuick())
	r := run(t, e, l)
	for _, text := range []string{"", "{", "[]", "{}\n{}", "{\"a\":\"\xff\"}", `{"a":1}`, "{\"a\":\n1}"} {
		r.Offer(Item{Alert: true, JSON: []byte(text)})
	}
	r.settle()
	if st := r.end(); lost(st, ReasonMalformed) != 6 || st.Delivered != 1 {
		t.Errorf("%+v", st)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	var s Status
	for k := range 100 {
		s.lose(&Item{}, refusedAs(k), time.Now())
	}
	if len(s.Losses) != maxReasons+1 || s.Undelivered != 100 || lost(s, "other") != 100-maxReasons {
		t.Errorf("%d reasons: %+v", len(s.Losses), s)
	}
}

// The log hears of losses at once, and then once a minute at most, of all of them.
func TestLogOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		s.do = func(_ context.Context, b *batch) error {
			for i := range b.items {
				b.refuse(i, refusedAs(400))
			}
			return nil
		}
		e, l := onShelf(t, Config{}, s, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		for k := range 300 { // one a second, for five minutes
			offer(e.backlog, numbered(k))
			time.Sleep(time.Second)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		lines, told := strings.Count(l.String(), "not delivered"), 0
		for _, line := range strings.Split(l.String(), "\n") {
			n := 0
			if _, after, ok := strings.Cut(line, " items="); ok {
				if _, err := fmt.Sscan(after, &n); err != nil {
					t.Error(err)
				}
				told += n
			}
		}
		if lines < 5 || lines > 7 || told != 300 {
			t.Errorf("%d lines tell of %d:\n%s", lines, told, l)
		}
	})
}

func TestSnapshotDaily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // begins at midnight UTC, 2000-01-01
		s := &shelf{}
		c := Config{Name: "daily", Snapshot: &Snapshot{Daily: "06:30"}, Filter: Filter{Kinds: []string{AlertKind}}, Batch: Batch{Items: 2}}.withDefaults()
		l, log := newLog()
		var times atomic.Int32
		source := func(_ context.Context, _ time.Time, yield func(Item) bool) error {
			times.Add(1)
			for k := range 200 { // a tenth of them alerts
				if !yield(numbered(k)) {
					return errors.New("stopped")
				}
			}
			return nil
		}
		e := newExporter(c, s, newBacklog(t, c.Queue), Services{Log: log, Clock: systemClock{}, Source: source})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		time.Sleep(6*time.Hour + 29*time.Minute)
		if times.Load() != 0 {
			t.Error("too early")
		}
		time.Sleep(48 * time.Hour)
		st := e.backlog.Status()
		if times.Load() != 2 || st.Delivered != 40 || st.Offered != 40 || st.Undelivered != 0 || st.Snapshot.Format("02 15:04") != "02 06:30" {
			t.Errorf("%d times: %+v\n%s", times.Load(), st, l)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestSnapshotEvery(t *testing.T) {
	at := time.Date(2026, 3, 29, 6, 30, 0, 0, time.UTC)
	if n := (&Snapshot{Every: time.Hour}).next(at); n != at.Add(time.Hour/2) { // on the hour, whoever asks
		t.Errorf("%s", n)
	}
	if n := (&Snapshot{Daily: "06:30"}).next(at); n != at.AddDate(0, 0, 1) {
		t.Errorf("at the very minute: %s", n)
	}
}

// A destination that comes and goes does not fill the log.
func TestLogOfOneThatComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		turn := 0
		s.do = func(_ context.Context, b *batch) error {
			if turn++; turn%2 == 1 {
				return errors.New("gone")
			}
			s.take(b, 0, len(b.items))
			return nil
		}
		e, l := onShelf(t, Config{Batch: Batch{Delay: time.Millisecond}, Retry: Retry{First: time.Millisecond}}, s, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		for k := range 300 {
			offer(e.backlog, numbered(k))
			time.Sleep(time.Second)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		fails, works := strings.Count(l.String(), "delivery fails"), strings.Count(l.String(), "works again")
		if st := e.backlog.Status(); fails < 5 || fails > 6 || works != fails || st.Failures != 300 || st.Delivered != 300 {
			t.Errorf("%d fail, %d work: %+v", fails, works, st)
		}
	})
}
