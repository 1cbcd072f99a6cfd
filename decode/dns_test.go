package decode_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// told is a message as lines: section name type class ttl data.
func told(b []byte) (lines []string, m decode.DNSMessage, err error) {
	m, err = decode.ParseDNS(b)
	if err != nil {
		return nil, m, err
	}
	for r := (decode.DNSRecord{}); m.Next(&r); {
		line := fmt.Sprintf("%d %s %s %s", r.Section, r.Name.AppendTo(nil), r.Type, r.Class)
		if r.Section != decode.DNSQuestion {
			line += fmt.Sprintf(" %d %s", r.TTL, r.AppendData(nil))
		}
		lines = append(lines, line)
	}
	return lines, m, m.Err()
}

func TestDNSData(t *testing.T) {
	name := func(s string) string { return string(recordtest.AppendName(nil, s)) }
	for _, c := range []struct {
		kind decode.DNSType
		data string
		want string
	}{
		{decode.DNSTypeA, "\x01\x02\x03\x04", "1.2.3.4"},
		{decode.DNSTypeA, "\x01\x02\x03", `\# 3 010203`},
		{decode.DNSTypeA, "", `\# 0`},
		{decode.DNSTypeAAAA, "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01", "2001:db8::1"},
		{decode.DNSTypeCNAME, name("www.example.org"), "www.example.org"},
		{decode.DNSTypeCNAME, "\xc0\x0c", "a.example"},
		{decode.DNSTypeCNAME, "\x03www\xc0\x0c", "www.a.example"},
		{decode.DNSTypeCNAME, "\xc0\x0cjunk", `\# 6 c00c6a756e6b`},
		{decode.DNSTypeNS, name(""), "."},
		{decode.DNSTypePTR, name("host.example"), "host.example"},
		{decode.DNSTypeMX, "\x00\x0a" + name("mx.example"), "10 mx.example"},
		{decode.DNSTypeSRV, "\x00\x01\x00\x02\x01\xbb" + name("s.example"), "1 2 443 s.example"},
		{decode.DNSTypeTXT, "\x05hello\x00\x04a\"b\\", `"hello" "" "a\"b\\"`},
		{decode.DNSTypeTXT, "\x02\xff\n", `"\255\010"`},
		{decode.DNSTypeTXT, "\x05hell", `\# 5 0568656c6c`},
		{decode.DNSTypeTXT, "", `\# 0`},
		{decode.DNSTypeSOA, name("ns.x") + name("mail.x") + "\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x05", "ns.x mail.x 1 2 3 4 5"},
		{decode.DNSTypeHTTPS, "\x00\x01\x00\x00\x01\x00\x06\x02h2\x02h3\x00\x03\x00\x02\x01\xbb\x00\x04\x00\x08\x01\x02\x03\x04\x05\x06\x07\x08", "1 . alpn=h2,h3 port=443 ipv4hint=1.2.3.4,5.6.7.8"},
		{decode.DNSTypeSVCB, "\x00\x00" + name("other.x"), "0 other.x"},
		{decode.DNSTypeHTTPS, "\x00\x01\x00\x00\x05\x00\x02\xab\xcd\x00\x02\x00\x00", "1 . key5=abcd key2"},
		{decode.DNSTypeHTTPS, "\x00\x01\x00\x00\x03\x00\x03\x01\xbb\x00", `\# 10 00010000030003` + "01bb00"},
		{731, "\xde\xad", `\# 2 dead`},
	} {
		lines, m, err := told(recordtest.Answer("a.example", c.kind, []byte(c.data)))
		if err != nil || m.Cut() || len(lines) != 2 {
			t.Errorf("%s %x: %q, cut %v, %v", c.kind, c.data, lines, m.Cut(), err)
			continue
		}
		if want := fmt.Sprintf("1 a.example %s IN 300 %s", c.kind, c.want); lines[1] != want {
			t.Errorf("%s %x: %s, want %s", c.kind, c.data, lines[1], want)
		}
	}
}

func TestDNSHeader(t *testing.T) {
	m, err := decode.ParseDNS([]byte{0xab, 0xcd, 0x87, 0x83, 0, 1, 0, 2, 0, 3, 0, 4})
	if err != nil || m.ID != 0xabcd || !m.Response() || !m.Truncated() || m.RCode() != 3 || m.Opcode() != 0 || m.Count != [4]uint16{1, 2, 3, 4} {
		t.Errorf("%+v, %v", m, err)
	}
	if m, _ := decode.ParseDNS([]byte{0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0}); m.Opcode() != 5 || m.Response() {
		t.Errorf("opcode %d, response %v", m.Opcode(), m.Response())
	}
}

