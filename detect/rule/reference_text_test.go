package rule

import (
	"encoding/base64"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// A pattern of the reference is pieces of text; "*" and "?" alone are wildcards, and a
// piece that means one of them has a zero byte before it.

func plainPattern(s string) []string {
	var all []string
	text := ""
	flush := func() {
		if text != "" {
			all = append(all, "\x00"+text)
		}
		text = ""
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '*' || s[i+1] == '?') {
			i++
			text += s[i : i+1]
		} else if s[i] == '*' || s[i] == '?' {
			flush()
			all = append(all, s[i:i+1])
		} else {
			text += s[i : i+1]
		}
	}
	flush()
	return all
}

func lower(s string, cased bool) string {
	if cased {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return string(b)
}

// characters parts a text into characters, and bytes that are none.
func characters(s string) []string {
	var all []string
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		all = append(all, s[:n])
		s = s[n:]
	}
	return all
}

// letters parts a pattern into wildcards and, after a zero byte, single characters.
func letters(p []string, cased bool) []string {
	var all []string
	for _, piece := range p {
		if piece == "*" || piece == "?" {
			all = append(all, piece)
			continue
		}
		for _, c := range characters(lower(piece[1:], cased)) {
			all = append(all, "\x00"+c)
		}
	}
	return all
}

// plainMatch fills a table: whether the first i of the pattern match the first j of the text.
func plainMatch(p, text []string) bool {
	row := make([]bool, len(text)+1)
	row[0] = true
	for _, letter := range p {
		next := make([]bool, len(text)+1)
		for j := range next {
			switch letter {
			case "*":
				next[j] = row[j] || j > 0 && next[j-1]
			case "?":
				next[j] = j > 0 && row[j-1]
			default:
				next[j] = j > 0 && row[j-1] && text[j-1] == letter[1:]
			}
		}
		row = next
	}
	return row[len(text)]
}

func plainEncoding(modifier string, patterns [][]string) [][]string {
	var all [][]string
	for _, p := range patterns {
		plain := ""
		if len(p) == 1 {
			plain = strings.TrimPrefix(p[0], "\x00")
		}
		switch modifier {
		case "base64":
			all = append(all, []string{"\x00" + base64.StdEncoding.EncodeToString([]byte(plain))})
		case "base64offset":
			starts, ends := []int{0, 2, 3}, []int{0, 3, 2}
			for i := range 3 {
				s := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", i) + plain))
				all = append(all, []string{"\x00" + s[starts[i]:len(s)-ends[(len(plain)+i)%3]]})
			}
		case "wide", "utf16le", "utf16", "utf16be":
			q := []string{}
			if modifier == "utf16" {
				q = append(q, "\x00\xff\xfe")
			}
			for _, piece := range p {
				if piece == "*" || piece == "?" {
					q = append(q, piece)
				} else {
					q = append(q, "\x00"+plainWide(piece[1:], modifier == "utf16be"))
				}
			}
			if modifier == "utf16" && len(q) == 2 { // Base64 wants one piece
				q = []string{q[0] + q[1][1:]}
			}
			all = append(all, q)
		case "windash":
			all = append(all, plainDashes(p)...)
		default:
			all = append(all, p)
		}
	}
	return all
}

func plainWide(s string, big bool) string {
	out := ""
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out += string([]byte{byte(u >> 8), byte(u)})
		} else {
			out += string([]byte{byte(u), byte(u >> 8)})
		}
	}
	return out
}

func plainDashes(p []string) [][]string {
	for i, piece := range p {
		if piece == "*" || piece == "?" {
			continue
		}
		// A dash that was replaced is marked by \x01, so that it is not found again.
		at := regexp.MustCompile(`\B[-/]\b`).FindStringIndex(piece[1:])
		if at == nil {
			continue
		}
		var all [][]string
		for _, dash := range []string{"\x01m", "\x01s", "–", "—", "―"} {
			q := append([]string{}, p...)
			q[i] = piece[:1+at[0]] + dash + piece[1+at[1]:]
			all = append(all, plainDashes(q)...)
		}
		return all
	}
	q := []string{}
	for _, piece := range p {
		q = append(q, strings.NewReplacer("\x01m", "-", "\x01s", "/").Replace(piece))
	}
	return [][]string{q}
}

func plainNetwork(wanted, actual string) bool {
	if !strings.Contains(wanted, "/") {
		return net.ParseIP(wanted).Equal(net.ParseIP(actual))
	}
	_, network, err := net.ParseCIDR(wanted)
	ip := net.ParseIP(actual)
	return err == nil && ip != nil && network.Contains(ip)
}

func plainRelation(modifiers []string, a, b string) bool {
	switch {
	case has(modifiers, "startswith"):
		return strings.HasPrefix(a, b)
	case has(modifiers, "endswith"):
		return strings.HasSuffix(a, b)
	case has(modifiers, "contains"):
		return strings.Contains(a, b)
	}
	return a == b
}

func plainComparison(modifiers []string) (order, part string) {
	for _, m := range modifiers {
		switch m {
		case "lt", "lte", "gt", "gte":
			order = m
		case "minute", "hour", "day", "week", "month", "year":
			part = m
		}
	}
	return order, part
}

func plainCompare(order, part, wanted, actual string) bool {
	w, err := strconv.ParseFloat(wanted, 64)
	if err != nil {
		return false
	}
	var a float64
	if part == "" {
		if !regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$`).MatchString(actual) || len(actual) > 64 {
			return false
		}
		if a, err = strconv.ParseFloat(actual, 64); err != nil {
			return false
		}
	} else {
		t, ok := plainTime(actual)
		if !ok {
			return false
		}
		_, week := t.ISOWeek()
		a = float64(map[string]int{
			"minute": t.Minute(), "hour": t.Hour(), "day": t.Day(), "week": week, "month": int(t.Month()), "year": t.Year(),
		}[part])
	}
	return order == "" && a == w || order == "lt" && a < w || order == "lte" && a <= w || order == "gt" && a > w || order == "gte" && a >= w
}

func plainTime(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if layout == "2006-01-02" && len(s) != 10 {
			continue
		}
		if len(s) >= len(layout) {
			if t, err := time.Parse(layout, s[:len(layout)]); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}
