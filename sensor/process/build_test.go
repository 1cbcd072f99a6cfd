package process

import (
	"testing"
	"time"
	"unsafe"

	"vigil/decode"
)

const (
	testSeed = 0x5eed_b007_1d00_cafe
	second   = uint64(time.Second)
)

// build lays a record out as the kernel does.
func build[T any](kind decode.Kind, h decode.Header, body T, texts ...[]byte) decode.Record {
	size := int(unsafe.Sizeof(h) + unsafe.Sizeof(body))
	for _, b := range texts {
		size += len(b)
	}
	h.Kind, h.Length, h.Count = uint16(kind), uint32(size), 1
	if h.TID == 0 {
		h.TID = h.PID
	}
	words := make([]uint64, (size+7)/8)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
	n := copy(raw, unsafe.Slice((*byte)(unsafe.Pointer(&h)), unsafe.Sizeof(h)))
	n += copy(raw[n:], unsafe.Slice((*byte)(unsafe.Pointer(&body)), unsafe.Sizeof(body)))
	for _, b := range texts {
		n += copy(raw[n:], b)
	}
	r, err := decode.Decode(raw)
	if err != nil {
		panic(err)
	}
	return r
}

func forkOf(h decode.Header, child uint64, pid uint32) decode.Record {
	return build(decode.KindFork, h, decode.Fork{ChildExecID: child, ChildPID: pid, PPID: h.PID})
}

func exitOf(h decode.Header, e decode.Exit) decode.Record {
	return build(decode.KindExit, h, e)
}

// words are the texts of an exec.
type words struct{ path, arguments, cwd, filename, tty, comm string }

func describeOf(kind decode.Kind, h decode.Header, e decode.Exec, w words) decode.Record {
	texts := make([][]byte, decode.ExecCommText+1)
	for i, s := range map[int]string{
		decode.ExecPathText: w.path, decode.ExecArgumentsText: w.arguments, decode.ExecCWDText: w.cwd,
		decode.ExecFilenameText: w.filename, decode.ExecTTYText: w.tty, decode.ExecCommText: w.comm,
	} {
		texts[i] = []byte(s)
		e.Len[i] = uint16(len(s))
	}
	return build(kind, h, e, texts...)
}

func execOf(h decode.Header, e decode.Exec, w words) decode.Record {
	return describeOf(decode.KindExec, h, e, w)
}

func seedOf(h decode.Header, e decode.Exec, w words) decode.Record {
	e.Flags |= decode.ExecSeeded
	return describeOf(decode.KindProcess, h, e, w)
}

func renameOf(h decode.Header, comm string) decode.Record {
	e := decode.RenameTask{}
	e.Len[0] = uint16(len(comm))
	return build(decode.KindRenameTask, h, e, []byte(comm))
}

func credentialsOf(h decode.Header, after decode.IDs) decode.Record {
	return build(decode.KindCredentials, h, decode.Credentials{After: after})
}

func newTable(s Settings) *Table {
	if s.BootSeed == 0 {
		s.BootSeed = testSeed
	}
	return New(s)
}

// check holds the table to what must be true of it after any records.
func check(t testing.TB, tab *Table) {
	t.Helper()
	var entries, live, refs, used int
	children := map[*Process]int32{}
	images := map[*Image]int{}
	running := map[*Image]int{}
	tab.each(func(p *Process) {
		entries++
		if tab.Lookup(p.ExecID) != p {
			t.Fatalf("entry %x (pid %d) is not found", p.ExecID, p.PID)
		}
		if p.Image == nil {
			t.Fatalf("entry %x has no image", p.ExecID)
		}
		if p.Running() != (p.state == stateLive) {
			t.Fatalf("entry %x: flags %b in state %d", p.ExecID, p.Flags, p.state)
		}
		if p.state == stateLive {
			live++
			running[p.Image]++
			if tab.LookupPID(p.PID) != p {
				t.Fatalf("live entry %x is not found by pid %d", p.ExecID, p.PID)
			}
		}
		images[p.Image]++
		if q := p.parent; q != nil && q.gen == p.parentGen {
			children[q]++
			if q.ExecID != p.ParentExecID {
				t.Fatalf("entry %x has parent %x, linked %x", p.ExecID, p.ParentExecID, q.ExecID)
			}
		}
	})
	tab.each(func(p *Process) {
		if p.children != children[p] {
			t.Fatalf("entry %x counts %d children of %d", p.ExecID, p.children, children[p])
		}
	})
	for m, n := range images {
		refs += n
		used += cap(m.text)
		if int(m.refs) != n || int(m.live) != running[m] {
			t.Fatalf("image counts %d refs of %d, %d live of %d", m.refs, n, m.live, running[m])
		}
		if want := m.live == 0 && len(m.Arguments()) > 0; m.queued && !want {
			t.Fatalf("image with %d live is queued", m.live)
		}
	}
	free := 0
	for class, stack := range tab.texts.free {
		free += len(stack) * classSize(class)
	}
	s := tab.Stats()
	if entries != tab.ids.used || live != tab.pids.used || live != s.Live || entries-live != s.Dead {
		t.Fatalf("%d entries, %d live; indexes have %d and %d; stats %+v", entries, live, tab.ids.used, tab.pids.used, s)
	}
	if used != s.TextUsed || used+free != s.TextHeld || s.TextHeld > tab.settings.TextBytes {
		t.Fatalf("texts: %d used, %d free, stats %+v", used, free, s)
	}
	if s.Live > tab.settings.MaxLive || s.Dead > tab.settings.MaxDead {
		t.Fatalf("over the bounds: %+v", s)
	}
}

func timeOf(ns uint64) time.Duration { return time.Duration(ns) }
