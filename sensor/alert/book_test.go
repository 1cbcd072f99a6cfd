package alert

import (
	"fmt"
	"hash/fnv"
	"slices"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
)

// at is so many minutes after the test's beginning.
func at(minutes float64) time.Time {
	return time.Unix(1_700_000_000, 0).Add(time.Duration(minutes * float64(time.Minute)))
}

// told keeps what a book closes.
type told struct{ closed []uint64 }

func (c *told) close(a *detect.Alert) { c.closed = append(c.closed, a.Count) }

func show(*detect.Alert, bool) {}

func seen(rule, key string, minutes float64) *Seen {
	h := fnv.New64a()
	h.Write([]byte(key))
	return &Seen{Finding: &detect.Finding{Rule: rule}, Key: h.Sum64(), At: at(minutes)}
}

func noTree() uint64 { return 0 }

// Two runs of a sensor, which count from the same on, give no two alerts one ID.
func TestIDs(t *testing.T) {
	ids := map[string]bool{}
	for seed := range uint64(100) {
		b := NewBook(Settings{Seed: seed}, func(*detect.Alert) {})
		for _, key := range []string{"x", "y"} {
			a, _ := b.Add(seen("r", key, 0), noTree, show)
			if ids[a.ID] || len(a.ID) != 32 {
				t.Fatalf("ID %q of seed %d", a.ID, seed)
			}
			ids[a.ID] = true
		}
	}
}

// What is the same is one alert for an hour from its first, and then another. What was
// seen since it was told last is told when it closes, and only then.
func TestFolding(t *testing.T) {
	c := &told{}
	b := NewBook(Settings{}, c.close)
	ids := map[string]int{}
	for _, step := range []struct {
		s    *Seen
		did  detect.Activity
		n    uint64
		want []uint64 // closed until now
	}{
		{seen("r", "x", 0), detect.Create, 1, nil},
		{seen("r", "x", 1), 0, 2, nil},
		{seen("r", "y", 2), detect.Create, 1, nil},
		{seen("q", "x", 3), detect.Create, 1, nil},
		{seen("r", "x", 59), 0, 3, nil},
		{seen("r", "x", 0.5), 0, 4, nil}, // events of two rings come out of order
		{seen("r", "x", 60), detect.Create, 1, []uint64{4}},
	} {
		a, did := b.Add(step.s, noTree, show)
		if did != step.did || a.Count != step.n || !slices.Equal(c.closed, step.want) {
			t.Errorf("at %v: %v, count %d, closed %v; want %v, %d, %v", step.s.At, did, a.Count, c.closed, step.did, step.n, step.want)
		}
		ids[a.ID]++
	}
	if len(ids) != 4 {
		t.Errorf("%d alerts, want 4: %v", len(ids), ids)
	}
	b.Expire(at(61))
	b.Expire(at(121))
	if !slices.Equal(c.closed, []uint64{4}) {
		t.Errorf("closed %v: alerts that were seen once are told once", c.closed)
	}
	open := 0
	b.Each(func(_ *detect.Alert, did detect.Activity) {
		if did != detect.Close {
			open++
		}
	})
	if open > 0 || len(b.open) > 0 {
		t.Errorf("%d are open after their hour", open)
	}
}

// The count is told at ten, a hundred, a thousand, and at the end.
func TestCountIsTold(t *testing.T) {
	c := &told{}
	b := NewBook(Settings{}, c.close)
	var updates []uint64
	shows := 0
	for range 1234 {
		if a, did := b.Add(seen("r", "x", 0), noTree, func(*detect.Alert, bool) { shows++ }); did == detect.Update {
			updates = append(updates, a.Count)
		}
	}
	b.Finish()
	if !slices.Equal(updates, []uint64{10, 100, 1000}) || !slices.Equal(c.closed, []uint64{1234}) || shows != shown {
		t.Errorf("updates %v, closed %v, shown %d times", updates, c.closed, shows)
	}
}

// Alerts of a tree, or of a user, that come soon after each other are one incident;
// root's are not, and not those that come late.
func TestIncidents(t *testing.T) {
	b := NewBook(Settings{}, func(*detect.Alert) {})
	incident := func(n int, tree uint64, user uint32, minutes float64) string {
		s := seen(fmt.Sprint("rule", n), "x", minutes)
		s.User = user
		a, _ := b.Add(s, func() uint64 { return tree }, show)
		return a.Incident
	}
	first := incident(1, 10, 0, 0)
	for _, c := range []struct {
		name     string
		incident string
		same     bool
	}{
		{"another rule, the same tree", incident(2, 10, 0, 20), true},
		{"within the time of the second", incident(3, 10, 0, 45), true},
		{"another tree of root's", incident(4, 11, 0, 46), false},
		{"the tree, by another user", incident(5, 10, 33, 47), true},
		{"that user, in another tree", incident(6, 12, 33, 48), true},
		{"another user", incident(7, 13, 34, 48), false},
		{"the tree, long after", incident(8, 10, 0, 200), false},
	} {
		if (c.incident == first) != c.same {
			t.Errorf("%s: incident %s, the first is %s", c.name, c.incident, first)
		}
	}
}

