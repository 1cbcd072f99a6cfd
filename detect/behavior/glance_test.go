package behavior

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"vigil/decode"
	"vigil/detect"
)

// Whatever came before, a record means to the machines what it would if nobody had glanced
// at one like it.
func TestGlance(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	of := func(all ...string) string { return all[r.IntN(len(all))] }
	known, plain := New(nil), New(nil)
	alerts := map[string]int{}
	alike := 0
	for i := range 60_000 {
		at := time.Duration(i) * 20 * ms
		x := who{
			id: 1 + r.Uint64N(40), parent: 1 + r.Uint64N(40),
			path:  of("/usr/bin/bash", "/usr/bin/curl", "/tmp/x", "/usr/bin/python3", "/usr/bin/nc", "/usr/bin/"+of("id", "whoami", "uname", "hostname", "ip", "ss", "ps", "w", "who"), "/usr/bin/make", "/usr/bin/xmrig", "/usr/bin/grep"),
			above: of("", "/usr/sbin/php-fpm8.2", "/usr/bin/java", "/usr/bin/bash", "/usr/sbin/sshd", "/usr/bin/make"),
		}
		if x.above == "/usr/bin/java" {
			x.aboveArgs = of("java\x00-jar\x00x\x00", "java\x00org.apache.catalina.startup\x00")
		}
		var e *Event
		switch r.IntN(8) {
		case 0:
			e = x.forks(at, 1+r.Uint64N(40))
		case 1:
			e = x.connects(at, of("203.0.113.9:443", "203.0.113.9:3333", "10.0.0.7:22"))
		case 2:
			e = x.opens(at, of("/tmp/x", "/etc/cron.d/x", "/dev/shm/.x", "/var/log/x"))
		case 3:
			e = x.by(at, decode.KindExit, decode.Exit{})
		default:
			stdio := func() uint8 { return uint8(r.IntN(int(decode.StdioNull) + 1)) }
			e = x.execOf(at, decode.Exec{
				PreviousExecID: 1 + r.Uint64N(40), Inode: r.Uint64N(3), Device: 1, Stdio: [3]uint8{stdio(), stdio(), stdio()},
				Flags: uint32(r.IntN(2)) * decode.ExecScript,
			}, fmt.Sprintf("x\x00%s\x00%s\x00", of("-i", "-c", "/tmp/x", "-d", "http://h/", "--donate-level"), of("", "whoami", "wGeT cUrL bAsH", "/dev/tcp/1.2.3.4/5")))
		}
		like := detect.Like(e.Record, e.who)
		if known.seen[like%glances].like == like {
			alike++
		}
		var got, want []string
		known.Judge(e.Record, e.who, like, func(a Alert) { got = append(got, fmt.Sprint(a.Finding.Rule, a.Entity)) })
		plain.Judge(e.Record, e.who, 0, func(a Alert) { want = append(want, fmt.Sprint(a.Finding.Rule, a.Entity)); alerts[a.Finding.Rule]++ })
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("event %d, %s: %v, alone %v", i, e.Kind(), got, want)
		}
	}
	if alike < 20_000 || len(alerts) < 7 {
		t.Errorf("%d records were like one before, alerts %v: the test proves little", alike, alerts)
	}
}

// A glance that passes over a record must not depend on what records that are alike differ in.
func TestGlanceIsOfWhatIsAlike(t *testing.T) {
	s := New(nil)
	texts := [][]string{{"x\x00", "/", "/x", "", "", "x"}, {"xmrig\x00--donate-level\x00wGeT\x00", "/tmp", "/tmp/x", "/bin/sh", "tty1", "y"}}
	for _, path := range []string{"/usr/bin/bash", "/tmp/x", "/usr/bin/curl", "/usr/bin/java", "/usr/bin/ls", "/usr/bin/openssl"} {
		for _, above := range []string{"/usr/sbin/apache2", "/usr/bin/java", "/usr/bin/bash"} {
			for _, m := range s.byKind[decode.KindExec] {
				g, glances := m.(Glancer)
				if !glances {
					continue
				}
				var seen []Glance
				for i, rest := range texts {
					x := who{id: uint64(i), path: path, above: above, aboveArgs: rest[0]}
					seen = append(seen, g.Glance(x.by(0, decode.KindExec, decode.Exec{Inode: uint64(i)}, append([]string{path}, rest...)...)))
				}
				if seen[0] != seen[1] {
					t.Errorf("%T: %s below %s is %v and %v", m, path, above, seen[0], seen[1])
				}
			}
		}
	}
}