func TestDNSNames(t *testing.T) {
	label := strings.Repeat("a", 63)
	for wire, want := range map[string]string{
		"\x00":                       ".",
		"\x03a.b\x01c\x00":           `a\.b.c`,
		"\x04\x00\xff \\\x00":        `\000\255\032\\`,
		"\x03WwW\x02Ex\x00":          "WwW.Ex",
		"\x03\xc3\xa9\x1b\x00":       `\195\169\027`,
		"\x01*\x04_tcp\x00":          "*._tcp",
		"\x02\"x\x00":                `\"x`,
		"\x3f" + label + "\x01b\x00": label + ".b",
	} {
		b := append([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, wire+"\x00\x01\x00\x01"...)
		lines, _, err := told(b)
		if err != nil || len(lines) != 1 || lines[0] != "0 "+want+" A IN" {
			t.Errorf("%q: %q, %v, want %s", wire, lines, err, want)
		}
	}
}

// What is no message ends, with an error or as cut, and never in a loop.
func TestDNSHostile(t *testing.T) {
	head := "\x00\x00\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00"
	long := strings.Repeat("\x3f"+strings.Repeat("a", 63), 4) + "\x00"
	for name, c := range map[string]struct {
		b    string
		bad  bool
		cut  bool
		told int
	}{
		"pointer to itself":          {head + "\xc0\x0c\x00\x01\x00\x01", true, false, 0},
		"pointer forward":            {head + "\xc0\x20\x00\x01\x00\x01", true, false, 0},
		"pointer into the header":    {head + "\xc0\x00\x00\x01\x00\x01", true, false, 0},
		"pointer back into its name": {head + "\x01a\xc0\x0c\x00\x01\x00\x01", true, false, 0},
		"label type 01":              {head + "\x41a\x00\x00\x01\x00\x01", true, false, 0},
		"label type 10":              {head + "\x81a\x00\x00\x01\x00\x01", true, false, 0},
		"name of 257 bytes":          {head + long + "\x00\x01\x00\x01", true, false, 0},
		"no question":                {head, false, true, 0},
		"half a label":               {head + "\x05abc", false, true, 0},
		"no end of the name":         {head + "\x03abc", false, true, 0},
		"half a pointer":             {head + "\xc0", false, true, 0},
		"no class":                   {head + "\x00\x00\x01\x00", false, true, 0},
		"whole":                      {head + "\x00\x00\x01\x00\x01", false, false, 1},
		"whole, and more behind it":  {head + "\x00\x00\x01\x00\x01more", false, false, 1},
	} {
		lines, m, err := told([]byte(c.b))
		if (err != nil) != c.bad || m.Cut() != c.cut || len(lines) != c.told {
			t.Errorf("%s: %q, cut %v, %v", name, lines, m.Cut(), err)
		}
		if err != nil && !errors.Is(err, decode.ErrDamaged) {
			t.Errorf("%s: %v is not ErrDamaged", name, err)
		}
	}
	if _, err := decode.ParseDNS(make([]byte, 11)); !errors.Is(err, decode.ErrShort) {
		t.Errorf("11 bytes: %v", err)
	}
}

// A message cut anywhere gives what is whole before the cut.
func TestDNSCutAnywhere(t *testing.T) {
	whole := recordtest.Answer("www.example.com", decode.DNSTypeA, []byte{1, 2, 3, 4})
	question := len(recordtest.Question("www.example.com", decode.DNSTypeA))
	for n := 12; n <= len(whole); n++ {
		lines, m, err := told(whole[:n:n])
		want := 0
		if n >= question {
			want++
		}
		if n == len(whole) {
			want++
		}
		if err != nil || len(lines) != want || m.Cut() != (n < len(whole)) {
			t.Errorf("%d bytes: %q, cut %v, %v", n, lines, m.Cut(), err)
		}
	}
}

func TestDNSMnemonics(t *testing.T) {
	for kind, want := range map[decode.DNSType]string{1: "A", 28: "AAAA", 65: "HTTPS", 257: "CAA", 0: "TYPE0", 731: "TYPE731", 65535: "TYPE65535"} {
		if kind.String() != want {
			t.Errorf("%d: %s, want %s", kind, kind, want)
		}
	}
	for class, want := range map[decode.DNSClass]string{1: "IN", 3: "CH", 255: "ANY", 4096: "CLASS4096"} {
		if class.String() != want {
			t.Errorf("%d: %s, want %s", class, class, want)
		}
	}
	if got := string(decode.DNSName{}.AppendTo([]byte("x "))); got != "x ." {
		t.Errorf("the zero name: %q", got)
	}
}
