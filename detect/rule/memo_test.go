package rule

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// memoRules ask, one each, for every field that the memo has a part for.
func memoRules(t testing.TB) []*Rule {
	var texts []string
	add := func(category, name, value string) {
		texts = append(texts, fmt.Sprintf("title: %[2]s %[1]s %[3]s\nlogsource: {product: linux, category: %[1]s}\ndetection:\n  s: {%[2]s: %[3]q}\n  condition: s\n", category, name, value))
	}
	for name, value := range map[string]string{
		"Image|endswith": "/b", "CommandLine|contains": "-b", "CurrentDirectory": "/b", "User": "b", "ParentImage": "/bin/b", "ParentCommandLine|contains": "-b",
		"Uid": "1", "Euid": "1", "Gid": "1", "LoginUid": "1", "Stdin": "socket", "Stdout": "socket", "Stderr": "socket", "Tty": "b", "Interpreter": "/bin/b",
		"Script": "/x/b", "FirstArgument": "-b", "ImageFlags": "memfd", "ContainerId": "b", "ContainerImage": "b",
	} {
		add("process_creation", name, value)
	}
	for name, value := range map[string]string{
		"Image|endswith": "/b", "CommandLine|contains": "-b", "DestinationIp": "10.0.0.2", "DestinationPort": "2", "DestinationHostname": "b", "Protocol": "udp",
		"User": "b", "ParentImage": "/bin/b", "ContainerId": "b", "Uid": "1",
	} {
		add("network_connection", name, value)
	}
	return mustLoad(t, texts...)
}

// somebody makes records and actors of few values, so that they come again and again,
// nearly all of them of those that no rule asks for.
type somebody struct{ *rand.Rand }

func (s somebody) of(usual, asked string) string {
	if s.IntN(25) == 0 {
		return asked
	}
	return usual
}

func (s somebody) is(asked uint32) uint32 {
	if s.IntN(25) == 0 {
		return asked
	}
	return 0
}

func (s somebody) event() (decode.Record, *decode.Actor) {
	h := decode.Header{Time: s.Uint64(), ExecID: s.Uint64(), PID: s.Uint32(), UID: s.is(1), Count: 1}
	a := &decode.Actor{
		Path: []byte(s.of("/bin/a", "/bin/b")), Arguments: []byte("x\x00" + s.of("-a", "-b") + "\x00"), CWD: []byte("/"), User: s.of("a", "b"),
		Container: decode.Container{ID: s.of("", "b"), Image: s.of("", "b")},
	}
	if s.IntN(4) > 0 {
		a.Parent = &decode.Actor{Path: []byte(s.of("/bin/a", "/bin/b")), Arguments: []byte(s.of("-a", "-b") + "\x00")}
	}
	if s.IntN(2) == 0 {
		kind := decode.KindConnect
		ends := recordtest.Ends("10.0.0.1:1", fmt.Sprintf("%s:%d", s.of("10.0.0.1", "10.0.0.2"), 1+s.is(1)))
		if s.IntN(2) == 0 {
			kind = decode.KindAccept
			ends = recordtest.Ends(fmt.Sprintf("%s:%d", s.of("10.0.0.1", "10.0.0.2"), 1+s.is(1)), "10.0.0.1:1")
		}
		ends.Protocol = uint16(6 + s.is(11))
		return recordtest.DecodedWith(h, kind, decode.Socket{Ends: ends}), a
	}
	x := decode.Exec{
		Start: s.Uint64(), Inode: s.Uint64(), EUID: s.is(1), GID: s.is(1), LoginUID: s.is(1), Flags: s.is(decode.ExecScript),
		Stdio: [3]uint8{uint8(s.is(decode.StdioSocket)), uint8(s.is(decode.StdioSocket)), uint8(s.is(decode.StdioSocket))},
	}
	h.Flags = uint16(s.is(uint32(decode.EventFileMemfd)))
	path := s.of("/bin/a", "/bin/b")
	if s.IntN(50) == 0 {
		path = "" // could not be read: the actor's is taken
	}
	return recordtest.DecodedWith(h, decode.KindExec, x, recordtest.Texts(
		path, "x\x00"+s.of("-a", "-b")+"\x00", s.of("/a", "/b"), s.of("/x/a", "/x/b"), s.of("", "/bin/b"), s.of("", "b"), "x")...), a
}

// Whatever came before, a record matches the rules that it matches alone.
func TestMemo(t *testing.T) {
	set := mustCompile(t, memoRules(t))
	m, plain, e := set.NewMatcher(), set.NewMatcher(), set.NewRecord()
	s := somebody{rand.New(rand.NewPCG(1, 2))}
	name := []byte("a")
	e.Hostname = func(netip.Addr) []byte { return name }
	skipped, matched := 0, 0
	for range 300_000 {
		name = []byte(s.of("a", "b"))
		e.Take(s.event())
		var got, want []string
		m.memo.now.key = 0
		m.MatchRecord(e, func(r *Rule) { got = append(got, r.Title) })
		plain.Match(e, func(r *Rule) { want = append(want, r.Title) })
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%s by %+v: %v, alone %v", e.record.Kind(), e.actor, got, want)
		}
		if m.memo.now.key == 0 {
			skipped++
		}
		matched += min(1, len(want))
	}
	if skipped < 50_000 || matched < 50_000 {
		t.Errorf("%d were not looked at, %d matched: the test proves little", skipped, matched)
	}
	for kind, parts := range m.memo.parts {
		if k := decode.Kind(kind); (parts&varies == 0) != (k == decode.KindExec || k == decode.KindConnect || k == decode.KindAccept) {
			t.Errorf("%s: parts %b", k, parts)
		}
	}
}

// Where a rule asks for what is another one each time, each record is looked at.
func TestMemoIsNotForAll(t *testing.T) {
	for _, selection := range []string{"{ProcessId: 1}", "{LogonId: 1}", "[word]", "{TargetFilename: x}"} {
		set := mustCompile(t, mustLoad(t, "title: x\nlogsource: {product: linux, category: process_creation}\ndetection:\n  s: "+selection+"\n  condition: s\n"))
		if set.newMemo().parts[decode.KindExec]&varies == 0 {
			t.Errorf("%s is remembered", selection)
		}
	}
}

func TestMemoAllocatesNothing(t *testing.T) {
	set := mustCompile(t, memoRules(t))
	m, e := set.NewMatcher(), set.NewRecord()
	s := somebody{rand.New(rand.NewPCG(1, 2))}
	for range 50 {
		r, a := s.event()
		ignore := func(*Rule) {}
		e.Take(r, a)
		m.MatchRecord(e, ignore)
		if n := testing.AllocsPerRun(10, func() { e.Take(r, a); m.MatchRecord(e, ignore) }); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	}
}
