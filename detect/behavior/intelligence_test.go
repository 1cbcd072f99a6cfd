package behavior

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

func lists(t testing.TB, text string) *Lists {
	t.Helper()
	l, err := ReadLists(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestIntelligence(t *testing.T) {
	l := lists(t, "# a list\n203.0.113.7 4\n198.51.100.0/24 ; a network\n2001:db8:bad::/48\nevil.example\n*.worse.example.\n")
	x, curl := who{id: 10, path: "/opt/x"}, who{id: 11, path: "/usr/bin/curl"}
	accept := x.by(0, decode.KindAccept, decode.Socket{Ends: recordtest.Ends("10.0.0.5:22", "198.51.100.9:50000")})
	const domain, place, download, guest = "vigil-intelligence-domain", "vigil-intelligence-address", "vigil-intelligence-download", "vigil-intelligence-guest"
	play(t, func() Machine { return NewIntelligence(l) }, []scene{
		{"an address, told once an hour", []*Event{x.connects(0, "203.0.113.7:443"), x.connects(time.Minute, "203.0.113.7:443"), x.connects(2*time.Hour, "203.0.113.7:443")}, []string{place, place}},
		{"in a network", []*Event{x.connects(0, "198.51.100.255:443")}, []string{place}},
		{"of IPv6", []*Event{x.connects(0, "[2001:db8:bad:1::1]:443")}, []string{place}},
		{"a download", []*Event{curl.connects(0, "203.0.113.7:443")}, []string{download}},
		{"somebody comes from there", []*Event{accept}, []string{guest}},
		{"a domain in other letters, and one below it", []*Event{x.asks(0, "Evil.Example"), x.asks(ms, "a.b.evil.example")}, []string{domain, domain}},
		{"a domain of a download", []*Event{curl.asks(0, "c.worse.example")}, []string{download}},

		{"the addresses beside it", []*Event{x.connects(0, "203.0.113.6:443"), x.connects(0, "203.0.113.8:443"), x.connects(0, "198.51.101.0:443"), x.connects(0, "[2001:db8:bae::1]:443")}, nil},
		{"domains that end or begin alike", []*Event{x.asks(0, "notevil.example"), x.asks(ms, "evil.example.org"), x.asks(2*ms, "example")}, nil},
	})
}

func TestLists(t *testing.T) {
	l := lists(t, "10.0.0.0/8\n10.1.0.0/16\n10.255.255.255\n192.0.2.1\n::1\na.example\nb.example\n")
	if networks, domains := l.Len(); networks != 3 || domains != 2 {
		t.Errorf("%d networks, %d domains", networks, domains)
	}
	for a, want := range map[string]bool{
		"9.255.255.255": false, "10.0.0.0": true, "10.200.0.1": true, "10.255.255.255": true, "11.0.0.0": false,
		"192.0.2.1": true, "192.0.2.2": false, "::1": true, "::2": false,
	} {
		if got := l.Address(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
	for _, bad := range []string{"nonsense", "http://a.example/x", "10.0.0.0/99"} {
		if _, err := ReadLists(strings.NewReader("a.example\n" + bad)); err == nil || !strings.Contains(err.Error(), "list 1: line 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
