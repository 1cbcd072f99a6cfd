package behavior

import (
	"testing"
	"time"

	"vigil/decode"
)

func TestMining(t *testing.T) {
	x := who{id: 10, path: "/usr/sbin/httpd"}
	named := who{id: 11, path: "/tmp/xmrig"}
	exits := func(w who, lived, worked time.Duration) *Event {
		return w.by(lived, decode.KindExit, decode.Exit{Start: uint64(time.Hour), UserNS: uint64(worked)})
	}
	const fires = "vigil-mining"
	play(t, func() Machine { return NewMining() }, []scene{
		{"words of the protocol, told once", []*Event{x.exec(0, "httpd\x00-o\x00stratum+tcp://h:1\x00"), x.connects(ms, "203.0.113.9:3333"), x.asks(2*ms, "xmr.nanopool.org")}, []string{fires}},
		{"the name of a pool", []*Event{x.asks(0, "XMR-eu1.NanoPool.org")}, []string{fires}},
		{"a miner's name and a port", []*Event{named.exec(0, "xmrig\x00"), named.connects(ms, "203.0.113.9:14444")}, []string{fires}},
		{"a port, and all the CPU there is", []*Event{x.connects(0, "203.0.113.9:3333"), exits(x, time.Hour, time.Hour)}, []string{fires}},

		{"a port alone", []*Event{x.connects(0, "203.0.113.9:3333"), exits(x, time.Hour, time.Minute)}, nil},
		{"the port of a server here", []*Event{named.exec(0, "xmrig\x00"), named.connects(0, "127.0.0.1:3333")}, nil},
		{"a long calculation", []*Event{exits(x, time.Hour, time.Hour)}, nil},
		{"somebody looks for the words", []*Event{who{id: 12, path: "/usr/bin/grep"}.exec(0, "grep\x00stratum+tcp://\x00")}, nil},
		{"a resolver asks for another", []*Event{who{id: 12, path: "/usr/sbin/unbound"}.asks(0, "xmr.nanopool.org")}, nil},
		{"a name that only begins so", []*Event{x.asks(0, "nanopool.org.example.com"), x.asks(ms, "notnanopool.org")}, nil},
	})
}
