package rule

import (
	"cmp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// requiredLiterals gives groups of texts: of each group one is, but for the case of ASCII
// letters, in whatever a regular expression matches. The best to look for is the first.
func requiredLiterals(expression string) [][]string {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	groups := required(tree)
	slices.SortStableFunc(groups, func(a, b []string) int {
		return cmp.Or(shortest(b)-shortest(a), len(a)-len(b))
	})
	return groups[:min(len(groups), maxGroups)]
}

// maxGuards bounds the texts of one group, maxGroups the groups of a regular expression.
const (
	maxGuards = 16
	maxGroups = 4
)

func required(e *syntax.Regexp) [][]string {
	switch e.Op {
	case syntax.OpLiteral:
		if texts := literalOf(e); len(texts) > 0 {
			return [][]string{texts}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return required(e.Sub[0])
	case syntax.OpRepeat:
		if e.Min > 0 {
			return required(e.Sub[0])
		}
	case syntax.OpConcat:
		return requiredOf(e.Sub)
	case syntax.OpAlternate:
		var all []string
		for _, sub := range e.Sub {
			var best []string
			for _, texts := range required(sub) {
				if len(best) == 0 || shortest(texts) > shortest(best) {
					best = texts
				}
			}
			if len(best) == 0 || len(all)+len(best) > maxGuards {
				return nil
			}
			all = append(all, best...)
		}
		return [][]string{all}
	}
	return nil
}

// requiredOf gives the groups of a concatenation. What stands side by side and can only
// be few texts is put together.
func requiredOf(subs []*syntax.Regexp) [][]string {
	var groups [][]string
	run := []string{""}
	end := func() {
		same := func(g []string) bool { return slices.Equal(g, run) }
		if shortest(run) > 0 && !slices.ContainsFunc(groups, same) {
			groups = append(groups, run)
		}
		run = []string{""}
	}
	for _, sub := range subs {
		texts := few(sub)
		if len(texts)*len(run) > maxGuards || len(texts) == 0 {
			end()
		}
		if len(texts) > 0 {
			run = product(run, texts)
		} else {
			groups = append(groups, required(sub)...)
		}
	}
	end()
	return groups
}

func product(heads, tails []string) []string {
	var all []string
	for _, h := range heads {
		for _, t := range tails {
			all = append(all, h+t)
		}
	}
	return all
}

// few gives all texts that an expression matches, when they are few; none otherwise.
func few(e *syntax.Regexp) []string {
	var all []string
	switch e.Op {
	case syntax.OpLiteral:
		if texts := literalOf(e); len(texts) == 1 && len(texts[0]) == len(string(e.Rune)) {
			return texts
		}
	case syntax.OpCapture:
		return few(e.Sub[0])
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine, syntax.OpEndText, syntax.OpEndLine,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}
	case syntax.OpQuest:
		if all = few(e.Sub[0]); len(all) > 0 && len(all) < maxGuards {
			return append([]string{""}, all...)
		}
		return nil
	case syntax.OpCharClass:
		for i := 0; i+1 < len(e.Rune); i += 2 {
			for r := e.Rune[i]; r <= e.Rune[i+1]; r++ {
				if all = append(all, string(r)); len(all) > maxGuards || r == utf8.RuneError {
					return nil
				}
			}
		}
		return all
	case syntax.OpAlternate:
		for _, sub := range e.Sub {
			texts := few(sub)
			if len(texts) == 0 || len(all)+len(texts) > maxGuards {
				return nil
			}
			all = append(all, texts...)
		}
		return all
	}
	return nil
}

// literalOf gives the longest piece of a literal that is the same bytes in whatever
// matches: ignoring case, k and s are also U+212A and U+017F, and other letters beyond
// ASCII have cases that fold does not know.
func literalOf(e *syntax.Regexp) []string {
	text := string(e.Rune)
	if e.Flags&syntax.FoldCase == 0 {
		if text == "" || strings.ContainsRune(text, '\uFFFD') { // which matches bytes that are no UTF-8
			return nil
		}
		return []string{text}
	}
	longest := ""
	for _, piece := range strings.FieldsFunc(text, func(r rune) bool { return r > 127 || strings.ContainsRune("kKsS", r) }) {
		if len(piece) > len(longest) {
			longest = piece
		}
	}
	if longest == "" {
		return nil
	}
	return []string{longest}
}

func shortest(all []string) int {
	n := len(all[0])
	for _, s := range all {
		n = min(n, len(s))
	}
	return n
}
