package behavior

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// Lists are addresses, networks and domains that threat intelligence names. They
// do not change once made, and may be shared.
type Lists struct {
	ranges  []span // sorted, apart from each other
	domains map[string]struct{}
}

type span struct{ from, to netip.Addr }

// ReadLists reads lists of one address, network (CIDR) or domain a line; # and ;
// begin a comment, and what follows the first word of a line is passed over.
func ReadLists(all ...io.Reader) (*Lists, error) {
	l := &Lists{domains: map[string]struct{}{}}
	for i, r := range all {
		if err := l.read(r); err != nil {
			name := fmt.Sprintf("list %d", i+1)
			if f, ok := r.(interface{ Name() string }); ok {
				name = f.Name()
			}
			return nil, fmt.Errorf("read threat intelligence: %s: %w", name, err)
		}
	}
	l.ranges = join(l.ranges)
	return l, nil
}

func (l *Lists) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		line, _, _ = strings.Cut(line, ";")
		words := strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' || c == '\r' })
		if len(words) == 0 {
			continue
		}
		if err := l.add(words[0]); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

func (l *Lists) add(word string) error {
	if a, err := netip.ParseAddr(word); err == nil {
		a = a.Unmap().WithZone("")
		l.ranges = append(l.ranges, span{a, a})
		return nil
	}
	if p, err := netip.ParsePrefix(word); err == nil {
		l.ranges = append(l.ranges, span{p.Masked().Addr(), last(p.Masked())})
		return nil
	}
	name := strings.TrimSuffix(strings.ToLower(strings.TrimPrefix(word, "*.")), ".")
	if !strings.Contains(name, ".") || len(name) > 253 || strings.ContainsAny(name, "/:@?\"\\") {
		return fmt.Errorf("%q is no address, network or domain", word)
	}
	l.domains[name] = struct{}{}
	return nil
}

// last is the highest address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// join sorts spans and makes one of those that overlap.
func join(all []span) []span {
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	var joined []span
	for _, s := range all {
		if n := len(joined); n > 0 && s.from.Compare(joined[n-1].to) <= 0 {
			if joined[n-1].to.Less(s.to) {
				joined[n-1].to = s.to
			}
			continue
		}
		joined = append(joined, s)
	}
	return slices.Clip(joined)
}

// Address tells whether an address is listed.
func (l *Lists) Address(a netip.Addr) bool {
	i, found := slices.BinarySearchFunc(l.ranges, a, func(s span, a netip.Addr) int { return s.from.Compare(a) })
	return found || i > 0 && a.Compare(l.ranges[i-1].to) <= 0
}

// Domain tells whether a name in lower case, or a domain that it lies in, is listed.
func (l *Lists) Domain(name []byte) bool {
	for {
		if _, listed := l.domains[string(name)]; listed {
			return true
		}
		i := slices.Index(name, '.')
		if i < 0 {
			return false
		}
		name = name[i+1:]
	}
}

// Len is how many networks, apart from each other, and domains are listed.
func (l *Lists) Len() (networks, domains int) {
	return len(l.ranges), len(l.domains)
}
