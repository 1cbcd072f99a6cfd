package store

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// FuzzFlatten: any bytes become fields that are within bounds, or a fault; what is JSON
// becomes what encoding/json reads.
func FuzzFlatten(f *testing.F) {
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		if b := recordtest.Sample(k); b != nil {
			r, err := decode.Decode(b)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(decode.AppendJSON(nil, r, nil))
		}
	}
	for _, s := range []string{`{"a":{"b":[1,{"c":"]\""}],"d":null,"e":""}}`, `{"a":"\ud800\u0041"}`, `{"a":1,}`, `{"a":tru}`, `{"a":[}`, "{\"a\":\"\xff\"}", `{"a.b":1,"a":{"b":2}}`, `{"":1}`} {
		f.Add([]byte(s))
	}
	s := newShaper(DefaultRetention(), ahead)
	f.Fuzz(func(t *testing.T, b []byte) {
		s.now = time.Now().UnixNano()
		kind := "exec"
		if len(b)%2 == 0 {
			kind = KindAlert
		}
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
		if n := encoded(fields); n > mostBytes || len(fields) > mostFields+10 {
			t.Fatalf("%d bytes in %d fields", n, len(fields))
		}
		if seen[FieldSensor] != "a" || seen[FieldKind] != kind || seen[FieldIndex] != "3" {
			t.Fatalf("not its identity: %v", seen)
		}
		if line := appendLine(nil, s.now, fields); !json.Valid(line) {
			t.Fatalf("no JSON: %q", line)
		}
		if seen[FieldFault] != "" || seen[FieldCut] != "" || !json.Valid(b) || !utf8.Valid(b) {
			return
		}
		for name, want := range flat(t, b) {
			if got := seen[name]; got != want && !redundant(name) && !sameArray(got, want) && !strings.HasSuffix(name, ".name") && !strings.ContainsRune(want, utf8.RuneError) {
				t.Fatalf("%s is %q, want %q", name, got, want)
			}
		}
	})
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
