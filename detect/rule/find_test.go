package rule

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// asciiLower is how Sigma compares.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// Each way of finding literals finds them at every place of every value, and nothing
// else: those that rules hang on, and those that only candidates ask for.
func TestLiteralsAreFound(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 7))
	text := func(alphabet []string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(alphabet[g.IntN(len(alphabet))])
		}
		return b.String()
	}
	alphabets := [][]string{
		strings.Split("abAB", ""), strings.Split("abAB -/0P", ""), strings.Split("ab@`[{é😀ŉ", ""), strings.Split("xyzXYZ_:.,;!", ""),
	}
	ways := []struct {
		modifier string
		holds    func(value, text string) bool
	}{
		{"|contains", strings.Contains},
		{"|startswith", strings.HasPrefix},
		{"|endswith", strings.HasSuffix},
		{"", func(value, text string) bool { return value == text }},
	}
	found := 0
	for round := range 300 {
		alphabet := alphabets[round%len(alphabets)]
		type want struct{ hung, asked func(values []string) bool }
		wants := map[string]want{}
		files := fstest.MapFS{}
		for i := range 12 {
			way := ways[g.IntN(len(ways))]
			one, other := text(alphabet, 1+g.IntN(9)), text(alphabet, 1+g.IntN(9))
			name := fmt.Sprintf("%02d", i)
			is := func(holds func(value, text string) bool, text string) func([]string) bool {
				return func(values []string) bool {
					return slices.ContainsFunc(values, func(v string) bool { return holds(asciiLower(v), asciiLower(text)) })
				}
			}
			wants[name] = want{is(way.holds, one), is(strings.Contains, other)}
			files[name+".yml"] = &fstest.MapFile{Data: fmt.Appendf(nil, `
title: t
id: %s
logsource: {product: p}
detection:
  a: {F%s: %s}
  b: {F|contains: [%s, %s]}
  condition: a and not b
`, quoted(name), way.modifier, quoted(one), quoted(other), quoted(other+"#"))}
		}
		rules, problems := Load(files)
		if len(problems) > 0 {
			t.Fatal(problems[0])
		}
		s := mustCompile(t, rules)
		m, f := s.NewMatcher(), s.NewFields(LogSource{Product: "p"})
		for range 60 {
			values := make([]string, g.IntN(4))
			for i := range values {
				values[i] = text(alphabet, g.IntN(1+g.IntN(40)))
			}
			f.Reset()
			f.Put("F", values...)
			got := map[string]bool{}
			m.Match(f, func(r *Rule) { got[r.ID] = true })
			for name, w := range wants {
				if want := w.hung(values) && !w.asked(values); got[name] != want {
					t.Fatalf("%s: matches %t, want %t:\n%s\n%q", name, got[name], want, files[name+".yml"].Data, values)
				}
			}
			found += len(got)
		}
	}
	if found < 5_000 {
		t.Errorf("only %d matches", found)
	}
}
