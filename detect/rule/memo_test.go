package rule

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
)

// memoRules ask, one each, for every field that records may be alike in, and some others.
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
		"User": "b", "ParentImage": "/bin/b", "ContainerId": "b", "Uid": "1", "Initiated": "false",
	} {
		add("network_connection", name, value)
	}
	// And some that ask for several, of which some are the same for records that are alike.
	for i, condition := range []string{
		"image and words", "image or words", "words and not image", "not image and not words", "1 of them", "all of them", "image and not (words or user)",
		"(image or parent) and (words or parentwords)", "not (parent and words)", "re and not image", "both", "image and re or parent",
	} {
		for _, category := range []string{"process_creation", "network_connection"} {
			texts = append(texts, fmt.Sprintf(`title: several %d %s
logsource: {product: linux, category: %s}
detection:
  image: {Image|endswith: /b}
  parent: {ParentImage|endswith: /b}
  user: {User: b}
  words: {CommandLine|contains: ["-b", "-c"]}
  parentwords: {ParentCommandLine|contains: "-b"}
  re: {CommandLine|re: "x -[bc]$"}
  both: {Image|endswith: /b, CommandLine|contains: " -b", User: b}
  condition: %s
`, i, category, category, condition))
		}
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

func (s somebody) event() (decode.Record, likely) {
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
		return recordtest.DecodedWith(h, kind, decode.Socket{Ends: ends}), likely{a, string(a.Path)}
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
		path, "x\x00"+s.of("-a", "-b")+"\x00", s.of("/a", "/b"), s.of("/x/a", "/x/b"), s.of("", "/bin/b"), s.of("", "b"), "x")...), likely{a, path}
}

// likely is somebody whose names are known.
type likely struct {
	a    *decode.Actor
	path string // of the image that acts
}

func (l likely) Actor() *decode.Actor { return l.a }

func (l likely) Like() uint64 {
	if l.path == "" {
		return 0
	}
	above := ""
	if l.a.Parent != nil {
		above = string(l.a.Parent.Path)
	}
	return maphash.String(likelySeed, strings.Join([]string{l.path, above, l.a.User, l.a.Container.ID, l.a.Container.Image}, "\x00"))
}

var likelySeed = maphash.MakeSeed() // never changed

// Whatever came before, a record matches the rules that it matches alone.
func TestMemo(t *testing.T) {
	set := mustCompile(t, memoRules(t))
	m, plain, e := set.NewMatcher(), set.NewMatcher(), set.NewRecord()
	s := somebody{rand.New(rand.NewPCG(1, 2))}
	name := []byte("a")
	e.Hostname = func(netip.Addr) []byte { return name }
	alike, matched := 0, 0
	for range 300_000 {
		name = []byte(s.of("a", "b"))
		r, who := s.event()
		e.Take(r, who, detect.Like(r, who))
		var got, want []string
		if st := m.states[e.Source().programs[0].number]; st != nil && st.memo != nil && e.like != 0 && st.memo.keys[e.like%uint64(len(st.memo.keys))] == e.like {
			alike++
		}
		m.MatchRecord(e, func(r *Rule) { got = append(got, r.Title) })
		plain.Match(e, func(r *Rule) { want = append(want, r.Title) })
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%s by %+v: %v, alone %v", e.record.Kind(), who, got, want)
		}
		matched += min(1, len(want))
	}
	if alike < 100_000 || matched < 50_000 {
		t.Errorf("%d were like one before, %d matched: the test proves little", alike, matched)
	}
}

// What records that are alike have in common is not looked at again: who did it is not even
// asked.
func TestMemoAsksNobody(t *testing.T) {
	set := mustCompile(t, mustLoad(t, `title: x
logsource: {product: linux, category: process_creation}
detection:
  s: {Image|endswith: /b, CommandLine|contains: "-x", ParentImage|endswith: /sh}
  condition: s
`))
	m, e := set.NewMatcher(), set.NewRecord()
	a := &decode.Actor{Path: []byte("/bin/a"), Parent: &decode.Actor{Path: []byte("/bin/sh")}}
	matches := 0
	for i, c := range []struct {
		path, arguments string
		asks            bool
	}{{"/bin/a", "-x", true}, {"/bin/a", "-x -y", false}, {"/bin/b", "-y", true}, {"/bin/b", "-z", true}, {"/bin/b", "-x", true}} {
		r := recordtest.DecodedWith(decode.Header{}, decode.KindExec, decode.Exec{}, recordtest.Texts(c.path, c.arguments+"\x00", "/", c.path, "", "", "x")...)
		asked := &asking{likely: likely{a, c.path}}
		e.Take(r, asked, detect.Like(r, asked))
		m.MatchRecord(e, func(*Rule) { matches++ })
		if !c.asks && asked.n > 0 {
			t.Errorf("record %d: asked %d times who did it", i, asked.n)
		}
	}
	if matches != 1 {
		t.Errorf("%d matches, want 1", matches)
	}
}

// asking counts how often it is asked.
type asking struct {
	likely
	n int
}

func (a *asking) Actor() *decode.Actor { a.n++; return a.likely.Actor() }

func TestMemoAllocatesNothing(t *testing.T) {
	set := mustCompile(t, memoRules(t))
	m, e := set.NewMatcher(), set.NewRecord()
	s := somebody{rand.New(rand.NewPCG(1, 2))}
	for range 50 {
		r, a := s.event()
		var who detect.Who = a
		ignore := func(*Rule) {}
		like := detect.Like(r, who)
		e.Take(r, who, like)
		m.MatchRecord(e, ignore)
		if n := testing.AllocsPerRun(10, func() { e.Take(r, who, like); m.MatchRecord(e, ignore) }); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	}
}
