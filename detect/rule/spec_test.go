package rule

import (
	"strings"
	"testing"
	"testing/fstest"
)

// What each part of the specification means, by one event that matches and one beside it
// that does not. Among them are the defects that other engines have.
func TestSpecification(t *testing.T) {
	for _, c := range []struct {
		name, selection string
		matches, silent string // values of A
	}{
		{"case is ignored", `A: Whoami`, "WHOAMI", "whoami2"},
		{"cased", `A|cased: Whoami`, "Whoami", "whoami"},
		{"plain wildcards", `A: '*\cmd.exe'`, `C:\cmd.exe`, `C:\cmd.exe2`},
		{"a question mark", `A: 'a?c'`, "aéc", "ac"},
		{"an escaped star", `A: 'a\*c'`, "a*c", "abc"},
		{"a backslash before a star", `A: 'C:\\*'`, `C:\x`, `D:\x`},
		{"an empty text", `A: ''`, "", "x"},
		{"contains, all", `A|contains|all: [ab, cd]`, "cdab", "ab"},
		{"startswith", `A|startswith: ab`, "abc", "cab"},
		{"endswith", `A|endswith: ab`, "cab", "abc"},
		{"re", `A|re: '\bx\d+$'`, "a x12", "a X12"},
		{"re, ignoring case", `A|re|i: '^ab'`, "ABc", "cab"},
		{"re over lines", `A|re|m: '^b$'`, "a\nb", "ab"},
		{"re with a dot for all", `A|re|s: 'a.b'`, "a\nb", "ab"},
		{"cidr", `A|cidr: 10.0.0.0/8`, "10.1.2.3", "11.1.2.3"},
		{"cidr of IPv6", `A|cidr: '2001:db8::/32'`, "2001:db8::1", "2001:db9::1"},
		{"base64", `A|base64|contains: 'ping '`, "x cGluZyA=", "ping "},
		{"base64offset", `A|base64offset|contains: /bin/bash`, "eC9iaW4vYmFzaA==", "/bin/bash"},
		{"wide", `A|wide|base64offset|contains: ping`, "cABpAG4AZwA=", "cGluZw=="},
		{"windash", `A|windash|contains: ' -p '`, "x /p y", "x _p y"},
		{"windash with a long dash", `A|windash|contains: ' -p '`, "x ―p y", "x p y"},
		{"exists", `A|exists: true`, "x", "<none>"},
		{"exists not", `A|exists: false`, "<none>", "x"},
		{"null", `A: null`, "<none>", ""},
		{"fieldref", `A|fieldref: B`, "B's", "C's"},
		{"fieldref, startswith", `A|fieldref|startswith: B`, "b's own", "its b's"},
		{"lt", `A|lt: 10`, "9.5", "10"},
		{"gte", `A|gte: 10`, "1e1", "9"},
		{"neq", `A|neq: x`, "y", "X"},
		{"hour", `A|hour|gte: 22`, "2026-11-26T22:10:00Z", "2026-11-26T21:59:59Z"},
		{"week", `A|week: 53`, "2027-01-01", "2027-01-04"},
		{"numbers", `A: 4688`, "4688", "46880"},
		{"a list", `A: [x, 'y*']`, "yz", "xz"},
	} {
		rules := mustLoad(t, "title: T\nlogsource: {product: p}\ndetection:\n  s:\n    "+c.selection+"\n  condition: s\n")
		s := mustCompile(t, rules)
		m, e := s.NewMatcher(), s.NewFields(LogSource{Product: "p", Category: "any", Service: "any"})
		for value, want := range map[string]bool{c.matches: true, c.silent: false} {
			e.Reset()
			e.Put("B", "B's")
			if value != "<none>" {
				e.Put("A", value)
			}
			got := false
			m.Match(e, func(*Rule) { got = true })
			if got != want {
				t.Errorf("%s: %s on %q: %t", c.name, c.selection, value, got)
			}
		}
	}
}

// Keywords search all fields, also those that no rule names.
func TestKeywords(t *testing.T) {
	s := mustCompile(t, mustLoad(t, "title: K\nlogsource: {service: sshd}\ndetection:\n  k: [segfault, 'over*flow']\n  condition: k\n"))
	m, e := s.NewMatcher(), s.NewFields(LogSource{Product: "linux", Service: "sshd"})
	for line, want := range map[string]bool{
		`{"message":"a SEGFAULT at 0"}`: true, `{"a":{"b":["x","stack overrides flow"]}}`: true, `{"message":"fine","n":7}`: false,
	} {
		if err := e.ReadJSON([]byte(line)); err != nil {
			t.Fatal(err)
		}
		got := false
		m.Match(e, func(*Rule) { got = true })
		if got != want {
			t.Errorf("%s: %t", line, got)
		}
	}
}

// A filter narrows the rules it is for, of its log source.
func TestFilter(t *testing.T) {
	const rule = "title: %\nid: %\nlogsource: {product: windows, category: process_creation}\ndetection: {s: {A: x}, condition: s}\n"
	s := mustCompile(t, mustLoad(t, strings.ReplaceAll(rule, "%", "one"), strings.ReplaceAll(rule, "%", "two"),
		"title: F\nlogsource: {product: windows}\nfilter:\n  rules: [one]\n  adm: {User|startswith: adm_}\n  condition: not adm\n"))
	m, e := s.NewMatcher(), s.NewFields(windowsProcess)
	e.Put("A", "x")
	e.Put("User", "adm_x")
	got := ""
	m.Match(e, func(r *Rule) { got += r.ID })
	if got != "two" {
		t.Errorf("matches %q, want two", got)
	}
}

// What cannot be loaded is named with its line, and the rest is loaded.
func TestProblems(t *testing.T) {
	const head = "title: T\nlogsource: {product: p}\ndetection:\n  s:\n"
	for text, want := range map[string]string{
		head + "    A|nonsense: x\n  condition: s\n":       `5: unknown modifier "nonsense"`,
		head + "    A|re: '(?=x)'\n  condition: s\n":       "5: regular expression: invalid or unsupported Perl syntax: `(?=`",
		head + "    A|re|contains: x\n  condition: s\n":    "contradict",
		head + "    A|cidr: 10.0.0/8\n  condition: s\n":    `5: "10.0.0/8" is no network`,
		head + "    A|lt: ten\n  condition: s\n":           `5: "ten" is no number`,
		head + "    A|expand: '%who%'\n  condition: s\n":   "5: placeholder %who% has no value in the settings",
		head + "    A: x\n  condition: s and\n":            "6: the condition ends too early",
		head + "    A: x\n  condition: (s\n":               "6: the condition has no",
		head + "    A: x\n  condition: s | count() > 5\n":  "6: aggregation",
		head + "    A: x\n  condition: 1 of other_*\n":     "6: the condition asks for 1 of",
		head + "    A: []\n  condition: s\n":               "empty list",
		head + "    A: x\n":                                "no condition",
		"title: T\ndetection: {s: {A: x}, condition: s}\n": "logsource names neither",
		"logsource: {product: p}\n":                        "no title",
		"title: T\nlevel: dire\n":                          `2: level "dire"`,
		"title: [\n":                                       "no YAML",
		"title: T\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 1}}\n": `"a", which is no rule here`,
	} {
		good := head + "    A: x\n  condition: s\n"
		rules, problems := Load(fstest.MapFS{"bad.yml": &fstest.MapFile{Data: []byte(text)}, "good.yml": &fstest.MapFile{Data: []byte(good)}})
		if len(rules) != 1 || len(problems) != 1 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%q: %d rules, problems %v, want %s", text, len(rules), problems, want)
		}
	}
}
