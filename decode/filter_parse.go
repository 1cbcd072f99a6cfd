package decode

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ParseFilter reads an expression: see Filter. An error says in one line what is
// wrong, at which column of the expression (1 is the first byte), and what to do.
// The empty expression gives a filter that matches all.
func ParseFilter(expression string) (*Filter, error) {
	p := filterParser{s: expression}
	f := &Filter{}
	for p.space(); p.at < len(p.s); p.space() {
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		f.terms = append(f.terms, t)
	}
	return f, nil
}

type filterParser struct {
	s  string
	at int
}

func (p *filterParser) space() {
	for p.at < len(p.s) && isSpace(p.s[p.at]) {
		p.at++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func filterError(at int, format string, values ...any) error {
	return fmt.Errorf("parse filter: column %d: "+format, append([]any{at + 1}, values...)...)
}

func (p *filterParser) term() (term, error) {
	start := p.at
	n := strings.IndexAny(p.s[start:], "=~! \t\r\n")
	if n < 0 || isSpace(p.s[start+n]) {
		name, _, _ := strings.Cut(p.s[start:], " ")
		return term{}, filterError(start, "%q has no operator: write field=value, with =, !=, ~ or !~", name)
	}
	name := p.s[start : start+n]
	f := slices.Index(fieldNames[:], name)
	if f < 0 {
		return term{}, filterError(start, "no field %q: there are %s", name, strings.Join(fieldNames[:], " "))
	}
	t := term{field: field(f)}
	p.at += n
	if p.s[p.at] == '!' {
		t.not = true
		p.at++
	}
	if p.at == len(p.s) || p.s[p.at] != '=' && p.s[p.at] != '~' {
		return term{}, filterError(p.at, "= or ~ must follow !")
	}
	t.contains = p.s[p.at] == '~'
	if t.contains && !t.field.isText() && t.field != fieldKind {
		return term{}, filterError(p.at, "~ is for text and %s is none: use = or !=", name)
	}
	p.at++
	return t, p.values(&t)
}

func (f field) isText() bool { return f >= fieldUser }

func (p *filterParser) values(t *term) error {
	for first := true; ; first = false {
		start := p.at
		value, err := p.value()
		if err != nil {
			return err
		}
		more := p.at < len(p.s) && p.s[p.at] == ','
		if alone := first && !more && t.field.isText() && !t.contains; value == "" && !alone {
			return filterError(start, "a value of %s is missing", fieldNames[t.field])
		}
		if err := t.add(value, start); err != nil {
			return err
		}
		if !more {
			return nil
		}
		p.at++
	}
}

// value reads one value, quoted or up to a comma or a space.
func (p *filterParser) value() (string, error) {
	start := p.at
	if p.at == len(p.s) || p.s[p.at] != '"' {
		for p.at < len(p.s) && p.s[p.at] != ',' && !isSpace(p.s[p.at]) {
			if p.s[p.at] == '"' {
				return "", filterError(p.at, `a quotation mark inside a value: quote all of the value, with \" for the mark`)
			}
			p.at++
		}
		return p.s[start:p.at], nil
	}
	var b strings.Builder
	for p.at++; p.at < len(p.s); p.at++ {
		switch c := p.s[p.at]; {
		case c == '"':
			p.at++
			if p.at < len(p.s) && p.s[p.at] != ',' && !isSpace(p.s[p.at]) {
				return "", filterError(p.at, "a comma or a space must follow the quotation mark")
			}
			return b.String(), nil
		case c == '\\' && p.at+1 < len(p.s) && (p.s[p.at+1] == '"' || p.s[p.at+1] == '\\'):
			p.at++
			b.WriteByte(p.s[p.at])
		default:
			b.WriteByte(c)
		}
	}
	return "", filterError(start, "the quotation mark is not closed")
}

// add takes one value in the form that the field needs.
func (t *term) add(value string, at int) error {
	switch t.field {
	case fieldKind:
		return t.addKind(value, at)
	case fieldPID, fieldPPID, fieldTID, fieldUID, fieldCPU, fieldPort:
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return filterError(at, "%s=%q: must be a number from 0 to 4294967295", fieldNames[t.field], value)
		}
		t.numbers = append(t.numbers, n)
	case fieldExec:
		n, err := strconv.ParseUint(value, 16, 64)
		if err != nil || len(value) != 16 {
			return filterError(at, "exec=%q: must be 16 hexadecimal digits", value)
		}
		t.numbers = append(t.numbers, n)
	case fieldIP:
		network, err := parseNetwork(value)
		if err != nil {
			return filterError(at, "ip=%q: must be an address or a network such as 10.0.0.0/8", value)
		}
		t.networks = append(t.networks, network)
	case fieldFlag:
		return t.addFlag(value, at)
	case fieldHost:
		if value != "." {
			value = strings.TrimSuffix(value, ".") // as names of messages are written
		}
		t.texts = append(t.texts, []byte(strings.ToLower(value)))
	default:
		t.texts = append(t.texts, []byte(value))
	}
	return nil
}

func (t *term) addKind(value string, at int) error {
	found := false
	for k := KindNone + 1; k < KindCount; k++ {
		if name := k.String(); name == value || t.contains && strings.Contains(name, value) {
			t.kinds[k/64] |= 1 << (k % 64)
			found = true
		}
	}
	if !found {
		return filterError(at, "no kind %q: there are %s", value, strings.Join(kindNames[1:], " "))
	}
	return nil
}

func (t *term) addFlag(value string, at int) error {
	event, exec, memory := slices.Index(eventFlags[:], value), slices.Index(execFlags[:], value), slices.Index(memoryFlags[:], value)
	if event < 0 && exec < 0 && memory < 0 {
		return filterError(at, "no flag %q: there are %s", value,
			strings.Join(slices.Concat(eventFlags[:], execFlags[:], memoryFlags[:]), " "))
	}
	for _, found := range [...]struct {
		bits *uint64
		bit  int
	}{{&t.flags.event, event}, {&t.flags.exec, exec}, {&t.flags.memory, memory}} {
		if found.bit >= 0 {
			*found.bits |= 1 << found.bit
		}
	}
	return nil
}

func parseNetwork(value string) (netip.Prefix, error) {
	if strings.Contains(value, "/") {
		network, err := netip.ParsePrefix(value)
		return network.Masked(), err
	}
	address, err := netip.ParseAddr(value)
	if err != nil {
		return netip.Prefix{}, err
	}
	address = address.Unmap().WithZone("")
	return netip.PrefixFrom(address, address.BitLen()), nil
}
