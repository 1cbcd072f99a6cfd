package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
	"vigil/uplink/store/flat"
)

const sensorID = "SENSOR0000000000000000000A"

func open(t testing.TB, dir string) *Embedded {
	t.Helper()
	e, err := Open(dir, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func add(t testing.TB, s Store, rows ...Row) {
	t.Helper()
	if err := s.Add(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func find(t testing.TB, s Store, q Query) []Result {
	t.Helper()
	results, err := all(t.Context(), s, q)
	if err != nil {
		t.Fatalf("%s: %v", q.LogsQL, err)
	}
	return results
}

// samples is a row of each kind.
func samples(t testing.TB, at time.Time) []Row {
	var rows []Row
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		b := recordtest.Sample(k)
		if b == nil {
			continue
		}
		r, err := decode.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		actor := &decode.Actor{Path: []byte("/usr/bin/bash"), Comm: []byte("bash"), Hostname: "web1", BootOffset: at.UnixNano() - int64(r.Time)}
		rows = append(rows, Row{
			Time: at.UnixNano() + int64(len(rows)), Sensor: sensorID, Epoch: 1<<63 + 5, Sequence: 7, Index: uint32(len(rows)),
			Kind: k.String(), JSON: decode.AppendJSON(nil, r, actor),
		})
	}
	return rows
}

// flattened is what encoding/json makes of an object: names with dots, and text.
func flattened(t testing.TB, text []byte) map[string]string {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var o map[string]any
	if err := d.Decode(&o); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	out := map[string]string{}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				walk(strings.TrimPrefix(prefix+"."+k, "."), e)
			}
		case []any:
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if err := e.Encode(v); err != nil {
				t.Fatal(err)
			}
			out[prefix] = strings.TrimSpace(b.String())
		case nil:
		default:
			out[prefix] = fmt.Sprint(v)
		}
	}
	walk("", o)
	return out
}

// testRoundTrip: every kind comes back as it went in, but for what is said twice.
func testRoundTrip(t *testing.T, s Store) {
	rows := samples(t, time.Now().Add(-time.Minute))
	if len(rows) < 40 {
		t.Fatalf("%d kinds", len(rows))
	}
	add(t, s, rows...)
	for _, row := range rows {
		found := find(t, s, Query{LogsQL: stream(sensorID, row.Kind)})
		if len(found) != 1 {
			t.Fatalf("%s: %d rows", row.Kind, len(found))
		}
		r := found[0]
		if r.Time().UnixNano() != row.Time || r.number(FieldEpoch) != row.Epoch || r.number(FieldSequence) != 7 || r.number(FieldIndex) != uint64(row.Index) {
			t.Errorf("%s: identity is %v", row.Kind, r.Fields)
		}
		for name, want := range flattened(t, row.JSON) {
			got := r.Get(name)
			if got == want || redundant(name) && got == "" || sameArray(got, want) {
				continue
			}
			if of, ok := strings.CutSuffix(name, ".name"); ok && got == "" && strings.HasSuffix(r.Get(of+".path"), want) {
				continue
			}
			t.Errorf("%s: %s is %q, want %q", row.Kind, name, got, want)
		}
	}
}

