package spool_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

// What is told again is what was told before, whatever was dropped meanwhile: who heard
// of it counts it once. What is told as gone never comes.
func TestTell(t *testing.T) {
	dir := t.TempDir()
	s := spool.Settings{MaxBytes: 100_000, SegmentBytes: 2000}
	p := open(t, dir, s)
	class := func(n uint64) batch.Class {
		if n%60 == 0 {
			return batch.Alerts
		}
		return batch.Events
	}
	n := uint64(0)
	fill := func(drops int) {
		for len(p.Drops()) < drops {
			n++
			put(t, p, class(n), n)
		}
	}
	fill(3)
	first := p.Tell()
	if len(first) != 3 {
		t.Fatalf("%d are told, want 3", len(first))
	}
	for range 600 { // far more drops than are kept one by one
		n++
		put(t, p, class(n), n)
	}
	if again := p.Tell(); !reflect.DeepEqual(drops(again), drops(first)) {
		t.Errorf("told %+v, then %+v", first, again)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, dir, s)
	again := p.Tell()
	for i := range again {
		if !again[i].Time.Equal(first[i].Time) {
			t.Errorf("told %+v, after a restart %+v", first[i], again[i])
		}
	}
	heard := map[uint64]bool{}
	hear := func(all []spool.Notice) (batches uint64) {
		for _, d := range all {
			batches += d.Batches
			for _, g := range d.Gone {
				for q := g.First; q <= g.Last; q++ {
					heard[q] = true
				}
			}
		}
		return batches
	}
	batches := hear(again)
	p.Told(again[len(again)-1].ID)
	rest := p.Tell()
	batches += hear(rest)
	p.Told(rest[len(rest)-1].ID)
	if left := p.Tell(); left != nil {
		t.Errorf("%+v is told once more", left)
	}
	waiting := sequences(drain(t, p))
	if got := uint64(len(waiting)) + batches; got != n {
		t.Errorf("%d wait and %d are told as dropped, want %d", len(waiting), batches, n)
	}
	for q := uint64(1); q <= n; q++ {
		if is := slices.Contains(waiting, q); is == heard[q] {
			t.Errorf("%d waits: %v, is told as gone: %v", q, is, heard[q])
		}
	}
}

func drops(all []spool.Notice) (d []spool.Drop) {
	for i := range all {
		d = append(d, all[i].Drop)
	}
	return d
}

// What may have arrived when it was dropped is told one by one, also when it was given
// out before a restart.
func TestTellOfWhatWasGiven(t *testing.T) {
	for _, restart := range []bool{false, true} {
		dir := t.TempDir()
		s := spool.Settings{MaxBytes: 100_000, SegmentBytes: 25_000}
		p := open(t, dir, s)
		n := uint64(0)
		for ; n < 40; n++ {
			put(t, p, batch.Events, n+1)
		}
		var given []uint64
		for range 3 {
			e, _, err := p.NextOf(batch.Events, nil)
			if err != nil {
				t.Fatal(err)
			}
			given = append(given, e.Sequence)
		}
		if restart {
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			p = open(t, dir, s)
		}
		for len(p.Drops()) == 0 {
			n++
			put(t, p, batch.Events, n)
		}
		all := p.Tell()
		for i, q := range given {
			if d := all[i]; d.First != q || d.Last != q || d.Batches != 1 || d.Events != q {
				t.Errorf("restart %v: %+v, want batch %d alone", restart, d.Drop, q)
			}
		}
		if last := all[len(all)-1]; !restart && last.Batches < 2 { // after a restart the first few may have been given
			t.Errorf("what was never given is told as %+v", last.Drop)
		}
	}
}

// A spool that keeps lets go of nothing, whatever comes, and however long it takes.
func TestKeep(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := spool.Settings{MaxBytes: 40_000, SegmentBytes: 4000, Keep: true, Now: func() time.Time { return now }}
	dir := t.TempDir()
	p := open(t, dir, s)
	n := uint64(0)
	var err error
	for ; err == nil; n++ {
		_, err = p.Append(batch.Events, int(n+1), content(n+1))
	}
	if !errors.Is(err, spool.ErrFull) {
		t.Fatal(err)
	}
	if _, err := p.Append(batch.Alerts, 1, content(n+1)); !errors.Is(err, spool.ErrFull) {
		t.Errorf("an alert displaces events: %v", err)
	}
	now = now.Add(30 * 24 * time.Hour)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, dir, s)
	all := sequences(drain(t, p))
	if uint64(len(all)) != n-1 || len(p.Drops()) > 0 {
		t.Errorf("%d of %d are left, dropped: %+v", len(all), n-1, p.Drops())
	}
	if err := p.Release(all[:len(all)/2]...); err != nil {
		t.Fatal(err)
	}
	put(t, p, batch.Events, n) // there is room again
}
