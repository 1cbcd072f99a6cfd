package rule

import (
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"testing"
	"testing/fstest"
)

// Whatever a file holds, it is loaded or has problems; what is loaded compiles and can
// be matched.
func FuzzLoad(f *testing.F) {
	g := generator{rand.New(rand.NewPCG(7, 7))}
	for i := range 20 {
		f.Add([]byte(g.rule(i)))
	}
	f.Add([]byte("title: F\nlogsource: {product: p}\nfilter:\n  rules: any\n  s: {A: b}\n  condition: not s\n"))
	f.Add([]byte("title: C\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}\n"))
	f.Add([]byte("action: global\ntitle: G\n---\na: &x [*x]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, problems := Load(fstest.MapFS{"x.yml": &fstest.MapFile{Data: text}})
		for _, p := range problems {
			if p.File != "x.yml" || p.Line < 1 || p.Reason == "" {
				t.Errorf("%+v", p)
			}
		}
		s, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		m := s.NewMatcher()
		for _, r := range rules {
			e := s.NewFields(r.Source)
			e.Put("A", "ab", "", "7")
			m.Match(e, func(*Rule) {})
		}
	})
}

// The engine and the reference agree on what a fuzzer makes of rules and values.
func FuzzMatch(f *testing.F) {
	f.Add(uint64(1), "ab", "c:\\win\\cmd.exe")
	f.Add(uint64(2), "é\xff", "")
	f.Fuzz(func(t *testing.T, seed uint64, a, b string) {
		g := generator{rand.New(rand.NewPCG(seed, 3))}
		expand := map[string][]string{"names": {"ab", "word*"}, "one": {`\`}}
		text := g.rule(0)
		rules, _ := (&Loader{Placeholders: expand}).Load(fstest.MapFS{"x.yml": &fstest.MapFile{Data: []byte(text)}})
		if len(rules) == 0 {
			return
		}
		s := mustCompile(t, rules)
		e := g.event()
		e["A"], e["B"] = []string{a, b}, []string{b + a + b}
		agree(t, s.NewMatcher(), s.NewFields(rules[0].Source), e, rules,
			map[*Rule]*reference{rules[0]: newReference(t, []byte(text), expand)}, func(*Rule) string { return text })
	})
}

// A table tells the same as package regexp.
func FuzzRegex(f *testing.F) {
	for _, e := range []string{`ab+c?`, `(?i)k\b.s$`, `^(a|ab)(c|bcd){2,3}?\B`, `(?m)^x$`, `[^é-ü]\W*?`, `\x{212a}|\n$`, `(?s).{3}\z`} {
		f.Add(e, "abc kxs\né\xff—x")
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		if len(expression) > 200 {
			return
		}
		r, err := regexp.Compile(expression)
		if err != nil {
			return
		}
		want := r.MatchString(text)
		if d := newDFA(expression); d != nil && d.match([]byte(text)) != want {
			t.Errorf("%q on %q: the table says %t", expression, text, !want)
		}
		for _, group := range requiredLiterals(expression) {
			found := false
			for _, g := range group {
				found = found || containsFolded([]byte(text), foldText(g))
			}
			if want && !found {
				t.Errorf("%q matches %q, which has none of %q", expression, text, group)
			}
		}
	})
}

// Nothing is allocated for an event, whatever matches.
func TestMatchAllocatesNothing(t *testing.T) {
	for _, c := range []struct {
		folder string
		source LogSource
		events map[string]map[string]string
	}{
		{"sigma/linux/process_creation", linuxProcess, linuxEvents()},
		{"sigma/windows/process_creation", windowsProcess, windowsEvents()},
	} {
		s := mustCompile(t, loadShared(t, c.folder))
		m, hits := s.NewMatcher(), 0
		emit := func(*Rule) { hits++ }
		for name, fields := range c.events {
			e := event(s, c.source, fields)
			if n := testing.AllocsPerRun(100, func() { m.Match(e, emit) }); n != 0 {
				t.Errorf("%s %s: %v allocations", c.folder, name, n)
			}
		}
		if hits == 0 {
			t.Errorf("%s: nothing matches, so matching is not tested", c.folder)
		}
	}
	// Every kind of test, on events of every form.
	g := generator{rand.New(rand.NewPCG(11, 11))}
	files := fstest.MapFS{}
	for i := range 200 {
		files[filepath.Join("r", string(rune('a'+i%26)), string(rune('a'+i/26))+".yml")] = &fstest.MapFile{Data: []byte(g.rule(i))}
	}
	rules, _ := (&Loader{Placeholders: map[string][]string{"names": {"ab"}, "one": {"x"}}}).Load(files)
	s := mustCompile(t, rules)
	m, f := s.NewMatcher(), s.NewFields(LogSource{Product: "p", Category: "c"})
	for range 200 {
		e := g.event()
		put(f, e)
		if n := testing.AllocsPerRun(5, func() { m.Match(f, func(*Rule) {}) }); n != 0 {
			t.Errorf("%v allocations for %q", n, e)
		}
	}
}

// When epochs are used up, nothing of old events is taken for new.
func TestEpochsBeginAgain(t *testing.T) {
	s := mustCompile(t, mustLoad(t, "title: A\nlogsource: {product: p}\ndetection: {a: {A|contains: abcd}, b: {B|contains: [efgh, ijkl, mnop, qrst]}, condition: a and b}\n"))
	m, e := s.NewMatcher(), s.NewFields(LogSource{Product: "p"})
	hits := 0
	for i := range 8 {
		e.Reset()
		if e.Put("A", "abcd"); i%2 == 0 {
			e.Put("B", "efgh")
		}
		if i == 2 {
			m.states[0].epoch = 1<<32 - 4
			m.index.first = 1<<31 - 6
		}
		m.Match(e, func(*Rule) { hits++ })
	}
	if hits != 4 {
		t.Errorf("%d matches, want 4", hits)
	}
}
