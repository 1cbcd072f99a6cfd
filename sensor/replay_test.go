package sensor

import (
	"bytes"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
)

func record(execID, parent uint64, pid uint32, time uint64, kind decode.Kind, fixed any, texts ...string) decode.Record {
	h := decode.Header{Time: time, ExecID: execID, ParentExecID: parent, PID: pid, TID: pid, Count: 1}
	return recordtest.DecodedWith(h, kind, fixed, recordtest.Texts(texts...)...)
}

// actors is a sink that remembers the event of the moment.
type actors struct {
	last   *Event
	alerts int
}

func (a *actors) Take(e *Event)                                { a.last = e }
func (a *actors) Alert(*detect.Alert, detect.Activity, *Event) { a.alerts++ }
func (a *actors) Flush()                                       {}

// A replayed event knows its host, its process and the one that made it, as the
// event did when it was recorded.
func TestReplayKnowsProcesses(t *testing.T) {
	to := &actors{}
	p := NewReplay(decode.Meta{Host: "web1", BootOffset: 5e9, BootSeed: 7}, ownRules(t), to)
	sh := decode.Exec{PPID: 1, Start: 10e9}
	for _, r := range []decode.Record{
		record(0xa, 1, 10, 10e9, decode.KindExec, sh, "/bin/sh", "sh\x00-c\x00x\x00", "/srv", "", "", "", "sh"),
		record(0xa, 1, 10, 11e9, decode.KindFork, decode.Fork{ChildExecID: 0xb, ChildPID: 11}),
		record(0xc, 0xa, 11, 12e9, decode.KindExec, decode.Exec{PPID: 10, Start: 11e9, PreviousExecID: 0xb}, "/dev/shm/x", "x\x00", "/srv", "", "", "", "x"),
	} {
		p.Record(r)
		e := to.last
		if e.Actor().Hostname != "web1" || e.Actor().BootOffset != 5e9 || e.Process == nil {
			t.Errorf("%s: %+v", r.Kind(), e.Actor())
		}
		if loud := to.alerts > 0; loud != (r.ExecID == 0xc) {
			t.Errorf("%s: %d alerts", r.Kind(), to.alerts)
		}
		if r.Kind() == decode.KindFork && string(e.Actor().Comm) != "sh" {
			t.Errorf("who forks is %q", e.Actor().Comm)
		}
	}
	p.Record(record(0xc, 0xa, 11, 13e9, decode.KindFileUnlink, decode.FileChange{}, "/tmp/x"))
	a := to.last.Actor()
	if string(a.Path) != "/dev/shm/x" || string(a.Arguments) != "x\x00" || string(a.CWD) != "/srv" || a.PPID != 10 || a.Parent == nil ||
		string(a.Parent.Path) != "/bin/sh" || a.Parent.PID != 10 || a.Parent.ExecID != 0xa {
		t.Errorf("%+v, made by %+v", a, a.Parent)
	}
	p.Record(record(0, 0, 0, 14e9, decode.KindLost, decode.Lost{Records: 1}))
	if e := to.last; e.Actor().Hostname != "web1" || e.Actor().Parent != nil || e.Actor().Path != nil {
		t.Errorf("what was lost is nobody's: %+v", e.Actor())
	}
	unlink := record(0xc, 0xa, 11, 15e9, decode.KindFileUnlink, decode.FileChange{}, "/tmp/x")
	if n := testing.AllocsPerRun(100, func() { p.Record(unlink) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzReplay shows recordings of anything: nothing in them gets to act on a terminal.
func FuzzReplay(f *testing.F) {
	var b bytes.Buffer
	w, err := decode.NewWriter(&b, decode.Meta{Host: "web1\x1b[2J"})
	if err != nil {
		f.Fatal(err)
	}
	header := b.Len()
	for k := decode.KindNone + 1; k < decode.KindCount; k++ {
		r, err := decode.Decode(recordtest.Sample(k))
		if err != nil {
			continue
		}
		if err := w.Write(r); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(b.Bytes()[header:]))
	}
	start, rules := bytes.Clone(b.Bytes()[:header]), ownRules(f)
	f.Fuzz(func(t *testing.T, records []byte) {
		reader, err := decode.NewReader(bytes.NewReader(append(bytes.Clone(start), records...)))
		if err != nil {
			t.Fatal(err)
		}
		p := NewReplay(reader.Meta(), rules, &harmless{t: t})
		for {
			r, err := reader.Next()
			if err != nil {
				p.Finish()
				return
			}
			p.Record(r)
		}
	})
}

// harmless is a sink that fails the test at a line that would act on a terminal.
type harmless struct {
	t    *testing.T
	line []byte
}

func (h *harmless) Flush() {}

func (h *harmless) Take(e *Event) {
	h.look(e.Record.Kind().String(), AppendEvent(h.line[:0], e))
	h.look(e.Record.Kind().String(), AppendLine(h.line[:0], e, decode.Style{}))
}

func (h *harmless) Alert(a *detect.Alert, did detect.Activity, _ *Event) {
	h.look(a.Finding.Rule, AppendAlert(h.line[:0], a, did))
	h.look(a.Finding.Rule, AppendAlertLine(h.line[:0], a, decode.Style{}))
}

func (h *harmless) look(what string, line []byte) {
	h.line = line
	text, ended := strings.CutSuffix(string(line), "\n")
	if !ended || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
		h.t.Fatalf("%s: %q", what, line)
	}
}
