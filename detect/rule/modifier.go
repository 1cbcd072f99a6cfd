package rule

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// item is one key of a selection, its modifiers taken apart.
type item struct {
	field     string
	line      int
	encodings []string // what changes the text, in order
	kind      testKind
	flags     string // of a regular expression
	side      side
	compare   compare
	part      timePart
	all       bool
	cased     bool
	negated   bool
}

// maxVariants bounds the texts that one value may become.
const maxVariants = 4096

func readItem(key string, line int) (*item, error) {
	field, rest, _ := strings.Cut(key, "|")
	it := &item{field: field, line: line}
	if rest == "" {
		if strings.HasSuffix(key, "|") {
			return nil, wrong(line, "%q has an empty modifier", key)
		}
		return it, nil
	}
	for _, m := range strings.Split(rest, "|") {
		if err := it.modify(m); err != nil {
			return nil, err
		}
	}
	return it, it.check(key)
}

func (it *item) modify(m string) error {
	become := func(k testKind) error {
		if it.kind != isText && it.kind != k {
			return wrong(it.line, "modifier %q does not go with those before it", m)
		}
		it.kind = k
		return nil
	}
	switch m {
	case "contains":
		it.side = anywhere
	case "startswith":
		it.side = atStart
	case "endswith":
		it.side = atEnd
	case "all":
		it.all = true
	case "cased":
		it.cased = true
	case "neq":
		it.negated = true
	case "base64", "base64offset", "wide", "utf16le", "utf16be", "utf16", "windash", "expand":
		it.encodings = append(it.encodings, m)
	case "re":
		return become(isRegex)
	case "i", "m", "s", "ignorecase", "multiline", "dotall":
		if it.kind != isRegex {
			return wrong(it.line, "modifier %q is for re only", m)
		}
		flag := map[string]string{"ignorecase": "i", "multiline": "m", "dotall": "s"}[m]
		if flag == "" {
			flag = m
		}
		it.flags += flag
	case "cidr":
		return become(isNetwork)
	case "exists":
		return become(isThere)
	case "fieldref":
		return become(isField)
	case "lt", "lte", "gt", "gte":
		it.compare = map[string]compare{"lt": isLess, "lte": isLessOrEqual, "gt": isGreater, "gte": isGreaterOrEqual}[m]
		if it.kind == isTime {
			return nil
		}
		return become(isNumber)
	default:
		part, ok := timePartNamed(m)
		if !ok {
			return wrong(it.line, "unknown modifier %q", m)
		}
		if it.kind == isNumber {
			it.kind = isTime
		}
		it.part = part
		return become(isTime)
	}
	return nil
}

func (it *item) check(key string) error {
	textual := it.kind == isText || it.kind == isField
	switch {
	case !textual && it.side != wholly,
		it.kind != isText && slices.ContainsFunc(it.encodings, func(e string) bool { return e != "expand" }),
		!textual && it.cased && it.kind != isRegex,
		it.field == "" && it.kind != isText && it.kind != isRegex && it.kind != isNetwork:
		return wrong(it.line, "the modifiers of %q contradict each other", key)
	}
	return nil
}

// expr makes the item's expression of its values.
func (it *item) expr(value *node, expand map[string][]string) (*expr, error) {
	values := []*node{value}
	if value.kind == listNode {
		values = value.list
		if len(values) == 0 {
			return nil, wrong(value.line, "%q has an empty list", it.field)
		}
	}
	var kids []*expr
	for _, v := range values {
		e, err := it.value(v, expand)
		if err != nil {
			return nil, err
		}
		kids = append(kids, e)
	}
	link := opOr
	if it.all {
		link = opAnd
	}
	if e := group(link, kids); !it.negated {
		return e, nil
	} else {
		return not(e), nil
	}
}

// value makes the expression of one value: one test, or several of which one must hold.
func (it *item) value(v *node, expand map[string][]string) (*expr, error) {
	if v.kind == mapNode || v.kind == listNode {
		return nil, wrong(v.line, "%q has a value that is no scalar", it.field)
	}
	if v.kind == nullNode {
		if it.field == "" || it.kind != isText || it.side != wholly || len(it.encodings) > 0 {
			return nil, wrong(v.line, "null does not go with a modifier or a keyword")
		}
		return &expr{test: &test{kind: isNull, field: it.field}}, nil
	}
	texts := []string{v.text}
	if it.kind != isText && slices.Contains(it.encodings, "expand") {
		filled, err := fill(v, expand, maxVariants)
		if err != nil {
			return nil, err
		}
		texts = filled
	}
	var kids []*expr
	for _, text := range texts {
		tests, err := it.tests(&node{kind: v.kind, line: v.line, text: text}, expand)
		if err != nil {
			return nil, err
		}
		for _, t := range tests {
			kids = append(kids, &expr{test: t})
		}
	}
	return group(opOr, kids), nil
}

func (it *item) tests(v *node, expand map[string][]string) ([]*test, error) {
	t := &test{kind: it.kind, field: it.field, cased: it.cased, compare: it.compare, part: it.part, side: it.side}
	var err error
	switch it.kind {
	case isText:
		return it.texts(v, expand)
	case isRegex:
		t.cased = false // a regular expression says itself what it ignores
		flags := ""
		if it.flags != "" {
			flags = "(?" + it.flags + ")"
		}
		if t.regex, err = regexp.Compile(flags + v.text); err != nil {
			return nil, wrong(v.line, "regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
	case isNetwork:
		if t.network, err = readNetwork(v.text); err != nil {
			return nil, wrong(v.line, "%q is no network", v.text)
		}
	case isNumber, isTime:
		if t.number, err = strconv.ParseFloat(v.text, 64); err != nil || t.number != t.number {
			return nil, wrong(v.line, "%q is no number", v.text)
		}
	case isField:
		if t.other = v.text; t.other == "" {
			return nil, wrong(v.line, "fieldref names no field")
		}
	case isThere:
		if t.want, err = strconv.ParseBool(strings.ToLower(v.text)); err != nil {
			return nil, wrong(v.line, "exists is true or false, not %q", v.text)
		}
	}
	return []*test{t}, nil
}

// readNetwork reads a prefix, or an address that stands for itself.
func readNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// texts makes the tests of a text: its encodings may make several of it.
func (it *item) texts(v *node, expand map[string][]string) ([]*test, error) {
	patterns := []pattern{readPattern(v.text)}
	encodings := it.encodings
	if i := slices.Index(encodings, "expand"); i >= 0 {
		filled, err := fill(v, expand, maxVariants)
		if err != nil {
			return nil, err
		}
		patterns = patterns[:0]
		for _, text := range filled {
			patterns = append(patterns, readPattern(text))
		}
		encodings = slices.Delete(slices.Clone(encodings), i, i+1)
	}
	for _, e := range encodings {
		var next []pattern
		for _, p := range patterns {
			made, err := encode(e, p, v.line)
			if err != nil {
				return nil, err
			}
			if next = append(next, made...); len(next) > maxVariants {
				return nil, wrong(v.line, "%q becomes more than %d texts", v.text, maxVariants)
			}
		}
		patterns = next
	}
	var all []*test
	for _, p := range patterns {
		switch {
		case it.side == anywhere || it.side == wholly && it.field == "":
			p = p.contains()
		case it.side == atStart:
			p = p.startsWith()
		case it.side == atEnd:
			p = p.endsWith()
		}
		all = append(all, &test{kind: isText, field: it.field, cased: it.cased, pattern: p})
	}
	return all, nil
}
