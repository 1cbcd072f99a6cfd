package rule

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"
)

// comparisons is how many to make: VIGIL_COMPARISONS, or as many as the time allows.
func comparisons(t *testing.T) (int, time.Duration) {
	if given := os.Getenv("VIGIL_COMPARISONS"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil {
			t.Fatal(err)
		}
		return n, time.Hour
	}
	return 1_000_000, 4 * time.Second
}

func newReference(t testing.TB, text []byte, expand map[string][]string) *reference {
	t.Helper()
	var rule struct {
		Detection map[string]any `yaml:"detection"`
	}
	if err := yaml.Unmarshal(text, &rule); err != nil {
		t.Fatal(err)
	}
	return &reference{detection: rule.Detection, expand: expand, regexes: map[string]*regexp.Regexp{}}
}

func put(f *Fields, e plainEvent) {
	f.Reset()
	for _, name := range names(e) {
		f.Put(name, e[name]...)
	}
}

// agree matches an event both ways and tells of the first rule they differ on.
func agree(t testing.TB, m *Matcher, f *Fields, e plainEvent, rules []*Rule, references map[*Rule]*reference, text func(*Rule) string) (hits int) {
	put(f, e)
	matched := map[*Rule]int{}
	m.Match(f, func(r *Rule) { matched[r]++ })
	for _, r := range rules {
		want := references[r].matches(e)
		if got := matched[r]; got > 1 || want != (got == 1) {
			t.Fatalf("matched %d times, the reference says %t:\n%s\nevent: %q", got, want, text(r), e)
		}
		if want {
			hits++
		}
	}
	return hits
}

// The engine and the reference agree on generated rules and events.
func TestConformance(t *testing.T) {
	most, within := comparisons(t)
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("VIGIL_SEED"); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("VIGIL_SEED=%d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	expand := map[string][]string{"names": {"ab", "word*"}, "one": {`\`}}
	end, done, hits := time.Now().Add(within), 0, 0
	for done < most && time.Now().Before(end) {
		files, texts := fstest.MapFS{}, map[string]string{}
		for i := range 40 {
			name := fmt.Sprintf("%02d.yml", i)
			texts[name] = g.rule(i)
			files[name] = &fstest.MapFile{Data: []byte(texts[name])}
		}
		rules, problems := (&Loader{Placeholders: expand}).Load(files)
		if len(rules) < 20 { // conditions that ask for what there is not are problems
			t.Fatalf("%d rules of 40 load: %v", len(rules), problems)
		}
		references := map[*Rule]*reference{}
		for _, r := range rules {
			references[r] = newReference(t, []byte(texts[r.File]), expand)
		}
		s := mustCompile(t, rules)
		m, f := s.NewMatcher(), s.NewFields(LogSource{Product: "p", Category: "c"})
		for range 50 {
			hits += agree(t, m, f, g.event(), rules, references, func(r *Rule) string { return texts[r.File] })
			done += len(rules)
		}
	}
	t.Logf("%d comparisons, %d matches", done, hits)
	if hits*100 < done {
		t.Errorf("%d matches of %d: the events do not meet the rules", hits, done)
	}
}

// The engine and the reference agree on SigmaHQ's rules, over events made of what the
// rules look for.
func TestConformanceSigmaHQ(t *testing.T) {
	most, within := comparisons(t)
	for _, folder := range []string{"sigma/linux/process_creation", "sigma/windows/process_creation", "sigma/windows/registry", "sigma/windows/file", "sigma/windows/builtin/security"} {
		dir := shared(t, folder)
		all := loadShared(t, folder)
		source := all[len(all)/2].Source
		rules := slices.DeleteFunc(slices.Clone(all), func(r *Rule) bool { return !r.Source.covers(source) })
		references := map[*Rule]*reference{}
		for _, r := range rules {
			text, err := os.ReadFile(dir + "/" + r.File)
			if err != nil {
				t.Fatal(err)
			}
			references[r] = newReference(t, text, nil)
		}
		s := mustCompile(t, all)
		m, f := s.NewMatcher(), s.NewFields(source)
		g := generator{rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))}
		end, done, hits := time.Now().Add(within/5), 0, 0
		for done < most/5 && time.Now().Before(end) {
			e := g.eventFor(references[rules[g.IntN(len(rules))]].detection)
			hits += agree(t, m, f, e, rules, references, func(r *Rule) string { return r.File })
			done += len(rules)
		}
		t.Logf("%s: %d rules, %d comparisons, %d matches", folder, len(rules), done, hits)
		if hits == 0 {
			t.Errorf("%s: no event meets a rule", folder)
		}
	}
}
