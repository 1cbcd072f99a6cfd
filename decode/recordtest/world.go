package recordtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"vigil/decode"
)

// World makes the events of a busy server: processes that live, fork, run programs and
// end, and what they do meanwhile.
type World struct {
	Live []*Process // the first has no parent, and stays
	meta decode.Meta
	now  uint64
	step uint64 // ns between events, on average
	pid  uint32
	*rand.Rand
}

// Process is one of a world's.
type Process struct {
	ID     uint64
	Parent *Process
	PID    uint32
	start  uint64
	path   string
	args   string
}

// Event is a record, and who did it.
type Event struct {
	Record decode.Record
	Actor  *decode.Actor
}

// NewWorld makes a server whose first event is at a time.
func NewWorld(seed uint64, host string, first time.Time, step time.Duration) *World {
	w := &World{
		Rand: rand.New(rand.NewPCG(seed, 7)), meta: decode.Meta{Host: host, BootOffset: first.UnixNano() - 1e12, BootSeed: seed}, now: 1e12,
		step: uint64(step), pid: 300,
	}
	w.Live = []*Process{{ID: 1 + seed<<40, PID: 1, start: 1, path: "/usr/lib/systemd/systemd", args: "/sbin/init\x00"}}
	return w
}

// Meta is what a recording of the server begins with.
func (w *World) Meta() decode.Meta { return w.meta }

func (w *World) actor(p *Process) *decode.Actor {
	a := &decode.Actor{
		Path: []byte(p.path), Arguments: []byte(p.args), Comm: []byte(name(p.path)), CWD: []byte("/srv/app"), User: "www-data",
		ExecID: p.ID, Start: p.start, PID: p.PID, BootOffset: w.meta.BootOffset, Hostname: w.meta.Host,
	}
	if p.Parent != nil {
		a.PPID = p.Parent.PID
		a.Parent = &decode.Actor{
			Path: []byte(p.Parent.path), Arguments: []byte(p.Parent.args), Comm: []byte(name(p.Parent.path)), Start: p.Parent.start, PID: p.Parent.PID,
		}
	}
	return a
}

func name(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

func (w *World) event(p *Process, kind decode.Kind, fixed any, texts ...string) Event {
	h := decode.Header{Time: w.now, ExecID: p.ID, PID: p.PID, TID: p.PID, UID: 33, CPU: uint16(w.IntN(8)), Count: 1, CgroupID: 4242}
	if p.Parent != nil {
		h.ParentExecID = p.Parent.ID
	}
	e := Event{DecodedWith(h, kind, fixed, Texts(texts...)...), w.actor(p)}
	w.now += 1 + w.Uint64N(2*w.step)
	return e
}

// Fork makes a process's child.
func (w *World) Fork(p *Process) (Event, *Process) {
	w.pid++
	child := &Process{ID: w.Uint64(), Parent: p, PID: w.pid, start: w.now, path: p.path, args: p.args}
	w.Live = append(w.Live, child)
	return w.event(p, decode.KindFork, decode.Fork{ChildExecID: child.ID, ChildPID: child.PID, PPID: p.PID}), child
}

// Exec has a process run a program; each argument is ended by a zero byte.
func (w *World) Exec(p *Process, path, args string) Event {
	previous := p.ID
	p.ID, p.path, p.args, p.start = w.Uint64(), path, args, w.now
	e := decode.Exec{
		PreviousExecID: previous, Inode: uint64(w.IntN(1e6)), Device: 8<<20 | 1, Start: p.start, GID: 33, EUID: 33, EGID: 33, Mode: 0o100755,
		MountNS: 4026531841, PIDNS: 4026531836, NetNS: 4026531840, UserNS: 4026531837, CgroupNS: 4026531835, NSPID: p.PID, Argc: 3,
	}
	if p.Parent != nil {
		e.PPID = p.Parent.PID
	}
	return w.event(p, decode.KindExec, e, path, args, "/srv/app", path, "", "pts0", name(path))
}

// Exit ends one of those that live.
func (w *World) Exit(i int) Event {
	p := w.Live[i]
	w.Live[i] = w.Live[len(w.Live)-1]
	w.Live = w.Live[:len(w.Live)-1]
	return w.event(p, decode.KindExit, decode.Exit{Start: p.start, UserNS: w.Uint64N(1e9), SystemNS: w.Uint64N(1e8), Code: 0})
}

// Next is one event of the mixture that decode's benchmarks have: 24 in a hundred are of
// the life of processes.
func (w *World) Next() Event {
	p := w.Live[w.IntN(len(w.Live))]
	file := decode.FileIdentity{Inode: uint64(w.IntN(1e6)), Device: 8<<20 | 1, Mode: 0o100644, Owner: 33, Group: 33, Links: 1}
	path := fmt.Sprintf("/srv/app/%s/cache/%02x/item-%05d.json", []string{"web", "api", "jobs"}[w.IntN(3)], w.IntN(256), w.IntN(20000))
	ends := func() decode.Endpoints {
		return Ends(fmt.Sprintf("10.0.0.5:%d", 32768+w.IntN(28000)), fmt.Sprintf("10.0.%d.%d:%d", w.IntN(4), w.IntN(250), []int{443, 5432, 6379, 80}[w.IntN(4)]))
	}
	switch n := w.IntN(100); {
	case n < 8:
		e, _ := w.Fork(p)
		return e
	case n < 16:
		all := programs()
		program := all[w.IntN(len(all))]
		return w.Exec(p, program, fmt.Sprintf("%s\x00--job=%d\x00/srv/app/job-%d\x00", program, w.IntN(1000), w.IntN(1e5)))
	case n < 24:
		if i := w.IntN(len(w.Live)); i > 0 {
			return w.Exit(i)
		}
		return w.event(p, decode.KindFileOpen, decode.FileOpen{File: file}, path)
	case n < 56:
		return w.event(p, decode.KindFileOpen, decode.FileOpen{File: file, OpenFlags: 0o1101, Created: uint32(w.IntN(2))}, path)
	case n < 72:
		return w.event(p, decode.KindFileWrite, decode.FileWrite{File: file, Bytes: w.Uint64N(1e5), First: w.now - 1e6, Last: w.now, Writes: 1 + w.Uint32N(9), OpenFlags: 1}, path)
	case n < 80:
		return w.event(p, decode.KindMmap, decode.Memory{}, "/usr/lib/x86_64-linux-gnu/libc.so.6")
	case n < 86:
		return w.event(p, decode.KindFileUnlink, decode.FileChange{File: file}, path)
	case n < 92:
		return w.event(p, decode.KindFileRename, decode.FilePair{File: file}, path+".tmp", path)
	case n < 96:
		return w.event(p, decode.KindConnect, decode.Socket{Ends: ends(), LatencyNS: w.Uint64N(1e7)}, "")
	default:
		return w.event(p, decode.KindFlowEnd, decode.Flow{
			Ends: ends(), Start: w.now - 1e9, BytesSent: w.Uint64N(1e5), BytesReceived: w.Uint64N(1e6), PacketsSent: w.Uint64N(100), PacketsReceived: w.Uint64N(100),
		})
	}
}

func programs() [8]string {
	return [...]string{
		"/usr/bin/bash", "/usr/bin/curl", "/usr/bin/python3.11", "/usr/sbin/nginx", "/usr/bin/git", "/usr/bin/sed", "/usr/bin/gcc",
		"/usr/lib/postgresql/15/bin/postgres",
	}
}