func sameArray(a, b string) bool {
	var x, y []any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func TestRoundTrip(t *testing.T) { testRoundTrip(t, open(t, t.TempDir())) }

func jsonRow(index int, kind, text string) Row {
	return Row{Time: time.Now().UnixNano(), Sensor: sensorID, Epoch: 3, Sequence: 1, Index: uint32(index), Kind: kind, JSON: []byte(text)}
}

// testHostile: whatever bytes come, they are kept as far as they can be, do not become
// something else, and do not hide what comes with them.
func testHostile(t *testing.T, s Store) {
	long := strings.Repeat("x", 1<<20)
	cases := []struct {
		name, json string
		want       map[string]string
	}{
		{"escapes", `{"a":"\u0000\u001b[31m\n\t\"\\\u2028","b":"\ud83d\ude00\ud800z"}`, map[string]string{"a": "\x00\x1b[31m\n\t\"\\\u2028", "b": "😀\uFFFDz"}},
		{"no UTF-8", "{\"a\":\"\xff\xfeok\"}", map[string]string{"a": "\uFFFDok"}},
		{"query in a value", `{"a":"\" | delete vigil.sensor"}`, map[string]string{"a": `" | delete vigil.sensor`, FieldSensor: sensorID}},
		{"names with dots", `{"a.b":{"c.d":1},"e":[1,{"f":"]"}]}`, map[string]string{"a.b.c.d": "1", "e": `[1,{"f":"]"}]`}},
		{"a name twice", `{"a.b":1,"a":{"b":2}}`, map[string]string{FieldFault: "not taken apart: a name comes twice", FieldRaw: `{"a.b":1,"a":{"b":2}}`}},
		{"names of the store", `{"vigil":{"sensor":"other"}}`, map[string]string{FieldSensor: sensorID, FieldFault: `not taken apart: a name is the store's own: "vigil.sensor"`}},
		{"names of the library", `{"_stream":"{}","_time":"0"}`, map[string]string{FieldSensor: sensorID, FieldFault: `not taken apart: a name is the store's own: "_stream"`}},
		{"a long name", `{"` + strings.Repeat("n", 129) + `":1}`, map[string]string{FieldFault: "not taken apart: a name is too long: 129 bytes"}},
		{"long names in all", `{"` + strings.Repeat("n", 100) + `":{"` + strings.Repeat("m", 100) + `":1}}`, map[string]string{FieldFault: "not taken apart: a name is too long: 201 bytes"}},
		{"deep", strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), map[string]string{FieldFault: "not taken apart: it is nested too deeply"}},
		{"a deep array", `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}", map[string]string{FieldFault: "not taken apart: it is nested too deeply"}},
		{"cut", `{"a":"b`, map[string]string{FieldFault: "not taken apart: it ends too early", FieldRaw: `{"a":"b`}},
		{"no object", `[1]`, map[string]string{FieldFault: "not taken apart: it is no object", FieldRaw: `[1]`}},
		{"nothing", ``, map[string]string{FieldFault: "not taken apart: it is no object", FieldKind: "exec"}},
		{"two objects", `{"a":1}{"b":2}`, map[string]string{FieldFault: "not taken apart: something follows the object"}},
		{"a long value", `{"a":"` + long + `","b":"kept"}`, map[string]string{"b": "kept", FieldCut: "a"}},
		{"a long value of escapes", `{"a":"` + strings.Repeat(`\u0001`, 1<<18) + `","b":"kept"}`, map[string]string{"b": "kept", FieldCut: "a"}},
		{"many names", manyNames(), map[string]string{FieldFault: "not taken apart: it has too many names"}},
	}
	var rows []Row
	for i, c := range cases {
		rows = append(rows, jsonRow(i, "exec", c.json))
	}
	add(t, s, rows...)
	for i, c := range cases {
		found := find(t, s, Query{LogsQL: fmt.Sprintf("%s %s:=3 %s:=%d", stream(sensorID), FieldEpoch, FieldIndex, i)})
		if len(found) != 1 {
			t.Errorf("%s: %d rows", c.name, len(found))
			continue
		}
		for name, want := range c.want {
			if got := found[0].Get(name); got != want {
				t.Errorf("%s: %s is %.100q, want %.100q", c.name, name, got, want)
			}
		}
		if n := encoded(found[0].Fields); n > mostBytes {
			t.Errorf("%s: %d bytes", c.name, n)
		}
	}
	if got := find(t, s, Query{LogsQL: FieldCut + ":=a"}); len(got) != 2 || len(got[0].Get("a")) < 30_000 {
		t.Errorf("%d rows with a long value", len(got))
	}
}

func manyNames() string {
	var b strings.Builder
	for i := range flat.MostNames + 1 {
		fmt.Fprintf(&b, `,"n%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func TestHostile(t *testing.T) { testHostile(t, open(t, t.TempDir())) }

// Names of sensors, which are the stream, may be anything: quoting holds.
func TestHostileSensor(t *testing.T) {
	s := open(t, t.TempDir())
	for _, sensor := range []string{`a"} or {x="`, "a\nb", "ä\x00", `\`, "{}", `in("x")`} {
		row := jsonRow(0, KindAlert, `{"a":"1"}`)
		row.Sensor = sensor
		add(t, s, row)
		if got := find(t, s, Query{LogsQL: stream(sensor, KindAlert)}); len(got) != 1 || got[0].Get(FieldSensor) != sensor {
			t.Errorf("sensor %q: found %v", sensor, got)
		}
		if got, err := Has(t.Context(), s, sensor, 3, 1); err != nil || len(got) != 1 {
			t.Errorf("sensor %q: has %v, %v", sensor, got, err)
		}
	}
}

// A row whose clock is wrong is kept, at the time when it came.
func alertRow(t testing.TB, id string, severity decode.Severity, at time.Time, count uint64, did detect.Activity) Row {
	a := detect.Alert{
		ID: id, Incident: id, Host: "web1", First: at, Last: at, Count: count,
		Finding:  detect.Finding{Rule: "vigil-test", Title: "A test: \x1b[31m", Severity: severity, Tactic: "execution", Technique: "T1059", Next: "Look."},
		Process:  detect.Process{ExecID: 5, PID: 4, Path: "/bin/sh", Command: "sh -c id"},
		Evidence: []detect.Evidence{{Event: json.RawMessage(`{"class_uid":1007}`)}},
	}
	text, err := a.AppendJSON(nil, did)
	if err != nil {
		t.Fatal(err)
	}
	return Row{Time: at.UnixNano(), Sensor: sensorID, Epoch: 9, Sequence: uint64(at.UnixNano()), Kind: KindAlert, JSON: text}
}

func testAlerts(t *testing.T, s Store) {
	now := time.Now().Truncate(time.Millisecond)
	closed := alertRow(t, "alert-1", decode.High, now.Add(-time.Minute), 3, detect.Close)
	add(t, s, alertRow(t, "alert-1", decode.High, now.Add(-time.Hour), 1, detect.Create), alertRow(t, "alert-1", decode.High, now.Add(-time.Minute), 3, detect.Update), closed,
		alertRow(t, "alert-2", decode.Low, now, 1, detect.Create), alertRow(t, "alert-3", decode.Medium, now.Add(-2*time.Hour), 1, detect.Create))
	ids := func(q AlertQuery) (text string) {
		got, err := AlertsOf(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range got {
			text += fmt.Sprintf(" %s*%d", a.ID, a.Count)
		}
		return text
	}
	for want, q := range map[string]AlertQuery{
		" alert-2*1 alert-1*3 alert-3*1": {},
		" alert-1*3 alert-3*1":           {Severity: int(decode.Medium)},
		" alert-3*1":                     {Until: now.Add(-90 * time.Minute)},
		" alert-1*3":                     {IDs: []string{"alert-1", "none"}},
		" alert-2*1":                     {Limit: 1},
		"":                               {Sensor: "other"},
	} {
		if got := ids(q); got != want {
			t.Errorf("%+v: got%s, want%s", q, got, want)
		}
	}
	got, err := AlertsOf(t.Context(), s, AlertQuery{IDs: []string{"alert-1"}})
	if err != nil {
		t.Fatal(err)
	}
	a := got[0]
	if string(a.JSON) != string(closed.JSON) || a.Severity != int(decode.High) || a.Rule != "vigil-test" || a.Sensor != sensorID || a.Status != "New" || a.Title != "A test: \x1b[31m" || a.Get("evidences") != `[{"data":{"class_uid":1007}}]` {
		t.Errorf("%+v\n%s", a, closed.JSON)
	}
}

func TestAlerts(t *testing.T) { testAlerts(t, open(t, t.TempDir())) }

// A query ends with its context, and when its time is over.
// Each class is kept for its own time: what is over goes, day by day.
// A second store of a process has its own rows, and the same bounds.
// Many add, flush and ask at the same time; all that was added is there in the end.
