package rule

import (
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"
)

// reference is a second reading of the specification, as plain as possible and without
// any of the engine's code: it evaluates a rule as package yaml gives it.
type reference struct {
	detection map[string]any
	expand    map[string][]string
	regexes   map[string]*regexp.Regexp
}

// plainEvent has the values of fields. A field without values is there, and null.
type plainEvent map[string][]string

func (r *reference) matches(e plainEvent) bool {
	conditions, ok := r.detection["condition"].([]any)
	if !ok {
		conditions = []any{r.detection["condition"]}
	}
	for _, c := range conditions {
		text := strings.ReplaceAll(strings.ReplaceAll(c.(string), "(", " ( "), ")", " ) ")
		words := strings.Fields(text)
		if r.either(&words, e) {
			return true
		}
	}
	return false
}

func (r *reference) either(words *[]string, e plainEvent) bool {
	result := r.both(words, e)
	for len(*words) > 0 && (*words)[0] == "or" {
		*words = (*words)[1:]
		right := r.both(words, e)
		result = result || right
	}
	return result
}

func (r *reference) both(words *[]string, e plainEvent) bool {
	result := r.one(words, e)
	for len(*words) > 0 && (*words)[0] == "and" {
		*words = (*words)[1:]
		right := r.one(words, e)
		result = result && right
	}
	return result
}

func (r *reference) one(words *[]string, e plainEvent) bool {
	word := (*words)[0]
	*words = (*words)[1:]
	switch word {
	case "not":
		return !r.one(words, e)
	case "(":
		result := r.either(words, e)
		*words = (*words)[1:]
		return result
	case "1", "any", "all":
		pattern := (*words)[1]
		*words = (*words)[2:]
		hits, misses := 0, 0
		for name, selection := range r.detection {
			if name == "condition" {
				continue
			}
			in, _ := path.Match(pattern, name)
			if in || pattern == "them" && name[0] != '_' {
				if r.selection(selection, e) {
					hits++
				} else {
					misses++
				}
			}
		}
		return hits > 0 && (word != "all" || misses == 0)
	}
	return r.selection(r.detection[word], e)
}

func (r *reference) selection(s any, e plainEvent) bool {
	switch s := s.(type) {
	case map[string]any:
		for key, value := range s {
			if !r.item(key, value, e) {
				return false
			}
		}
		return true
	case []any:
		for _, part := range s {
			if r.selection(part, e) {
				return true
			}
		}
		return false
	}
	return r.item("", s, e)
}

func (r *reference) item(key string, value any, e plainEvent) bool {
	parts := strings.Split(key, "|")
	field, modifiers := parts[0], parts[1:]
	values, ok := value.([]any)
	if !ok {
		values = []any{value}
	}
	hits := 0
	for _, v := range values {
		if r.value(field, modifiers, v, e) {
			hits++
		}
	}
	result := hits > 0
	if has(modifiers, "all") {
		result = hits == len(values)
	}
	return result != has(modifiers, "neq")
}

func has(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

func (r *reference) value(field string, modifiers []string, v any, e plainEvent) bool {
	actual, present := e[field]
	if field == "" {
		for _, name := range names(e) {
			actual = append(actual, e[name]...)
		}
	}
	if v == nil {
		return len(actual) == 0
	}
	wanted := fmt.Sprint(v)
	if has(modifiers, "exists") {
		return present == (strings.ToLower(wanted) == "true")
	}
	all := []string{wanted}
	if has(modifiers, "expand") {
		all = r.placeholders(wanted)
	}
	for _, w := range all {
		for _, a := range actual {
			if r.holds(modifiers, field, w, a, e) {
				return true
			}
		}
	}
	return false
}

func names(e plainEvent) []string {
	var all []string
	for name := range e {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

// placeholders knows one placeholder a text.
func (r *reference) placeholders(s string) []string {
	for name, values := range r.expand {
		if !strings.Contains(s, "%"+name+"%") {
			continue
		}
		var all []string
		for _, v := range values {
			all = append(all, r.placeholders(strings.Replace(s, "%"+name+"%", v, 1))...)
		}
		return all
	}
	return []string{s}
}

func (r *reference) holds(modifiers []string, field, wanted, actual string, e plainEvent) bool {
	cased := has(modifiers, "cased")
	switch {
	case has(modifiers, "re"):
		return r.regex(modifiers, wanted).MatchString(actual)
	case has(modifiers, "cidr"):
		return plainNetwork(wanted, actual)
	case has(modifiers, "fieldref"):
		for _, other := range e[wanted] {
			if plainRelation(modifiers, lower(actual, cased), lower(other, cased)) {
				return true
			}
		}
		return false
	}
	if order, part := plainComparison(modifiers); order != "" || part != "" {
		return plainCompare(order, part, wanted, actual)
	}
	patterns := [][]string{plainPattern(wanted)}
	for _, m := range modifiers {
		patterns = plainEncoding(m, patterns)
	}
	for _, p := range patterns {
		switch {
		case has(modifiers, "contains") || field == "" && !has(modifiers, "startswith") && !has(modifiers, "endswith"):
			p = append(append([]string{"*"}, p...), "*")
		case has(modifiers, "startswith"):
			p = append(append([]string{}, p...), "*")
		case has(modifiers, "endswith"):
			p = append([]string{"*"}, p...)
		}
		if plainMatch(letters(p, cased), characters(lower(actual, cased))) {
			return true
		}
	}
	return false
}

func (r *reference) regex(modifiers []string, text string) *regexp.Regexp {
	for _, flag := range modifiers {
		if flag == "i" || flag == "m" || flag == "s" {
			text = "(?" + flag + ")" + text
		}
	}
	if r.regexes[text] == nil {
		r.regexes[text] = regexp.MustCompile(text)
	}
	return r.regexes[text]
}
