package behavior

import (
	"runtime"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
)

// course of a life below sshd, given to all machines.
func TestForest(t *testing.T) {
	f := newForest()
	sshd := who{id: 1, path: "/usr/sbin/sshd"}
	bash := who{id: 12, parent: 1, path: "/usr/bin/bash", above: "/usr/sbin/sshd"}
	sh := who{id: 22, parent: 12, path: "/usr/bin/dash", above: "/usr/bin/bash"}
	stranger := who{id: 90, parent: 89, path: "/usr/bin/x"}
	for _, step := range []struct {
		name string
		e    *Event
		want uint64
	}{
		{"sshd forks: its own tree", sshd.forks(0, 11), 1},
		{"the child becomes a shell: a tree begins with the child", bash.execOf(ms, decode.Exec{PreviousExecID: 11}, "bash\x00"), 11},
		{"the shell forks", bash.forks(2*ms, 21), 11},
		{"which runs another", sh.execOf(3*ms, decode.Exec{PreviousExecID: 21}, "sh\x00"), 11},
		{"which does something", sh.opens(4*ms, "/tmp/x"), 11},
		{"and ends", sh.by(5*ms, decode.KindExit, decode.Exit{}), 11},
		{"a process never seen before begins one", stranger.opens(6*ms, "/tmp/y"), 90},
		{"below a known one it belongs there", who{id: 91, parent: 90, path: "/x"}.opens(7*ms, "/tmp/z"), 90},
		{"each script of a package is another tree", who{id: 42, parent: 40, path: "/bin/sh", above: "/usr/bin/dpkg"}.opens(8*ms, "/x"), 42},
		{"another sign-in is another tree", who{id: 32, parent: 1, path: "/bin/bash", above: "/usr/sbin/sshd"}.opens(8*ms, "/x"), 32},
	} {
		step.e.forest, step.e.tree = &f, 0
		f.plant(step.e)
		if got := step.e.Tree(); got != step.want {
			t.Errorf("%s: tree %d, want %d", step.name, got, step.want)
		}
	}
}

// samples are a record of each kind.
func samples(t testing.TB) []decode.Record {
	var all []decode.Record
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		r, err := decode.Decode(recordtest.Sample(k))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// What servers do by themselves, one record of each kind, raises nothing but what
// the samples show on purpose.
func TestSetSilent(t *testing.T) {
	s := New(lists(t, "203.0.113.0/24\n"))
	for _, r := range samples(t) {
		s.Judge(r, nil, 0, func(a Alert) {
			if r.Kind() != decode.KindCredentials { // the sample shows a rise
				t.Errorf("%s raises %s", r.Kind(), a.Finding.Rule)
			}
		})
	}
}

func TestSetRaises(t *testing.T) {
	s := New(nil)
	x := who{id: 10, parent: 9, path: "/tmp/xmrig"}
	e := x.exec(time.Second, "xmrig\x00-o\x00stratum+tcp://h:1\x00")
	var got []Alert
	s.Judge(e.Record, e.who, 0, func(a Alert) { got = append(got, a) })
	if len(got) != 1 || got[0].Finding.Rule != "vigil-mining" || got[0].Entity.Kind != Process || got[0].Entity.ExecID != 10 {
		t.Errorf("%+v", got)
	}
	in := SignIn{Time: uint64(time.Hour)}
	raised := 0
	for range bruteMany {
		if _, ok := s.SignIn(&in); ok {
			raised++
		}
	}
	if raised != 1 {
		t.Errorf("%d alerts of ten failures", raised)
	}
}

// Each finding says all that an alert needs, once.
func TestFindings(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range New(lists(t, "a.example")).Findings() {
		if f.Rule == "" || seen[f.Rule] || f.Title == "" || f.Technique == "" || len(f.Next) < 40 || f.Severity == 0 {
			t.Errorf("%+v", f)
		}
		seen[f.Rule] = true
	}
	if len(seen) < 18 {
		t.Errorf("%d findings", len(seen))
	}
}

func TestNoAllocations(t *testing.T) {
	s, all := New(lists(t, "203.0.113.0/24\na.example\n")), samples(t)
	w := named{&decode.Actor{Path: []byte("/usr/bin/x"), Parent: &decode.Actor{Path: []byte("/usr/sbin/php-fpm")}}}
	found := func(Alert) {}
	for _, r := range all {
		if n := testing.AllocsPerRun(200, func() { s.Judge(r, w, detect.Like(r, w), found) }); n != 0 {
			t.Errorf("%s: %v allocations", r.Kind(), n)
		}
	}
}

// The machines' memory is bounded from the start: a flood of processes, files and
// addresses takes no more.
func TestMemory(t *testing.T) {
	before := heap()
	s := New(nil)
	empty := heap() - before
	found := func(Alert) {}
	for i := range uint64(200_000) {
		x := who{id: i + 1, parent: i, path: "/tmp/x"}
		var e *Event
		switch i % 4 {
		case 0:
			e = x.exec(time.Duration(i)*ms, "curl\x00")
		case 1:
			e = x.opens(time.Duration(i)*ms, "/tmp/"+string(rune('a'+i%26))+".wxyz")
		case 2:
			e = x.connects(time.Duration(i)*ms, "203.0.113.9:443")
		default:
			e = x.forks(time.Duration(i)*ms, i+2)
		}
		s.Judge(e.Record, e.who, 0, found)
	}
	full := heap() - before
	runtime.KeepAlive(s)
	t.Logf("%d KiB", full>>10)
	if full > 8<<20 || full > empty+512<<10 {
		t.Errorf("%d KiB after the start, %d KiB after a flood", empty>>10, full>>10)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkSet(b *testing.B) {
	s := New(lists(b, "203.0.113.0/24\na.example\n"))
	w := named{&decode.Actor{Path: []byte("/usr/bin/x"), Parent: &decode.Actor{Path: []byte("/usr/bin/bash")}}}
	found := func(Alert) {}
	for _, r := range samples(b) {
		switch r.Kind() {
		case decode.KindExec, decode.KindFork, decode.KindFileOpen, decode.KindFileWrite, decode.KindFileRename, decode.KindConnect, decode.KindDNS, decode.KindMmap:
			b.Run(r.Kind().String(), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.Judge(r, w, detect.Like(r, w), found)
				}
			})
		}
	}
}
