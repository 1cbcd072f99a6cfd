package spool_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

// disk is how long the segments are together.
func disk(tb testing.TB, dir string) (n int64) {
	tb.Helper()
	for _, class := range []string{"events", "alerts"} {
		for _, name := range segments(tb, dir, class) {
			info, err := os.Stat(name)
			if err != nil {
				tb.Fatal(err)
			}
			n += info.Size()
		}
	}
	return n
}

// accounted fails unless each sequence is waiting, released or told as dropped, and the
// counts are those of what is missing.
func accounted(tb testing.TB, p *spool.Spool, last uint64, class func(n uint64) batch.Class, released map[uint64]bool) {
	tb.Helper()
	p.Rewind()
	there := map[uint64]bool{}
	for _, e := range drain(tb, p) {
		if released[e.Sequence] {
			tb.Fatalf("%d was released and is given", e.Sequence)
		}
		there[e.Sequence] = true
	}
	var batches, events, bytes uint64
	in := func(n uint64) bool {
		for _, d := range p.Drops() {
			if d.Class == class(n) && n >= d.First && n <= d.Last {
				return true
			}
		}
		return false
	}
	for n := uint64(1); n <= last; n++ {
		if there[n] || released[n] {
			continue
		}
		batches, events, bytes = batches+1, events+n, bytes+uint64(len(content(n)))
		if !in(n) {
			tb.Fatalf("%d is neither there, nor released, nor told as dropped: %+v", n, p.Drops())
		}
	}
	var told spool.Count
	for _, d := range p.Drops() {
		told.Batches, told.Events, told.Bytes = told.Batches+d.Batches, told.Events+d.Events, told.Bytes+d.Bytes
	}
	if told != (spool.Count{Batches: batches, Events: events, Bytes: bytes}) {
		tb.Fatalf("%+v is told as dropped, %d batches, %d events, %d bytes are missing", told, batches, events, bytes)
	}
}

func TestBoundedByBytes(t *testing.T) {
	dir := t.TempDir()
	s := spool.Settings{MaxBytes: 100_000, SegmentBytes: 8000}
	p := open(t, dir, s)
	class := func(n uint64) batch.Class {
		if n%10 == 0 {
			return batch.Alerts
		}
		return batch.Events
	}
	released := map[uint64]bool{}
	var last uint64
	for last = 1; last <= 400; last++ {
		put(t, p, class(last), last)
		if n := disk(t, dir); n > s.MaxBytes || n != p.Stats().Disk {
			t.Fatalf("%d bytes on disk, %d are said, %d allowed", n, p.Stats().Disk, s.MaxBytes)
		}
		if last%7 == 0 {
			released[last] = true
			if err := p.Release(last); err != nil {
				t.Fatal(err)
			}
		}
	}
	last--
	accounted(t, p, last, class, released)
	for _, d := range p.Drops() {
		if d.Class != batch.Events || d.Reason != spool.Bytes {
			t.Errorf("dropped while there were events: %+v", d)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, dir, s)
	accounted(t, p, last, class, released)

	// Then only alerts: events go, then the oldest alerts.
	class2 := func(n uint64) batch.Class {
		if n > last {
			return batch.Alerts
		}
		return class(n)
	}
	for n := last + 1; n <= 2*last; n++ {
		put(t, p, batch.Alerts, n)
	}
	accounted(t, p, 2*last, class2, released)
	if got := p.Stats().Classes; got["events"].Waiting.Batches > 0 || got["alerts"].Dropped[spool.Bytes].Batches == 0 {
		t.Errorf("%+v", got)
	}

	var sum uint64
	for _, c := range p.Stats().Classes {
		for _, n := range c.Dropped {
			sum += n.Events
		}
	}
	if all := p.Dropped(); all.Events != sum || sum == 0 {
		t.Errorf("%+v dropped in all, %d events by reason", all, sum)
	}

	// Events never displace alerts.
	before := p.Stats()
	if _, err := p.Append(batch.Events, 5, make([]byte, 20_000)); !errors.Is(err, spool.ErrFull) {
		t.Fatal(err)
	}
	after := p.Stats()
	if after.Classes["alerts"].Waiting != before.Classes["alerts"].Waiting || after.Refused != (spool.Count{Batches: 1, Events: 5, Bytes: 20_000}) {
		t.Errorf("%+v became %+v", before, after)
	}
	if _, err := p.Append(batch.Alerts, 1, make([]byte, 60_000)); !errors.Is(err, spool.ErrFull) {
		t.Errorf("a batch that fills the spool alone: %v", err)
	}
}

func TestBoundedByAge(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1_700_000_000, 0)
	s := spool.Settings{MaxAge: 80 * time.Minute, Now: func() time.Time { return now }, SyncEvery: time.Hour}
	p := open(t, dir, s)
	events := func(uint64) batch.Class { return batch.Events }
	n := uint64(0)
	for range 200 {
		n++
		put(t, p, batch.Events, n)
		now = now.Add(time.Minute)
		for _, e := range drain(t, p) {
			if now.Sub(e.Time) > s.MaxAge+s.MaxAge/4 {
				t.Fatalf("a batch of %v ago is given", now.Sub(e.Time))
			}
		}
		p.Rewind()
	}
	accounted(t, p, n, events, nil)
	if waiting := p.Stats().Classes["events"].Waiting.Batches; waiting < 79 || waiting > 100 {
		t.Errorf("%d wait, of one a minute", waiting)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(24 * time.Hour)
	p = open(t, dir, s)
	if _, err := p.Append(batch.Events, int(n+1), content(n+1)); err != nil { // looks after age
		t.Fatal(err)
	}
	want(t, "given a day later", sequences(drain(t, p)), n+1)
	accounted(t, p, n+1, events, nil)
	for _, d := range p.Drops() {
		if d.Reason != spool.Age {
			t.Errorf("%+v", d)
		}
	}
}

// A drop is told until whoever tells of it says that it arrived, also after a restart.
func TestDropsAreToldOnce(t *testing.T) {
	dir := t.TempDir()
	s := spool.Settings{MaxBytes: 40_000, SegmentBytes: 4000}
	p := open(t, dir, s)
	var n uint64
	for len(p.Drops()) < 3 {
		n++
		put(t, p, batch.Events, n)
	}
	drops := p.Drops()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, dir, s)
	again := p.Drops()
	if len(again) != 3 || again[2].ID != drops[2].ID || again[0].First != 1 || again[1].First != again[0].Last+1 {
		t.Fatalf("%+v became %+v", drops, again)
	}
	p.Told(again[1].ID)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, dir, s)
	if left := p.Drops(); len(left) != 1 || left[0].ID != drops[2].ID {
		t.Fatalf("%+v is left of %+v", left, drops)
	}
}

// That nobody tells of drops for long takes no more memory, and loses no count.
func TestManyDrops(t *testing.T) {
	p := open(t, t.TempDir(), spool.Settings{MaxBytes: 40_000, SegmentBytes: 2000})
	class := func(uint64) batch.Class { return batch.Events }
	var n uint64
	for range 900 {
		n++
		put(t, p, class(n), n)
	}
	if len(p.Drops()) > 64 {
		t.Errorf("%d drops are kept", len(p.Drops()))
	}
	accounted(t, p, n, class, nil)
}
