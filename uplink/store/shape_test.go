package store

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/uplink/store/flat"
)

// Whatever bytes come, a row is within bounds, has its identity, and is a line of JSON.
func TestShapeHolds(t *testing.T) {
	seeds := [][]byte{
		[]byte(`{"a":{"b":[1,{"c":"]\""}],"d":null,"e":""}}`), []byte(`{"a":"\ud800\u0041"}`), []byte("{\"a\":\"\xff\"}"), []byte(`{"a.b":1,"a":{"b":2}}`),
		[]byte(`{"` + strings.Repeat("x", 100) + `":{"vigil":1}}`), []byte(`{"a":"` + strings.Repeat(`\u0001"`, 60_000) + `"}`), []byte(manyNames()),
	}
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		if b := recordtest.Sample(k); b != nil {
			r, err := decode.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			seeds = append(seeds, decode.AppendJSON(nil, r, nil))
		}
	}
	const hostile = "\"{}[],:\\u0_.\xff\x00"
	s, random := newShaper(DefaultRetention(), ahead), rand.New(rand.NewPCG(3, 4))
	for i := range 5_000 {
		b := bytes.Clone(seeds[i%len(seeds)])
		for range random.IntN(4) {
			b[random.IntN(len(b))] = hostile[random.IntN(len(hostile))]
		}
		shapeHolds(t, s, b)
	}
}

func shapeHolds(t *testing.T, s *shaper, b []byte) {
	t.Helper()
	s.now = time.Now().UnixNano()
	kind := []string{"exec", KindAlert}[len(b)%2]
	_, fields, err := s.shape(&Row{Time: s.now, Sensor: "a", Epoch: 1, Sequence: 2, Index: 3, Kind: kind, JSON: b})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for i, field := range fields {
		if i > 0 && fields[i-1].Name >= field.Name {
			t.Fatalf("%q comes after %q", field.Name, fields[i-1].Name)
		}
		if !utf8.ValidString(field.Name) || !utf8.ValidString(field.Value) || len(field.Name) > mostName || field.Value == "" {
			t.Fatalf("%q: %q", field.Name, field.Value)
		}
		seen[field.Name] = field.Value
	}
	if n := encoded(fields); n > mostBytes || len(fields) > flat.MostNames+10 {
		t.Fatalf("%d bytes in %d fields", n, len(fields))
	}
	if seen[FieldSensor] != "a" || seen[FieldKind] != kind || seen[FieldIndex] != "3" {
		t.Fatalf("not its identity: %v", seen)
	}
	if line := appendLine(nil, s.now, fields); !json.Valid(line) {
		t.Fatalf("no JSON: %q", line)
	}
}

// What is taken in most is taken in without allocations.
func TestShapeAllocates(t *testing.T) {
	w := newWorld(9, sensorID, time.Now(), time.Microsecond)
	var rows []Row
	for range 2_000 {
		rows = append(rows, w.next())
	}
	s := newShaper(DefaultRetention(), ahead)
	s.now = time.Now().UnixNano()
	shape := func() {
		for i := range rows {
			if _, _, err := s.shape(&rows[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	shape()
	if n := testing.AllocsPerRun(5, shape); n > float64(len(rows))/50 {
		t.Errorf("%.0f allocations for %d rows", n, len(rows))
	}
}

func BenchmarkShape(b *testing.B) {
	w := newWorld(9, sensorID, time.Now(), time.Microsecond)
	var rows []Row
	for range 2_000 {
		rows = append(rows, w.next())
	}
	s := newShaper(DefaultRetention(), ahead)
	s.now = time.Now().UnixNano()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, _, err := s.shape(&rows[i%len(rows)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// A row of a record is that of the record's JSON.
func TestShapeOfRecord(t *testing.T) {
	w, s := newWorld(9, sensorID, time.Now(), time.Microsecond), newShaper(DefaultRetention(), ahead)
	events := make([]recordtest.Event, 2_000)
	for i := range events {
		events[i] = w.Next()
	}
	long := strings.Repeat("'\x01\xff", 9_000) + "\x00"
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		if b := recordtest.Sample(k); b != nil {
			r, err := decode.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, recordtest.Event{Record: r}, recordtest.Event{Record: r, Actor: &decode.Actor{Path: []byte("/x"), Arguments: []byte(long), PID: 3}})
		}
	}
	s.begin()
	for _, e := range events {
		row := Row{Time: s.now, Sensor: "a", Epoch: 1, Kind: e.Record.Kind().String(), Record: e.Record, Actor: e.Actor}
		_, fields, err := s.shape(&row)
		if err != nil {
			t.Fatal(err)
		}
		var got []Field
		for _, f := range fields {
			got = append(got, field(strings.Clone(f.Name), strings.Clone(f.Value)))
		}
		row.JSON, row.Record = row.AppendJSON(nil), decode.Record{}
		_, want, err := s.shape(&row)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%s, %v:\n got %q\nwant %q", e.Record.Kind(), err, got, want)
		}
	}
}
