package behavior

import (
	"fmt"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

func TestAnomalousCase(t *testing.T) {
	sh := who{id: 10, path: "/bin/bash"}
	of := func(command string) []*Event { return []*Event{sh.exec(0, "bash\x00-c\x00"+command+"\x00")} }
	const fires = "vigil-anomalous-case"
	play(t, func() Machine { return NewAnomalousCase() }, []scene{
		{"mixed and folded back", of("$(echo WgEt hTtP://x | tr A-Z a-z)"), []string{fires}},
		{"one word wholly mixed", of("cUrL x"), []string{fires}},
		{"as typed", of("curl https://example.org/Path | tee LOG"), nil},
		{"upper case", of("CURL=1 WGET=2 BASH=3"), nil},
		{"capitals of names in programs", of("getCurl WebSocket importExport SubProcess makeHttpCall"), nil},
		{"one slip", of("wGet x"), nil},
		{"base64", of("echo aGVsbG8gd29ybGQgQ3VybCBXZ2V0IGJBc0ggY1VyTGE= | base64 -d"), nil},
	})
}

func TestScore(t *testing.T) {
	x := who{id: 10, path: "/tmp/.a/x"}
	go1 := who{id: 10, path: "/tmp/go-build1/b001/exe/main"}
	dpkg := who{id: 10, path: "/usr/bin/dpkg"}
	const fires = "vigil-weak-signals"
	crontab := who{id: 10, path: "/usr/bin/crontab"}
	marks := x.by(2*ms, decode.KindFileChmod, decode.FileChange{File: decode.FileIdentity{Mode: 0o100644}, NewMode: 0o755}, "/tmp/.a/y")
	root := who{id: 10, path: "/usr/bin/bash"}
	tool := who{id: 10, path: "/tmp/tmp.1/tool"}
	as := func(path string, after time.Duration, arguments string) *Event {
		return who{id: 10, path: path}.exec(after, arguments)
	}
	setUp := []*Event{
		root.opens(0, "/etc/cron.d/nightly"), root.opens(ms, "/home/deploy/.ssh/authorized_keys"), as("/usr/bin/curl", 2*ms, "curl\x00https://example.org/key\x00"),
		as("/usr/bin/id", 3*ms, "id\x00"), as("/usr/bin/base64", 4*ms, "base64\x00-d\x00"),
		root.by(5*ms, decode.KindFileChmod, decode.FileChange{File: decode.FileIdentity{Mode: 0o100644}, NewMode: 0o755}, "/tmp/tmp.1/tool"),
	}
	asks := who{id: 10, path: "/usr/bin/dash", above: "/usr/bin/perl", aboveArgs: "/usr/bin/perl\x00/usr/sbin/dpkg-preconfigure\x00--apt\x00"}
	config := asks.by(0, decode.KindExec, decode.Exec{Flags: decode.ExecScript}, "/usr/bin/dash", "/bin/sh\x00/tmp/cron.config.Ab12\x00", "/", "/tmp/cron.config.Ab12", "", "", "x")
	play(t, func() Machine { return NewScore() }, []scene{
		{"a server is set up, and the last is a tool in a temporary directory", course(setUp, []*Event{tool.exec(6*ms, "tool\x00")}), nil},
		{"the same after a foreign program has run", course([]*Event{tool.exec(0, "tool\x00")}, setUp), []string{fires}},
		{"a package asks its questions, and a server is set up", course([]*Event{config}, setUp), nil},
		{"what is asked of this machine is no download", course([]*Event{
			tool.exec(0, "tool\x00"), root.opens(ms, "/etc/cron.d/a"), as("/usr/bin/curl", 2*ms, "curl\x00http://127.0.0.1/up\x00"),
			as("/usr/bin/id", 3*ms, "id\x00"), as("/usr/bin/base64", 4*ms, "base64\x00-d\x00"), as("/usr/bin/crontab", 5*ms, "crontab\x00-r\x00"),
		}), nil},
		{"hidden, marked, scheduled, deleted, connected: told once", []*Event{
			x.exec(0, "x\x00"), x.connects(ms, "203.0.113.9:443"), marks, crontab.exec(3*ms, "crontab\x00-\x00"), x.unlinks(4*ms, "/tmp/.a/x"),
		}, []string{fires}},
		{"the same, over a day", []*Event{
			x.exec(0, "x\x00"), x.connects(3*time.Hour, "203.0.113.9:443"), crontab.exec(9*time.Hour, "crontab\x00-\x00"), x.unlinks(12*time.Hour, "/tmp/.a/x"),
		}, nil},
		{"a build that runs what it made", []*Event{go1.exec(0, "main\x00"), go1.connects(ms, "127.0.0.1:80"), marks}, nil},
		{"a package with a timer and a job", []*Event{
			dpkg.opens(0, "/etc/cron.d/a"), dpkg.opens(ms, "/etc/systemd/system/a"), dpkg.opens(2*ms, "/etc/profile.d/a"), dpkg.unlinks(3*ms, "/var/log/x"),
		}, nil},
		{"one sign a hundred times", each(100, func(i int) *Event { return x.connects(time.Duration(i)*ms, "203.0.113.9:443") }), nil},
	})
}

func TestDiscovery(t *testing.T) {
	names := []string{"whoami", "id", "uname", "hostname", "ps", "ss", "w", "df", "lsmod", "ip"}
	run := func(n int, step time.Duration) []*Event {
		return each(n, func(i int) *Event {
			return who{id: 10, path: "/usr/bin/" + names[i%len(names)]}.exec(time.Duration(i)*step, "x\x00")
		})
	}
	play(t, func() Machine { return NewDiscovery() }, []scene{
		{"ten in a second, told once", run(10, 100*ms), []string{"vigil-discovery-burst"}},
		{"seven", run(7, 100*ms), nil},
		{"ten, over ten minutes", run(10, time.Minute), nil},
		{"one again and again, as a script does", each(100, func(i int) *Event { return who{id: 10, path: "/bin/uname"}.exec(time.Duration(i)*ms, "uname\x00") }), nil},
	})
}

func TestBeacon(t *testing.T) {
	x := who{id: 10, path: "/opt/x"}
	every := func(n int, to string, at func(i int) time.Duration) []*Event {
		return each(n, func(i int) *Event { return x.connects(at(i), to) })
	}
	even := func(i int) time.Duration { return time.Duration(i)*time.Minute + time.Duration(i%3)*time.Second }
	const there = "203.0.113.9:443"
	play(t, func() Machine { return NewBeacon(seed()) }, []scene{
		{"each minute, nearly, told once", every(60, there, even), []string{"vigil-beacon"}},
		{"a few times", every(10, there, even), nil},
		{"to a server of one's own", every(60, "10.1.1.1:443", even), nil},
		{"as work comes", every(60, there, func(i int) time.Duration { return time.Duration(i*i%37) * time.Minute }), nil},
		{"ten a second", every(600, there, func(i int) time.Duration { return time.Duration(i) * 100 * ms }), nil},
		{"once a day", every(60, there, func(i int) time.Duration { return time.Duration(i) * 24 * time.Hour }), nil},
	})
}

func TestPortScan(t *testing.T) {
	x := who{id: 10, path: "/usr/bin/x"}
	to := func(n int, step time.Duration, where func(i int) string) []*Event {
		return each(n, func(i int) *Event { return x.connects(time.Duration(i)*step, where(i)) })
	}
	ports := func(i int) string { return fmt.Sprintf("10.1.1.1:%d", i+1) }
	hosts := func(port int) func(i int) string {
		return func(i int) string { return fmt.Sprintf("10.1.%d.%d:%d", i/200, i%200+1, port) }
	}
	play(t, func() Machine { return NewPortScan(seed()) }, []scene{
		{"ports of a host, told once", to(500, ms, ports), []string{"vigil-port-scan"}},
		{"hosts at a port, told once", to(500, ms, hosts(22)), []string{"vigil-port-sweep"}},
		{"a few ports", to(30, ms, ports), nil},
		{"slowly", to(500, 10*time.Second, ports), nil},
		{"a crawler of the web", to(500, ms, hosts(443)), nil},
		{"a server asked very often", to(5000, ms, func(int) string { return "10.1.1.1:5432" }), nil},
	})
}

func TestProbe(t *testing.T) {
	sshd := who{id: 10, path: "/usr/sbin/x"}
	accept := func(i int, from string, port int) *Event {
		ends := recordtest.Ends(fmt.Sprintf("10.0.0.5:%d", port), from)
		return sshd.by(time.Duration(i)*ms, decode.KindAccept, decode.Socket{Ends: ends})
	}
	play(t, func() Machine { return NewProbe(seed()) }, []scene{
		{"many ports of ours", each(10, func(i int) *Event { return accept(i, "10.9.9.9:50000", 80+i) }), []string{"vigil-port-probe"}},
		{"one port very often", each(1000, func(i int) *Event { return accept(i, "10.9.9.9:50000", 443) }), nil},
		{"many clients", each(1000, func(i int) *Event { return accept(i, fmt.Sprintf("10.9.%d.9:5000", i%200), 80+i%5) }), nil},
		{"from here", each(20, func(i int) *Event { return accept(i, "127.0.0.1:50000", 80+i) }), nil},
	})
}
