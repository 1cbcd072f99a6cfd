package rule

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes rules and events out of the same few pieces, so that they meet.
type generator struct{ *rand.Rand }

func (g generator) pick(all ...string) string { return all[g.IntN(len(all))] }

func (g generator) field() string { return g.pick("A", "B", "C", "Deep.Field", "E") }

func (g generator) piece() string {
	return g.pick("ab", "Ab", "abc", "x", "X", "k", "-e", "/E", "–e", " ", "é", "É", "—", `\`, `c:\win`, `\cmd.exe`, "cmd", ".exe", "://",
		"word", "W0RD", "0", "7", "{", "}", "\n", "ſ", "K", "\"", "a-b", "_")
}

func (g generator) text(most int) string {
	s := ""
	for range 1 + g.IntN(most) {
		s += g.piece()
	}
	return s
}

// sigmaText is a text as a rule has it, with wildcards and escapes.
func (g generator) sigmaText() string {
	s := ""
	for range 1 + g.IntN(3) {
		s += g.piece()
		if g.IntN(4) == 0 {
			s += g.pick("*", "?", `\*`, `\?`, `\\`, `\\*`, "**", "*?")
		}
	}
	if g.IntN(12) == 0 {
		s = g.pick("", "*", "?", "?*", "*"+s, "*"+s+"*", s+"*")
	}
	return s
}

// quoted is a YAML scalar that reads as the text.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// item gives a key with modifiers, and a value that goes with them.
func (g generator) item() (key, value string) {
	field := g.field()
	kind := g.IntN(20)
	text := func() string { return quoted(g.sigmaText()) }
	list := func(one func() string) string {
		if g.IntN(3) > 0 {
			return one()
		}
		all := []string{}
		for range 1 + g.IntN(4) {
			all = append(all, one())
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	some := func(modifiers ...string) string {
		s := ""
		for _, m := range modifiers {
			if g.IntN(4) == 0 {
				s += "|" + m
			}
		}
		return s
	}
	side := func() string { return g.pick("", "|contains", "|startswith", "|endswith", "|contains") }
	switch kind {
	case 0:
		return field + "|re" + some("i", "m", "s") + some("all"), list(func() string { return quoted(g.regex()) })
	case 1:
		return field + "|cidr", list(func() string {
			return g.pick("10.0.0.0/8", "192.168.1.0/30", "::/64", "2001:db8::/32", "10.1.2.3", "0.0.0.0/0")
		})
	case 2:
		return field + g.pick("|lt", "|lte", "|gt", "|gte"), g.pick("7", "10", "-3", "2.5", "1e3")
	case 3:
		return field + "|" + g.pick("minute", "hour", "day", "week", "month", "year") + g.pick("", "|lt", "|lte", "|gt", "|gte"),
			list(func() string { return g.pick("0", "1", "9", "12", "30", "48", "53", "2026") })
	case 4:
		return field + "|exists", g.pick("true", "false")
	case 5:
		return field + "|fieldref" + some("cased") + g.pick("", "|contains", "|startswith", "|endswith") + some("neq"), g.field()
	case 6:
		return field, list(func() string { return g.pick("null", `""`, "7", "10", "2.5", "true") })
	case 7:
		return field + g.pick("|base64offset|contains", "|base64", "|wide|base64offset|contains", "|utf16le|base64", "|utf16|base64|contains", "|utf16be|contains", "|base64|startswith", "|wide"),
			list(func() string { return quoted(g.text(2)) })
	case 8, 9:
		return field + side() + "|windash" + some("all", "cased"), list(text)
	case 10:
		return field + "|expand" + side(), quoted(g.pick("%names%", "x%names%", "%one%cmd"))
	case 11:
		return "|" + g.pick("all", "contains", "re", "startswith", "endswith"), list(func() string { return quoted(g.pick("ab", "word", "cmd", "x", "7")) })
	}
	return field + side() + some("all", "cased", "neq"), list(text)
}

func (g generator) regex() string {
	return g.pick(`ab+c?`, `(?i)AB`, `\bcmd\b`, `\\cmd\.exe$`, `^ab`, `-[eE]\s?`, `.{7,}`, `x.*x`, `[^\\]{3,9}$`, `(word|W0RD){1,2}`, `é`, `(?i)É`,
		`\Bb`, `[0-9]+`, `^$`, `(?m)^x`, `\n`, `k`, `(?i)k`, `(?i)x.s`, `(ab|cd|ef).?x`, `\W\w`, `(a|ab)(c|bcd)`, `[é—]`, `\.`, `(?s)ab.x`, `ab.x`, ``, `x*`, `\x{212a}`)
}

func (g generator) rule(id int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title: Rule %d\nid: r%d\nlogsource: {product: p, category: c}\ndetection:\n", id, id)
	names := []string{"sel_a", "sel_b", "other", "_hidden"}[:1+g.IntN(4)]
	for _, name := range names {
		fmt.Fprintf(&b, "  %s:\n", name)
		switch g.IntN(8) {
		case 0: // keywords
			for range 1 + g.IntN(2) {
				fmt.Fprintf(&b, "    - %s\n", quoted(g.sigmaText()))
			}
		case 1: // a list of maps
			for range 1 + g.IntN(2) {
				key, value := g.item()
				fmt.Fprintf(&b, "    - %s: %s\n", quoted(key), value)
			}
		default:
			used := map[string]bool{}
			for range 1 + g.IntN(3) {
				if key, value := g.item(); !used[key] {
					used[key] = true
					fmt.Fprintf(&b, "    %s: %s\n", quoted(key), value)
				}
			}
		}
	}
	fmt.Fprintf(&b, "  condition: %s\n", g.condition(names, 0))
	return b.String()
}

func (g generator) condition(names []string, depth int) string {
	if depth > 2 {
		return g.pick(names...)
	}
	switch g.IntN(9) {
	case 0:
		return g.condition(names, depth+1) + " and " + g.condition(names, depth+1)
	case 1:
		return g.condition(names, depth+1) + " or " + g.condition(names, depth+1)
	case 2:
		return "not " + g.pick(names...)
	case 3:
		return "(" + g.condition(names, depth+1) + ")"
	case 4:
		return g.pick("1 of sel_*", "all of sel_*", "1 of them", "all of them", "any of s*a")
	case 5:
		return g.condition(names, depth+1) + " and not " + g.pick(names...)
	}
	return g.pick(names...)
}

func (g generator) value() string {
	switch g.IntN(12) {
	case 0:
		return g.pick("10.0.0.1", "192.168.1.2", "::1", "2001:db8::7", "::ffff:10.1.2.3", "10.01.2.3", "1.2.3", "fe80::1%eth0", "300.1.1.1", "12:34")
	case 1:
		return g.pick("7", "10", "-3", "2.5", "+8", ".5", "5.", "1e3", "1e", "0x7", "7 ", "", "inf", "nan", "1e999", "true", "True")
	case 2:
		return g.pick("2026-11-26T09:30:00Z", "2027-01-01 00:12", "2024-12-30", "2026-02-29", "2026-12-31T23:59:59.5+01:00", "2021-01-03T12:00", "1999-09-09T9:09")
	case 3:
		text := strings.Repeat("x", g.IntN(3)) + g.text(2)
		return g.pick(base64.StdEncoding.EncodeToString([]byte(text)), plainWide(text, false), plainWide(text, true),
			base64.StdEncoding.EncodeToString([]byte(plainWide(text, false))))
	case 4:
		return g.text(3) + "\xff\xfe" + g.text(1) + g.pick("\xc3", "\x80", "")
	case 5:
		return strings.Repeat(g.text(2)+" ", 60+g.IntN(80)) + g.text(4) // long enough to be read at several places
	}
	return g.text(5)
}

func (g generator) event() plainEvent {
	e := plainEvent{}
	for _, f := range []string{"A", "B", "C", "Deep.Field", "E", "Unasked"} {
		switch g.IntN(8) {
		case 0:
		case 1:
			e[f] = nil
		case 2:
			e[f] = []string{g.value(), g.value()}
		default:
			e[f] = []string{g.value()}
		}
	}
	return e
}

// eventFor makes an event that has what some selections of a rule look for.
func (g generator) eventFor(detection map[string]any) plainEvent {
	e := plainEvent{}
	for name, selection := range detection {
		if strings.HasPrefix(name, "filter") && g.IntN(3) > 0 || g.IntN(8) == 0 || name == "condition" {
			continue
		}
		g.satisfy(e, selection)
	}
	return e
}

func (g generator) satisfy(e plainEvent, selection any) {
	switch s := selection.(type) {
	case map[string]any:
		for key, value := range s {
			field, modifiers, _ := strings.Cut(key, "|")
			values, ok := value.([]any)
			if !ok {
				values = []any{value}
			}
			if !strings.Contains(modifiers, "all") {
				values = values[g.IntN(len(values)):][:1]
			}
			g.fulfil(e, field, modifiers, values)
		}
	case []any:
		g.satisfy(e, s[g.IntN(len(s))])
	default:
		g.fulfil(e, "Message", "contains", []any{s})
	}
}

func (g generator) fulfil(e plainEvent, field, modifiers string, values []any) {
	if field == "" {
		field = "Message"
	}
	old := ""
	if len(e[field]) > 0 {
		old = e[field][0]
	}
	for _, v := range values {
		if v == nil {
			e[field] = nil
			return
		}
		text := strings.NewReplacer(`\\`, `\`, `\*`, "*", `\?`, "?", "*", g.pick("", "x", ` c:\`), "?", "q").Replace(fmt.Sprint(v))
		switch {
		case strings.Contains(modifiers, "contains") || strings.Contains(modifiers, "re"):
			old += g.pick("", " ") + text + g.pick("", " ")
		case strings.Contains(modifiers, "startswith"):
			old = text + old
		case strings.Contains(modifiers, "endswith"):
			old += text
		default:
			old = text
		}
	}
	if g.IntN(6) == 0 {
		old = strings.ToUpper(old)
	}
	e[field] = []string{old}
}
