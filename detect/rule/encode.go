package rule

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf16"
)

// encode applies one modifier that changes the text of a value.
func encode(modifier string, p pattern, line int) ([]pattern, error) {
	if modifier == "windash" {
		return windash(p, line)
	}
	text, ok := p.plain()
	if !ok && (modifier == "base64" || modifier == "base64offset") {
		return nil, wrong(line, "%s does not go with wildcards", modifier)
	}
	switch modifier {
	case "base64":
		return []pattern{verbatim(base64.StdEncoding.EncodeToString([]byte(text)))}, nil
	case "base64offset":
		var all []pattern
		for offset := range 3 {
			all = append(all, verbatim(base64At(text, offset)))
		}
		return slices.CompactFunc(all, func(a, b pattern) bool { return a.key() == b.key() }), nil
	}
	var out pattern
	if modifier == "utf16" {
		out = out.literal("\xff\xfe")
	}
	for _, t := range p {
		if t.wild != 0 {
			out = out.wildcard(t.wild)
		} else {
			out = out.literal(wide(t.text, modifier == "utf16be"))
		}
	}
	return []pattern{out}, nil
}

func verbatim(s string) pattern { return pattern(nil).literal(s) }

// wide is a text in UTF-16.
func wide(s string, bigEndian bool) string {
	b := make([]byte, 0, 2*len(s))
	for _, u := range utf16.Encode([]rune(s)) {
		if bigEndian {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// base64At is what a text is in Base64 when so many bytes stand before it, modulo 3:
// without the characters that what is around it has a part in.
func base64At(s string, offset int) string {
	out := base64.StdEncoding.EncodeToString(append(make([]byte, offset), s...))
	from := [3]int{0, 2, 3}[offset]
	to := len(out) - [3]int{0, 3, 2}[(len(s)+offset)%3]
	return out[min(from, to):to]
}

// windash gives all texts in which dashes and slashes that begin a word are of other kinds.
func windash(p pattern, line int) ([]pattern, error) {
	all := []pattern{nil}
	grow := func(variants ...string) error {
		var next []pattern
		for _, head := range all {
			for _, v := range variants {
				next = append(next, head.literal(v))
			}
		}
		if all = next; len(all) > maxVariants {
			return wrong(line, "windash makes more than %d texts", maxVariants)
		}
		return nil
	}
	for _, t := range p {
		if t.wild != 0 {
			for i := range all {
				all[i] = all[i].wildcard(t.wild)
			}
			continue
		}
		from := 0
		for i := range len(t.text) {
			if !beginsWord(t.text, i) {
				continue
			}
			if err := grow(t.text[from:i]); err != nil {
				return nil, err
			}
			if err := grow("-", "/", "\u2013", "\u2014", "\u2015"); err != nil {
				return nil, err
			}
			from = i + 1
		}
		if err := grow(t.text[from:]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func beginsWord(s string, i int) bool {
	return (s[i] == '-' || s[i] == '/') && (i == 0 || !isWord(s[i-1])) && i+1 < len(s) && isWord(s[i+1])
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// fill puts the values of placeholders (%name%) in their places.
func fill(v *node, values map[string][]string, limit int) ([]string, error) {
	all := []string{""}
	for rest := v.text; ; {
		before, name, after, found := placeholder(rest)
		choices := []string{""}
		if found {
			if choices = values[name]; len(choices) == 0 {
				return nil, wrong(v.line, "placeholder %%%s%% has no value in the settings", name)
			}
		}
		var next []string
		for _, head := range all {
			for _, c := range choices {
				next = append(next, head+before+c)
			}
		}
		if all = next; len(all) > limit {
			return nil, wrong(v.line, "placeholders make more than %d texts", limit)
		}
		if !found {
			return all, nil
		}
		rest = after
	}
}

// placeholder finds the first %name% of a text.
func placeholder(s string) (before, name, after string, found bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		end := strings.IndexFunc(s[i+1:], func(r rune) bool { return r > 127 || !isWord(byte(r)) && r != '-' && r != '.' })
		if end > 0 && s[i+1+end] == '%' {
			return s[:i], s[i+1 : i+1+end], s[i+end+2:], true
		}
	}
	return s, "", "", false
}
