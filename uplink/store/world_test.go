package store

import (
	"fmt"
	"math/rand/v2"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// world makes the events of a busy server: processes that live, fork, run programs and
// end, and what they do meanwhile.
type world struct {
	random   *rand.Rand
	sensor   string
	epoch    uint64
	sequence uint64
	index    uint32
	boot     int64 // when it was booted, ns since 1970
	now      uint64
	step     uint64 // ns between events, on average
	pid      uint32
	live     []*proc
	buffer   []byte
}

type proc struct {
	id, previous uint64
	parent       *proc
	pid          uint32
	start        uint64
	path, args   string
}

const batchRows = 1_000

// newWorld makes a server whose first event is at a time.
func newWorld(seed uint64, sensor string, first time.Time, step time.Duration) *world {
	w := &world{random: rand.New(rand.NewPCG(seed, 7)), sensor: sensor, epoch: seed<<32 | 0xabcdef, sequence: 1, boot: first.UnixNano() - 1e12, now: 1e12, step: uint64(step), pid: 300}
	w.live = []*proc{{id: 1 + seed<<40, pid: 1, start: 1, path: "/usr/lib/systemd/systemd", args: "/sbin/init\x00"}}
	return w
}

func (w *world) pick() *proc { return w.live[w.random.IntN(len(w.live))] }

func (w *world) actor(p *proc) *decode.Actor {
	a := &decode.Actor{
		Path: []byte(p.path), Arguments: []byte(p.args), Comm: []byte(name(p.path)), CWD: []byte("/srv/app"), User: "www-data",
		ExecID: p.id, Start: p.start, PID: p.pid, BootOffset: w.boot, Hostname: w.sensor + ".example.com",
	}
	if p.parent != nil {
		a.PPID = p.parent.pid
		a.Parent = &decode.Actor{Path: []byte(p.parent.path), Arguments: []byte(p.parent.args), Comm: []byte(name(p.parent.path)), Start: p.parent.start, PID: p.parent.pid}
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

// row makes the row of a record; its JSON is the world's until release.
func (w *world) row(p *proc, kind decode.Kind, fixed any, texts ...string) Row {
	h := decode.Header{Time: w.now, ExecID: p.id, PID: p.pid, TID: p.pid, UID: 33, CPU: uint16(w.random.IntN(8)), Count: 1, CgroupID: 4242}
	if p.parent != nil {
		h.ParentExecID = p.parent.id
	}
	r := recordtest.DecodedWith(h, kind, fixed, recordtest.Texts(texts...)...)
	from := len(w.buffer)
	w.buffer = decode.AppendJSON(w.buffer, r, w.actor(p))
	row := Row{
		Time: int64(w.now) + w.boot, Sensor: w.sensor, Epoch: w.epoch, Sequence: w.sequence, Index: w.index, Kind: kind.String(),
		JSON: w.buffer[from:len(w.buffer):len(w.buffer)],
	}
	w.now += 1 + w.random.Uint64N(2*w.step)
	if w.index++; w.index == batchRows {
		w.sequence, w.index = w.sequence+1, 0
	}
	return row
}

// release lets the JSON of earlier rows be written over.
func (w *world) release() { w.buffer = w.buffer[:0] }

var programs = []string{"/usr/bin/bash", "/usr/bin/curl", "/usr/bin/python3.11", "/usr/sbin/nginx", "/usr/bin/git", "/usr/bin/sed", "/usr/bin/gcc", "/usr/lib/postgresql/15/bin/postgres"}

func (w *world) fork(p *proc) (Row, *proc) {
	w.pid++
	child := &proc{id: w.random.Uint64(), parent: p, pid: w.pid, start: w.now, path: p.path, args: p.args}
	w.live = append(w.live, child)
	return w.row(p, decode.KindFork, decode.Fork{ChildExecID: child.id, ChildPID: child.pid, PPID: p.pid}), child
}

func (w *world) exec(p *proc, path, args string) Row {
	p.previous, p.id, p.path, p.args, p.start = p.id, w.random.Uint64(), path, args, w.now
	e := decode.Exec{PreviousExecID: p.previous, Inode: uint64(w.random.IntN(1e6)), Device: 8<<20 | 1, Start: p.start, GID: 33, EUID: 33, EGID: 33, Mode: 0o100755, MountNS: 4026531841, PIDNS: 4026531836, NetNS: 4026531840, UserNS: 4026531837, CgroupNS: 4026531835, NSPID: p.pid, Argc: 3}
	if p.parent != nil {
		e.PPID = p.parent.pid
	}
	return w.row(p, decode.KindExec, e, path, args, "/srv/app", path, "", "pts0", name(path))
}

func (w *world) exit(i int) Row {
	p := w.live[i]
	w.live[i] = w.live[len(w.live)-1]
	w.live = w.live[:len(w.live)-1]
	return w.row(p, decode.KindExit, decode.Exit{Start: p.start, UserNS: w.random.Uint64N(1e9), SystemNS: w.random.Uint64N(1e8), Code: 0})
}

// next is one event of the mixture that decode's benchmarks have: 24 in a hundred are of
// the life of processes.
func (w *world) next() Row {
	r, p := w.random, w.pick()
	file := decode.FileIdentity{Inode: uint64(r.IntN(1e6)), Device: 8<<20 | 1, Mode: 0o100644, Owner: 33, Group: 33, Links: 1}
	path := fmt.Sprintf("/srv/app/%s/cache/%02x/item-%05d.json", []string{"web", "api", "jobs"}[r.IntN(3)], r.IntN(256), r.IntN(20000))
	ends := func() decode.Endpoints {
		return recordtest.Ends(fmt.Sprintf("10.0.0.5:%d", 32768+r.IntN(28000)), fmt.Sprintf("10.0.%d.%d:%d", r.IntN(4), r.IntN(250), []int{443, 5432, 6379, 80}[r.IntN(4)]))
	}
	switch n := r.IntN(100); {
	case n < 8:
		row, _ := w.fork(p)
		return row
	case n < 16:
		program := programs[r.IntN(len(programs))]
		return w.exec(p, program, fmt.Sprintf("%s\x00--job=%d\x00/srv/app/job-%d\x00", program, r.IntN(1000), r.IntN(1e5)))
	case n < 24:
		if i := r.IntN(len(w.live)); i > 0 {
			return w.exit(i)
		}
		return w.row(p, decode.KindFileOpen, decode.FileOpen{File: file}, path)
	case n < 56:
		return w.row(p, decode.KindFileOpen, decode.FileOpen{File: file, OpenFlags: 0o1101, Created: uint32(r.IntN(2))}, path)
	case n < 72:
		return w.row(p, decode.KindFileWrite, decode.FileWrite{File: file, Bytes: r.Uint64N(1e5), First: w.now - 1e6, Last: w.now, Writes: 1 + r.Uint32N(9), OpenFlags: 1}, path)
	case n < 80:
		return w.row(p, decode.KindMmap, decode.Memory{}, "/usr/lib/x86_64-linux-gnu/libc.so.6")
	case n < 86:
		return w.row(p, decode.KindFileUnlink, decode.FileChange{File: file}, path)
	case n < 92:
		return w.row(p, decode.KindFileRename, decode.FilePair{File: file}, path+".tmp", path)
	case n < 96:
		return w.row(p, decode.KindConnect, decode.Socket{Ends: ends(), LatencyNS: r.Uint64N(1e7)}, "")
	default:
		return w.row(p, decode.KindFlowEnd, decode.Flow{Ends: ends(), Start: w.now - 1e9, BytesSent: r.Uint64N(1e5), BytesReceived: r.Uint64N(1e6), PacketsSent: r.Uint64N(100), PacketsReceived: r.Uint64N(100)})
	}
}
