package sensor

import (
	"fmt"
	"net/netip"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// answer is a response that names an address for a name.
func answer(name string, a netip.Addr) decode.Record {
	kind := decode.DNSTypeAAAA
	if a.Is4() {
		kind = decode.DNSTypeA
	}
	b := []byte{0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}
	b = append(recordtest.AppendName(b, name), 0, byte(kind), 0, 1)
	b = append(recordtest.AppendName(b, name), 0, byte(kind), 0, 1, 0, 0, 0, 60, 0, byte(len(a.AsSlice())))
	return recordtest.DecodedWith(recordtest.Header(), decode.KindDNS, decode.DNS{Answer: 1}, append(b, a.AsSlice()...))
}

// An address is known by the name that was asked for, until many others were answered.
func TestAnswers(t *testing.T) {
	a := newAnswers()
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	a.learn(answer("one.example", one))
	a.learn(answer("two.example", two))
	a.learn(answer("again.example", one))
	if string(a.name(one)) != "again.example" || string(a.name(two)) != "two.example" || a.name(netip.MustParseAddr("192.0.2.2")) != nil {
		t.Errorf("%q %q", a.name(one), a.name(two))
	}
	same := answer("again.example", one)
	if n := testing.AllocsPerRun(100, func() { a.learn(same) }); n != 0 {
		t.Errorf("%v allocations for what is known", n)
	}
	for i := range answersKept {
		a.learn(answer(fmt.Sprintf("n%d.example", i), netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})))
	}
	if a.name(one) != nil || len(a.names) != answersKept || len(a.order) != answersKept {
		t.Errorf("%q; %d names, %d in order", a.name(one), len(a.names), len(a.order))
	}
	for _, bad := range [][]byte{nil, {0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, make([]byte, 12)} {
		a.learn(recordtest.DecodedWith(recordtest.Header(), decode.KindDNS, decode.DNS{Answer: 1}, bad))
	}
}
