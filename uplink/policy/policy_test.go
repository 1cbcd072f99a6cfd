package policy

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	b, err := Parse([]byte(`{
		"settings": {"kinds": [], "watch": ["/etc/"], "judge": false, "intelligence": ["203.0.113.0/24", "bad.example"],
			"suppress": [{"rule": "r", "reason": "ours", "until": "2027-01-31"}]},
		"rules": [{"name": "a.yml", "text": "title: A"}], "protections": {"vigil-x": false}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := b.Settings
	if s.Kinds == nil || len(s.Kinds) != 0 || s.Judge == nil || *s.Judge || len(s.Watch) != 1 || len(s.Intelligence) != 2 || len(b.Rules) != 1 || len(b.Protections) != 1 {
		t.Errorf("%+v", b)
	}
	if day, _ := s.Suppress[0].Until.MarshalText(); string(day) != "2027-01-31" {
		t.Errorf("until %s", day)
	}
	for _, nothing := range []string{`{}`, `{"settings": {}}`, `{"settings": null}`, `{"settings": {"kinds": null}, "rules": null, "protections": null}`} {
		if b, err := Parse([]byte(nothing)); err != nil || b.Settings.Kinds != nil || b.Settings.Judge != nil {
			t.Errorf("%s: %+v, %v", nothing, b, err)
		}
	}
}

// Whatever is wrong, a sentence says where and what.
func TestParseRefuses(t *testing.T) {
	for text, says := range map[string]string{
		``:                                  "EOF",
		`null`:                              "a policy is an object",
		`[]`:                                "does not belong there",
		`{} {}`:                             "more follows",
		`{"rule": []}`:                      `unknown field "rule"`,
		`{"settings": []}`:                  "settings: an object is wanted",
		`{"settings": {"kind": []}}`:        `settings: unknown field "kind"`,
		`{"settings": {"kinds": "exec"}}`:   "settings: kinds: a string does not belong there",
		`{"settings": {"kinds": ["exek"]}}`: `settings: kinds: "exek" is none`,
		`{"settings": {"judge": "no"}}`:     "settings: judge: a string",
		`{"settings": {"watch": ["/"]}}`:    `settings: watch: "/" names no file`,
		`{"settings": {"intelligence": ["a b"]}}`:                                                         `settings: intelligence: "a b" is no address`,
		`{"settings": {"scope": "self"}}`:                                                                 "settings: scope is the host's own to say",
		`{"settings": {"socket": "/x"}}`:                                                                  "settings: socket is the host's own to say",
		`{"settings": {"bulk": "1MiB"}}`:                                                                  "settings: bulk needs a restart of the sensor",
		`{"settings": {"rules": ["/x"]}}`:                                                                 "settings: rules are paths of the host",
		`{"settings": {"suppress": [{"reason": "a", "until": "2027-01-31"}]}}`:                            "suppress: number 1: without a rule or a filter",
		`{"settings": {"suppress": [{"rule": "a", "until": "2027-01-31"}]}}`:                              "no reason",
		`{"settings": {"suppress": [{"rule": "a", "reason": "b"}]}}`:                                      "no end",
		`{"settings": {"suppress": [{"rule": "a", "reason": "b", "until": "soon"}]}}`:                     `until: "soon" is no date`,
		`{"settings": {"suppress": [{"filter": "no such thing", "reason": "b", "until": "2027-01-31"}]}}`: "suppress: number 1: ",
		`{"settings": {"suppress": [{"rules": "a"}]}}`:                                                    `unknown field "rules"`,
		`{"rules": [{"name": "a"}]}`:                                                                      "a rule has a name and a text",
		`{"rules": [{"name": "a", "text": "b"}, {"name": "a", "text": "b"}]}`:                             `two are named "a"`,
		`{"rules": [{"name": "` + strings.Repeat("a", 201) + `", "text": "b"}]}`:                          "at most 200 bytes",
		`{"rules": [{"name": "a", "text": "` + strings.Repeat("b", MaxRule+1) + `"}]}`:                    "more than",
		`{"protections": {"": true}}`:                                                                     "one has no name",
		`{"protections": {"a": 1}}`:                                                                       "protections: a number does not belong there",
	} {
		_, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.80s: %v, want something of %q", text, err, says)
		}
	}
}

// What is read is written as it was, so that a policy may be kept in either form.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"settings": {"kinds": [], "judge": true, "suppress": [{"rule": "r", "reason": "x", "until": "2027-01-31"}]}, "rules": [{"name": "a", "text": "b"}], "protections": {"p": false}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := Parse(text)
		if err != nil {
			return
		}
		written, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("%s is read, %s is not: %v", text, written, err)
		}
		if twice, _ := json.Marshal(again); string(twice) != string(written) {
			t.Fatalf("%s, then %s", written, twice)
		}
	})
}
