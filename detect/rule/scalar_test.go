package rule

import (
	"net/netip"
	"strings"
	"testing"
)

// Addresses are read as package netip reads them, without zones.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		"10.0.0.1", "010.0.0.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7",
		"::ffff:10.0.0.1", "1:2:3:4:5:6:10.0.0.1", "1:2:3:4:5:6:7:10.0.0.1", "1::2::3", ":1", "1:", ":::", "12345::", "::1.2.3", "fe80::1%eth0", "::1:2:3:4:5:6:7:8", "1.2.3.4:", "a.b::",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := netip.ParseAddr(s)
		got, ok := readAddress([]byte(s))
		if ok != (err == nil && !strings.Contains(s, "%")) || ok && got != want.Unmap() {
			t.Errorf("%q is %v, %t; netip says %v, %v", s, got, ok, want, err)
		}
	})
}
