//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/uplink/batch"
)

// booted is when the hosts of the fleet started.
func booted(now time.Time) int64 { return now.Add(-time.Hour).UnixNano() }

// host makes the events of one: of a service that works, and of programs that it starts.
type host struct {
	random  *rand.Rand
	boot    int64
	service program
	child   program // the zero value: none runs
	number  uint64  // of events that were made
}

type program struct {
	execID, parent uint64
	pid, uid       uint32
	path, args     string
}

func newHost(n int, boot int64) *host {
	h := &host{random: rand.New(rand.NewPCG(uint64(n), 7)), boot: boot}
	path := fmt.Sprintf("/usr/bin/service-%d", n%40)
	h.service = program{execID: h.random.Uint64(), parent: 1, pid: 700 + uint32(n%1000), uid: uint32(1000 + n%3), path: path, args: path + "\x00--port=8080\x00"}
	return h
}

// tell puts so many events into the encoder.
func (h *host) tell(e *batch.Encoder, n int, now time.Time) {
	for range n {
		r, a := h.next(uint64(now.UnixNano()-h.boot) + h.number%1000)
		e.Event(r, a)
		h.number++
	}
}

func (h *host) next(at uint64) (decode.Record, *decode.Actor) {
	if h.child.pid != 0 && h.random.IntN(4) == 0 {
		p := h.child
		h.child = program{}
		return h.record(at, &p, decode.KindExit, decode.Exit{Start: at - 5e6, UserNS: h.random.Uint64N(5e6), SystemNS: h.random.Uint64N(3e6)})
	}
	p := &h.service
	if h.child.pid != 0 {
		p = &h.child
	}
	switch roll := h.random.IntN(100); {
	case roll < 10:
		return h.exec(at)
	case roll < 50:
		n := h.random.IntN(800)
		return h.record(at, p, decode.KindFileOpen, decode.FileOpen{File: file(n), OpenFlags: 0o100000}, fmt.Sprintf("/usr/share/app/module-%d/part-%d.so", n%30, n))
	case roll < 70:
		size := h.random.Uint64N(1 << 16)
		name := fmt.Sprintf("/srv/data/%d/out-%d", h.random.IntN(300), h.number)
		return h.record(at, p, decode.KindFileWrite, decode.FileWrite{File: file(10_000 + int(h.number)), Bytes: size, Last: size, Writes: uint32(1 + size>>12), OpenFlags: 0o101101}, name)
	default:
		ends := recordtest.Ends(fmt.Sprintf("10.0.0.5:%d", 32768+h.random.IntN(28000)), fmt.Sprintf("10.1.%d.%d:443", h.random.IntN(4), h.random.IntN(50)))
		ends.Socket = 0xffff888000000000 + h.random.Uint64N(1<<20)<<8
		return h.record(at, p, decode.KindConnect, decode.Socket{Ends: ends, LatencyNS: h.random.Uint64N(5_000_000)})
	}
}

func (h *host) exec(at uint64) (decode.Record, *decode.Actor) {
	path := fmt.Sprintf("/usr/bin/tool-%d", h.random.IntN(40))
	h.child = program{
		execID: h.random.Uint64(), parent: h.service.execID, pid: 20_000 + uint32(h.number), uid: h.service.uid,
		path: path, args: fmt.Sprintf("%s\x00--job=%d\x00/srv/data/%d/input\x00", path, h.random.IntN(1e6), h.random.IntN(300)),
	}
	c := &h.child
	e := decode.Exec{
		PreviousExecID: c.parent, Inode: 400_000 + h.random.Uint64N(40), Device: 0xfe00001, Start: at, PPID: h.service.pid, GID: c.uid, EUID: c.uid, EGID: c.uid,
		LoginUID: 1<<32 - 1, Mode: 0o100755, MountNS: 4026531841, PIDNS: 4026531836, NetNS: 4026531840, UserNS: 4026531837, CgroupNS: 4026531835, NSPID: c.pid, Argc: 3,
	}
	return h.record(at, c, decode.KindExec, e, path, c.args, "/srv/app", path, "", "", path[9:])
}

func (h *host) record(at uint64, p *program, kind decode.Kind, fixed any, texts ...string) (decode.Record, *decode.Actor) {
	r := recordtest.DecodedWith(decode.Header{
		Time: at, ExecID: p.execID, ParentExecID: p.parent, CgroupID: 77, PID: p.pid, TID: p.pid, UID: p.uid, CPU: uint16(p.pid % 8), Count: 1,
	}, kind, fixed, recordtest.Texts(texts...)...)
	parent := &decode.Actor{Path: []byte("/usr/lib/systemd/systemd"), Comm: []byte("systemd"), ExecID: 1, PID: 1, BootOffset: h.boot}
	if p != &h.service {
		parent = h.actor(&h.service)
	}
	a := h.actor(p)
	a.Parent = parent
	return r, a
}

func (h *host) actor(p *program) *decode.Actor {
	return &decode.Actor{
		Path: []byte(p.path), Arguments: []byte(p.args), Comm: []byte(p.path[9:]), CWD: []byte("/srv/app"), User: fmt.Sprintf("user%d", p.uid),
		ExecID: p.execID, Start: 1e9, PID: p.pid, PPID: 1, BootOffset: h.boot,
	}
}

func file(inode int) decode.FileIdentity {
	return decode.FileIdentity{Inode: 100_000 + uint64(inode), Device: 0xfe00001, Mode: 0o100644, Links: 1}
}
