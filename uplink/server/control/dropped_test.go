package control_test

import (
	"fmt"
	"testing"

	"vigil/uplink/server/control"
)

// A notice of drops takes nothing that the server has, or that is to come: the sequences
// of events that were dropped have acknowledged ones among them, and alerts on their way.
func testDropped(t *testing.T, place string) {
	ctx, d := t.Context(), open(t, place, newClock())
	id := enrol(t, d, "a")
	key := func(n uint64) control.Key { return control.Key{Sensor: id, Epoch: 7, Sequence: n} }
	claim := func(server, want string, all ...uint64) {
		t.Helper()
		keys := make([]control.Key, len(all))
		for i, n := range all {
			keys[i] = key(n)
		}
		mine, err := d.Claim(ctx, server, keys)
		must(t, err)
		if got := fmt.Sprint(mine); got != want {
			t.Errorf("%s claims %d: %s, want %s", server, all, got, want)
		}
	}
	drop := func(first, last, batches, events uint64, gone ...control.Range) {
		t.Helper()
		n := control.Drop{Epoch: 7, Range: control.Range{First: first, Last: last}, Gone: gone, Class: "events", Reason: "bytes", Batches: batches, Events: events}
		must(t, d.Dropped(ctx, id, []control.Drop{n}))
	}
	counted := func(want uint64) {
		t.Helper()
		s, err := d.Sensor(ctx, id)
		must(t, err)
		if s.Dropped != want {
			t.Errorf("%d events are dropped, want %d", s.Dropped, want)
		}
	}
	claim("A", "[true true true]", 1, 2, 12)
	claim("B", "[true]", 14)
	drop(10, 20, 7, 700, control.Range{First: 10, Last: 16}, control.Range{First: 18, Last: 20}) // 17 is an alert
	counted(700)
	for n, has := range map[uint64]bool{11: true, 12: true, 14: true, 16: true, 17: false, 18: true} {
		got, err := d.Received(ctx, key(n))
		must(t, err)
		if got != has {
			t.Errorf("received %d: %v, want %v", n, got, has)
		}
	}
	claim("A", "[true false]", 12, 14) // again, from its spool
	claim("B", "[true]", 14)
	claim("A", "[false]", 11) // it comes late, and is told as dropped
	claim("A", "[true]", 17)
	drop(21, 21, 1, 9, control.Range{First: 21, Last: 21})
	counted(709)
	claim("A", "[false]", 21)
	claim("A", "[true]", 22)
	drop(22, 22, 1, 5, control.Range{First: 22, Last: 22}) // it came before the notice
	counted(709)
	claim("A", "[true]", 22)
}

func TestRangesWithout(t *testing.T) {
	for _, c := range []struct{ set, other, want string }{
		{"1-9", "", "1-9"},
		{"", "1-9", ""},
		{"1-9", "1-9", ""},
		{"1-9", "3-4", "1-2,5-9"},
		{"1-9", "1,9", "2-8"},
		{"1-3,5-9,20", "2-6,8,10-30", "1,7,9"},
		{"5-9", "1-4,10-12", "5-9"},
		{"18446744073709551614-18446744073709551615", "18446744073709551615", "18446744073709551614"},
	} {
		set, err := control.ParseRanges(c.set)
		must(t, err)
		other, err := control.ParseRanges(c.other)
		must(t, err)
		if got := set.Without(other).String(); got != c.want {
			t.Errorf("%q without %q: %q, want %q", c.set, c.other, got, c.want)
		}
	}
}
