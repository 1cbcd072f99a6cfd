package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// fill adds what a world does and gives its rows, whose JSON stays.
func fill(t testing.TB, s Store, w *world, n int) []Row {
	t.Helper()
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = w.next()
	}
	add(t, s, rows...)
	return rows
}

// testNewest: a query without pipes gives the newest rows, the newest first, however
// they lie in time; with pipes it gives what they say.
func testNewest(t *testing.T, s Store) {
	w := newWorld(2, sensorID, time.Now().Add(-20*time.Hour), 2*time.Second)
	rows := fill(t, s, w, 20_000)
	times := make([]int64, len(rows))
	for i := range rows {
		times[i] = rows[i].Time
	}
	slices.Sort(times)
	for _, c := range []struct {
		until int // a place among the rows
		limit int
	}{{20_000, 1}, {20_000, 100}, {20_000, 5_000}, {9_000, 300}, {40, 100}, {0, 10}} {
		q := Query{LogsQL: stream(sensorID), Limit: c.limit}
		if c.until < len(rows) {
			q.Until = time.Unix(0, times[c.until])
		}
		got := find(t, s, q)
		if want := min(c.limit, c.until); len(got) != want {
			t.Errorf("newest %d of %d: %d rows", c.limit, c.until, len(got))
			continue
		}
		for i, r := range got {
			if want := times[c.until-1-i]; r.Time().UnixNano() != want {
				t.Errorf("newest %d of %d: row %d is of %s, want %s", c.limit, c.until, i, r.Time(), time.Unix(0, want))
				break
			}
		}
	}
	since := find(t, s, Query{LogsQL: stream(sensorID), Since: time.Unix(0, times[19_000]), Until: time.Unix(0, times[19_010])})
	if len(since) != 10 {
		t.Errorf("%d rows between two times, want 10", len(since))
	}
	if n, err := Count(t.Context(), s, Query{LogsQL: "*"}); err != nil || n != 20_000 {
		t.Errorf("count is %d, %v", n, err)
	}
	buckets, err := Histogram(t.Context(), s, Query{LogsQL: stream(sensorID)}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{}
	for _, r := range rows {
		want[time.Unix(0, r.Time).UTC().Truncate(time.Hour).Format(time.RFC3339)+r.Kind]++
	}
	for _, b := range buckets {
		key := b.Time.Format(time.RFC3339) + b.Kind
		if want[key] != b.Rows {
			t.Errorf("%s has %d rows, want %d", key, b.Rows, want[key])
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("not in the histogram: %v", want)
	}
	names, err := FieldNames(t.Context(), s, Query{LogsQL: stream(sensorID)})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names, Counted{"actor.process.uid", 20_000}) || !slices.Contains(names, Counted{FieldKind, 20_000}) {
		t.Errorf("names are %v", names)
	}
	kinds, err := FieldValues(t.Context(), s, Query{LogsQL: stream(sensorID)}, FieldKind, 3)
	if err != nil || len(kinds) != 3 || kinds[0].Text != "file_open" || kinds[0].Rows < kinds[1].Rows {
		t.Errorf("kinds are %v, %v", kinds, err)
	}
}

func TestNewest(t *testing.T) { testNewest(t, open(t, t.TempDir())) }

// A wrong query says where it is wrong, and asks nobody.
func TestSyntax(t *testing.T) {
	s := open(t, t.TempDir())
	for query, offset := range map[string]int{
		`vigil.kind:exec | stat count()`: len(`vigil.kind:exec | stat`),
		`a:in(b`:                         len(`a:in(b`),
		`(a or b`:                        len(`(a or b`),
		`a ] b`:                          len(`a ]`),
		`"ä" ) x`:                        len(`"ä" )`),
		`* | sort by (`:                  len(`* | sort by (`),
	} {
		err := s.Query(t.Context(), Query{LogsQL: query}, func(Result) bool { return true })
		var wrong *SyntaxError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if wrong.Offset != offset || !strings.Contains(err.Error(), fmt.Sprintf("character %d", len([]rune(query[:offset]))+1)) {
			t.Errorf("%s: at %d, want %d: %v", query, wrong.Offset, offset, err)
		}
	}
	if err := s.Query(t.Context(), Query{LogsQL: "*", Limit: -1}, func(Result) bool { return true }); err == nil {
		t.Error("a limit below zero is taken")
	}
}

// plant makes a tree of processes among the world's own: each of a level's processes
// forks some, each of which runs a program.
func plant(w *world, levels, each int, between func()) (rows []Row, planted []*proc) {
	root := w.Live[0]
	parents := []*proc{root}
	for level := range levels {
		var next []*proc
		for _, p := range parents {
			n := each
			if level == 0 {
				n = 1
			}
			for i := range n {
				row, child := w.fork(p)
				rows = append(rows, row, w.exec(child, "/usr/bin/bash", fmt.Sprintf("bash\x00level-%d-%d\x00", level, i)))
				w.Live = w.Live[:len(w.Live)-1] // the world leaves it alone
				next = append(next, child)
				between()
			}
		}
		planted = append(planted, next...)
		parents = next
	}
	return rows, planted
}

func hex(id uint64) string { return fmt.Sprintf("%016x", id) }

func testTree(t *testing.T, s Store) {
	w := newWorld(3, sensorID, time.Now().Add(-time.Hour), time.Millisecond)
	w.Live[0].ID = 0xff00
	var others []Row
	rows, planted := plant(w, 5, 3, func() {
		for range 20 {
			others = append(others, w.next())
		}
	})
	leaf := planted[len(planted)-1]
	w.Live = append(w.Live, leaf)
	rows = append(rows, w.exit(len(w.Live)-1))
	again := w.exec(planted[2], "/usr/bin/python3", "python3\x00again\x00") // a second image in one process
	add(t, s, append(append(rows, again), others...)...)

	tree, err := Tree(t.Context(), s, TreeQuery{ExecID: hex(planted[0].ID), Sensor: sensorID})
	if err != nil {
		t.Fatal(err)
	}
	depths := map[int]int{}
	byID := map[string]Process{}
	for _, p := range tree.Processes {
		depths[p.Depth]++
		byID[p.ExecID] = p
	}
	if fmt.Sprint(depths) != "map[0:1 1:4 2:9 3:27 4:81]" || tree.Cut { // 4: one of them ran two images
		t.Errorf("processes by depth: %v, cut %v", depths, tree.Cut)
	}
	for _, p := range planted {
		got, ok := byID[hex(p.ID)]
		if !ok || got.Sensor != sensorID || got.PID != uint64(p.PID) || p.Parent.PID != 1 && p.Parent != planted[2] && got.Parent != hex(p.Parent.ID) {
			t.Errorf("%s, planted as %+v: %+v", hex(p.ID), p, got)
		}
	}
	if got := byID[hex(leaf.ID)]; got.Ended.IsZero() || got.ExitCode != "" && got.ExitCode != "0" || got.Command != "bash level-4-2" || got.Depth != 4 {
		t.Errorf("the leaf is %+v", got)
	}
	up, err := Tree(t.Context(), s, TreeQuery{ExecID: hex(leaf.ID)})
	if err != nil {
		t.Fatal(err)
	}
	var path []string
	for _, p := range up.Processes {
		path = append(path, fmt.Sprint(p.Depth))
	}
	if got := strings.Join(path, " "); got != "-4 -3 -2 -1 0" {
		t.Errorf("ancestors are at %s", got)
	}
	cut, err := Tree(t.Context(), s, TreeQuery{ExecID: hex(planted[0].ID), Processes: 20})
	if err != nil || len(cut.Processes) > 20 || !cut.Cut {
		t.Errorf("%d processes, cut %v, %v", len(cut.Processes), cut.Cut, err)
	}
	none, err := Tree(t.Context(), s, TreeQuery{ExecID: "0123456789abcdef"})
	if err != nil || len(none.Processes) != 0 {
		t.Errorf("of an unknown exec ID: %+v, %v", none, err)
	}
	if _, err := Tree(t.Context(), s, TreeQuery{ExecID: `"or*`}); err == nil {
		t.Error("a wrong exec ID is taken")
	}
}

func TestTree(t *testing.T) { testTree(t, open(t, t.TempDir())) }

func testAround(t *testing.T, s Store) {
	w := newWorld(4, sensorID, time.Now().Add(-time.Hour), 100*time.Millisecond)
	rows := fill(t, s, w, 3_000)
	slices.SortFunc(rows, func(a, b Row) int { return int(a.Time - b.Time) })
	middle := 1_500
	got, err := Around(t.Context(), s, AroundQuery{Sensor: sensorID, Time: time.Unix(0, rows[middle].Time), Rows: 40})
	if err != nil || len(got) != 80 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, r := range got {
		if want := rows[middle-40+i].Time; r.Time().UnixNano() != want {
			t.Fatalf("row %d is of %s, want %s", i, r.Time(), time.Unix(0, want))
		}
	}
	id := flattened(t, rows[middle].JSON)["actor.process.uid"]
	of, err := Around(t.Context(), s, AroundQuery{Sensor: sensorID, Time: time.Unix(0, rows[middle].Time), Within: time.Hour, ExecIDs: []string{id}})
	if err != nil || len(of) == 0 || len(of) == 200 {
		t.Fatalf("%d rows of one process, %v", len(of), err)
	}
	for _, r := range of {
		if r.Get("actor.process.uid") != id && r.Get("process.uid") != id {
			t.Errorf("a row of another process: %v", r)
		}
	}
}

func TestAround(t *testing.T) { testAround(t, open(t, t.TempDir())) }
