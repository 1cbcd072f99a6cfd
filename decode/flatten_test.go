package decode_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// sorted puts fields in the order of their names.
func sorted(fields []decode.Field) []decode.Field {
	slices.SortFunc(fields, func(a, b decode.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// flatten is what a Flattener gives, by way of JSON.
func flatten(t *testing.T, r decode.Record, a *decode.Actor) (fields []decode.Field) {
	t.Helper()
	text := func(b json.RawMessage) (s string) {
		if b[0] != '"' {
			return string(b)
		}
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		return s
	}
	var walk func(prefix string, object json.RawMessage)
	walk = func(prefix string, object json.RawMessage) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(object, &members); err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		for name, v := range members {
			if v[0] == '{' {
				walk(prefix+name+".", v)
				continue
			}
			value := text(v)
			if path := members["path"]; name == "name" && path != nil && strings.HasSuffix(text(path), value) || value == "" {
				continue
			}
			fields = append(fields, decode.Field{Name: prefix + name, Value: value})
		}
	}
	walk("", decode.AppendJSON(nil, r, a))
	return sorted(fields)
}

func keepsAll(string) bool { return false }

// Fields are what the JSON has, of each kind, whoever did it.
func FuzzFlatten(f *testing.F) {
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		if b := recordtest.Sample(k); b != nil {
			f.Add(b, "/usr/bin/curl", "curl\x00a b\x00", "root")
		}
	}
	f.Add(recordtest.Sample(decode.KindFileOpen), "/\xff/", "'\x00\xfe\x00", "\xc0")
	x := decode.NewFlattener(keepsAll)
	f.Fuzz(func(t *testing.T, b []byte, path, arguments, name string) {
		r, err := decode.Decode(aligned(mended(b)))
		if err != nil {
			return
		}
		parent := &decode.Actor{Path: []byte(path), Comm: []byte(name), PID: 1, Start: 5}
		for _, a := range []*decode.Actor{nil, parent, {
			Path: []byte(path), Arguments: []byte(arguments), Comm: []byte(name), CWD: []byte(path), User: name, Parent: parent, Start: 7, PPID: 2,
			BootOffset: 1e18, Hostname: name, Container: decode.Container{ID: name, Image: path, PodName: name},
		}} {
			x.Forget()
			want := flatten(t, r, a)
			for range 2 { // made, and remembered
				if got := sorted(x.Append(nil, r, a)); !slices.Equal(got, want) {
					t.Fatalf("%s:\n got %q\nwant %q", r.Kind(), got, want)
				}
			}
		}
	})
}

func world() *recordtest.World {
	return recordtest.NewWorld(1, "host", time.Unix(1_700_000_000, 0), time.Microsecond)
}

// What is not wanted is not there, and changes nothing else.
func TestFlattenSkips(t *testing.T) {
	skip := func(name string) bool { return len(name)%3 == 0 }
	w, some, whole := world(), decode.NewFlattener(skip), decode.NewFlattener(keepsAll)
	for range 1000 {
		e := w.Next()
		want := slices.DeleteFunc(whole.Append(nil, e.Record, e.Actor), func(f decode.Field) bool { return skip(f.Name) })
		if got := some.Append(nil, e.Record, e.Actor); !slices.Equal(got, want) {
			t.Fatalf(" got %q\nwant %q", got, want)
		}
	}
}

func BenchmarkFlatten(b *testing.B) {
	w := world()
	events := make([]recordtest.Event, 8192)
	for i := range events {
		events[i] = w.Next()
	}
	x := decode.NewFlattener(keepsAll)
	var fields []decode.Field
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e := &events[i%len(events)]
		if i%len(events) == 0 {
			x.Forget()
		}
		fields = x.Append(fields[:0], e.Record, e.Actor)
	}
}