// The book is bounded: the oldest makes room, is told to its end, and counted.
func TestBookIsBounded(t *testing.T) {
	c := &told{}
	b := NewBook(Settings{Most: 8}, c.close)
	b.Add(seen("r", "first", 0), noTree, show)
	b.Add(seen("r", "first", 0), noTree, show)
	for i := range 100_000 {
		s := seen("r", fmt.Sprint(i), 0)
		s.User = uint32(i + 1)
		b.Add(s, func() uint64 { return uint64(i + 1) }, show)
	}
	if len(b.all) != 8 || len(b.open) != 8 || b.Forgotten != 100_001-8 || !slices.Equal(c.closed, []uint64{2}) {
		t.Errorf("%d kept, %d open, %d forgotten, closed %v", len(b.all), len(b.open), b.Forgotten, c.closed)
	}
	wide := NewBook(Settings{Bytes: 64 << 10}, c.close)
	for i := range 1000 {
		wide.Add(seen("r", fmt.Sprint(i), 0), noTree, func(a *detect.Alert, _ bool) {
			a.Evidence = append(a.Evidence, detect.Evidence{Event: make([]byte, 15<<10)})
		})
	}
	if len(wide.all) != 4 || wide.bytes > 64<<10 || wide.Forgotten != 996 {
		t.Errorf("%d kept of %d bytes, %d forgotten", len(wide.all), wide.bytes, wide.Forgotten)
	}
	if len(b.trees) > mostIncidents || len(b.users) > mostIncidents {
		t.Errorf("%d trees and %d users", len(b.trees), len(b.users))
	}
	b.Expire(at(31))
	if len(b.trees)+len(b.users) > 0 {
		t.Errorf("%d trees and %d users after their time", len(b.trees), len(b.users))
	}
}

// A suppression needs all of what it says, and what it holds for is another alert
// than what it does not hold for.
func TestDismisses(t *testing.T) {
	b := NewBook(Settings{}, func(*detect.Alert) {})
	record := recordtest.DecodedWith(decode.Header{UID: 33}, decode.KindExec, decode.Exec{}, recordtest.Texts("/bin/x", "x\x00", "/", "", "", "", "x")...)
	for _, c := range []struct {
		s    Suppression
		rule string
		at   time.Time
		want bool
	}{
		{Suppression{Rule: "r", Reason: "known", Until: at(10)}, "r", at(9), true},
		{Suppression{Rule: "r", Reason: "known", Until: at(10)}, "r", at(10), false},
		{Suppression{Rule: "r", Reason: "known", Until: at(10)}, "q", at(9), false},
		{Suppression{Rule: "r", Filter: "uid=33 exe=/bin/x", Reason: "known", Until: at(10)}, "r", at(9), true},
		{Suppression{Rule: "r", Filter: "uid=34", Reason: "known", Until: at(10)}, "r", at(9), false},
		{Suppression{Filter: "uid=33", Reason: "known", Until: at(10)}, "any", at(9), true},
	} {
		if err := c.s.Compile(); err != nil {
			t.Fatal(err)
		}
		b.Suppress([]*Suppression{&c.s})
		if got := b.Dismisses(c.rule, record, &decode.Actor{}, c.at) != nil; got != c.want {
			t.Errorf("%+v of %s: %v", c.s, c.rule, got)
		}
	}
	s := seen("r", "x", 0)
	one, _ := b.Add(s, noTree, show)
	s.Dismiss = &Suppression{Reason: "known"}
	other, did := b.Add(s, noTree, show)
	if did != detect.Create || one.ID == other.ID || one.Dismissed() || other.Dismiss != "known" {
		t.Errorf("%v: %+v and %+v", did, one, other)
	}
	for _, bad := range []Suppression{
		{Reason: "known", Until: at(1)},
		{Rule: "r", Until: at(1)},
		{Rule: "r", Reason: "known"},
		{Rule: "r", Reason: "known", Until: at(1), Filter: "nothing=1"},
	} {
		if err := bad.Compile(); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// What is seen again allocates nothing, and costs little.
func TestAgainAllocatesNothing(t *testing.T) {
	b := NewBook(Settings{}, func(*detect.Alert) {})
	s := seen("r", "x", 0)
	for range 10 {
		b.Add(s, noTree, show)
	}
	if n := testing.AllocsPerRun(100, func() { b.Add(s, noTree, show) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAgain(b *testing.B) {
	book := NewBook(Settings{}, func(*detect.Alert) {})
	s := seen("r", "x", 0)
	b.ReportAllocs()
	for b.Loop() {
		book.Add(s, noTree, show)
	}
}
