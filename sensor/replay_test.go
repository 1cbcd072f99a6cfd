package sensor

import (
	"bytes"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

func record(execID, parent uint64, pid uint32, time uint64, kind decode.Kind, fixed any, texts ...string) decode.Record {
	h := decode.Header{Time: time, ExecID: execID, ParentExecID: parent, PID: pid, TID: pid, Count: 1}
	return recordtest.DecodedWith(h, kind, fixed, recordtest.Texts(texts...)...)
}

// A replayed event knows its host, its process and the one that made it, as the
// event did when it was recorded.
func TestReplayKnowsProcesses(t *testing.T) {
	p := NewReplay(decode.Meta{Host: "web1", BootOffset: 5e9, BootSeed: 7})
	sh := decode.Exec{PPID: 1, Start: 10e9}
	for _, r := range []decode.Record{
		record(0xa, 1, 10, 10e9, decode.KindExec, sh, "/bin/sh", "sh\x00-c\x00x\x00", "/srv", "", "", "", "sh"),
		record(0xa, 1, 10, 11e9, decode.KindFork, decode.Fork{ChildExecID: 0xb, ChildPID: 11}),
		record(0xc, 0xa, 11, 12e9, decode.KindExec, decode.Exec{PPID: 10, Start: 11e9, PreviousExecID: 0xb}, "/dev/shm/x", "x\x00", "/srv", "", "", "", "x"),
	} {
		e := p.Event(r)
		if e.Actor().Hostname != "web1" || e.Actor().BootOffset != 5e9 || e.Process == nil {
			t.Errorf("%s: %+v", r.Kind(), e.Actor())
		}
		if loud := e.Finding != nil; loud != (r.ExecID == 0xc) {
			t.Errorf("%s: finding %v", r.Kind(), e.Finding)
		}
		if r.Kind() == decode.KindFork && string(e.Actor().Comm) != "sh" {
			t.Errorf("who forks is %q", e.Actor().Comm)
		}
	}
	e := p.Event(record(0xc, 0xa, 11, 13e9, decode.KindFileUnlink, decode.FileChange{}, "/tmp/x"))
	a := e.Actor()
	if string(a.Path) != "/dev/shm/x" || string(a.Arguments) != "x\x00" || string(a.CWD) != "/srv" || a.PPID != 10 || a.Parent == nil ||
		string(a.Parent.Path) != "/bin/sh" || a.Parent.PID != 10 || a.Parent.ExecID != 0xa {
		t.Errorf("%+v, made by %+v", a, a.Parent)
	}
	if e = p.Event(record(0, 0, 0, 14e9, decode.KindLost, decode.Lost{Records: 1})); e.Actor().Hostname != "web1" || e.Actor().Parent != nil || e.Actor().Path != nil {
		t.Errorf("what was lost is nobody's: %+v", e.Actor())
	}
	unlink := record(0xc, 0xa, 11, 15e9, decode.KindFileUnlink, decode.FileChange{}, "/tmp/x")
	if n := testing.AllocsPerRun(100, func() { p.Event(unlink) }); n != 0 {
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
	start := bytes.Clone(b.Bytes()[:header])
	f.Fuzz(func(t *testing.T, records []byte) {
		reader, err := decode.NewReader(bytes.NewReader(append(bytes.Clone(start), records...)))
		if err != nil {
			t.Fatal(err)
		}
		p := NewReplay(reader.Meta())
		var line []byte
		for {
			r, err := reader.Next()
			if err != nil {
				return
			}
			e := p.Event(r)
			for name, add := range map[string]func([]byte, *Event) []byte{
				"JSON": AppendEvent, "text": func(b []byte, e *Event) []byte { return AppendLine(b, e, decode.Style{}) },
			} {
				line = add(line[:0], e)
				text, ended := strings.CutSuffix(string(line), "\n")
				if e.Finding != nil {
					text = strings.Replace(text, "\nALERT ", "", 1)
				}
				if !ended || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
					t.Fatalf("%s of %s: %q", name, r.Kind(), line)
				}
			}
		}
	})
}
