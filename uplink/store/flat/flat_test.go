package flat_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"vigil/uplink/store/flat"
)

// FuzzObject: what encoding/json reads becomes the same fields, what it does not read is
// an error, or is damaged within an array, which is not looked into.
func FuzzObject(f *testing.F) {
	for _, s := range []string{
		`{"a":{"b":[1,{"c":"]\""}],"d":null,"e":""},"f":true,"g":-1.5e3}`, `{"a":"\ud83d\ude00\ud800\u0041\/\b"}`, `{"a":1,}`, `{"a":tru}`, `{"a":[}`,
		`{"a.b":1,"a":{"b":2}}`, `{"":1}`, ` { "a" : 1 } `, `{"file":{"name":"x","path":"/a/x"}}`, `{"a":1}{`, "{\"a\":\"\x01\"}", `{}`, `{"a":{}}`,
	} {
		f.Add([]byte(s))
	}
	strict := func(name string) (bool, error) { return strings.HasPrefix(name, "skip"), nil }
	f.Fuzz(func(t *testing.T, b []byte) {
		if !utf8.Valid(b) {
			return // the caller's part
		}
		for _, x := range []*flat.Flattener{flat.New(nil), flat.New(strict)} {
			for range 2 { // what is remembered of the first changes nothing
				x.Fields = x.Fields[:0]
				err := x.Object(b)
				if err == nil && !json.Valid(b) && !strings.Contains(string(b), "[") {
					t.Fatalf("%q is taken", b)
				}
				if err != nil {
					continue
				}
				seen := map[string]bool{}
				for _, field := range x.Fields {
					if seen[field.Name] || field.Value == "" || !utf8.ValidString(field.Value) {
						t.Fatalf("%q: %v", b, x.Fields)
					}
					seen[field.Name] = true
				}
				if json.Valid(b) {
					compare(t, b, x.Fields)
				}
			}
		}
	})
}

// compare looks up each field in what encoding/json reads.
func compare(t *testing.T, b []byte, fields []flat.Field) {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var o map[string]any
	if err := d.Decode(&o); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	var walk func(prefix string, o map[string]any)
	walk = func(prefix string, o map[string]any) {
		for k, v := range o {
			switch v := v.(type) {
			case map[string]any:
				inner := prefix + k
				if inner != "" {
					inner += "."
				}
				walk(inner, v)
			case []any, nil:
			default:
				want[prefix+k] = fmt.Sprint(v)
			}
		}
	}
	walk("", o)
	for _, field := range fields {
		if w, ok := want[field.Name]; ok && w != field.Value && !strings.ContainsRune(w, utf8.RuneError) {
			t.Fatalf("%q: %s is %q, want %q", b, field.Name, field.Value, w)
		}
	}
}
