package behavior

import (
	"hash/maphash"
	"testing"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// named is who is known; what is like it has the same names.
type named struct{ a *decode.Actor }

func (n named) Actor() *decode.Actor { return n.a }

func (n named) Like() uint64 {
	h := maphash.Bytes(names, n.a.Path)
	if n.a.Parent != nil {
		h = h*31 + maphash.Bytes(names, n.a.Parent.Path)
	}
	return h
}

var names = maphash.MakeSeed() // of the tests' names; never changed

// who is a process of a test.
type who struct {
	id, parent uint64
	path       string
	above      string // image of the parent
	aboveArgs  string
}

// by makes an event of a process, so long after boot and an hour.
func (w who) by(after time.Duration, kind decode.Kind, fixed any, texts ...string) *Event {
	h := recordtest.Header()
	h.Time, h.ExecID, h.ParentExecID = uint64(time.Hour+after), w.id, w.parent
	h.PID, h.TID, h.Flags = uint32(w.id), uint32(w.id), 0
	r := recordtest.DecodedWith(h, kind, fixed, recordtest.Texts(texts...)...)
	a := &decode.Actor{Path: []byte(w.path)}
	if w.above != "" {
		a.Parent = &decode.Actor{Path: []byte(w.above), Arguments: []byte(w.aboveArgs), ExecID: w.parent, PID: 500}
	}
	return &Event{Record: r, who: named{a}, tree: w.id}
}

// exec is the process beginning to run its program with these arguments, each
// ended by a zero byte, and standard descriptors.
func (w who) exec(after time.Duration, arguments string, stdio ...uint8) *Event {
	x := decode.Exec{Inode: w.id << 20, Device: 1, Stdio: [3]uint8{decode.StdioTTY, decode.StdioTTY, decode.StdioTTY}}
	copy(x.Stdio[:], stdio)
	return w.execOf(after, x, arguments)
}

func (w who) execOf(after time.Duration, x decode.Exec, arguments string) *Event {
	return w.by(after, decode.KindExec, x, w.path, arguments, "/home/eve", w.path, "", "", "x")
}

func (w who) opens(after time.Duration, path string) *Event {
	return w.by(after, decode.KindFileOpen, decode.FileOpen{Created: 1, OpenFlags: 0o101}, path)
}

func (w who) unlinks(after time.Duration, path string) *Event {
	return w.by(after, decode.KindFileUnlink, decode.FileChange{}, path)
}

func (w who) renames(after time.Duration, from, to string) *Event {
	return w.by(after, decode.KindFileRename, decode.FilePair{}, from, to)
}

func (w who) connects(after time.Duration, to string) *Event {
	return w.by(after, decode.KindConnect, decode.Socket{Ends: recordtest.Ends("10.0.0.5:40000", to)})
}

func (w who) asks(after time.Duration, name string) *Event {
	ends := recordtest.Ends("10.0.0.5:40000", "10.0.0.1:53")
	ends.Protocol, ends.Type = 17, 2
	q := recordtest.Question(name, decode.DNSTypeA)
	return w.by(after, decode.KindDNS, decode.DNS{Ends: ends, Size: uint32(len(q))}, string(q))
}

func (w who) forks(after time.Duration, child uint64) *Event {
	return w.by(after, decode.KindFork, decode.Fork{ChildExecID: child, ChildPID: uint32(child)})
}

// scene is a course of events, and the rules that it raises, in order.
type scene struct {
	name   string
	events []*Event
	want   []string
}

// play gives each scene to a machine of its own.
func play(t *testing.T, make func() Machine, scenes []scene) {
	t.Helper()
	for _, s := range scenes {
		m := make()
		var got []string
		for _, e := range s.events {
			if !m.Kinds().Has(e.Kind()) {
				continue
			}
			if a, ok := m.Judge(e); ok {
				got = append(got, a.Finding.Rule)
			}
		}
		if len(got) != len(s.want) {
			t.Errorf("%s: raised %q, want %q", s.name, got, s.want)
			continue
		}
		for i := range got {
			if got[i] != s.want[i] {
				t.Errorf("%s: raised %q, want %q", s.name, got, s.want)
			}
		}
	}
}

// each makes n events.
func each(n int, make func(i int) *Event) []*Event {
	all := room(n)
	for i := range all {
		all[i] = make(i)
	}
	return all
}

func room(n int) []*Event { return make([]*Event, n) }

func course(all ...[]*Event) []*Event {
	var joined []*Event
	for _, a := range all {
		joined = append(joined, a...)
	}
	return joined
}

func seed() maphash.Seed { return maphash.MakeSeed() }

const ms = time.Millisecond
