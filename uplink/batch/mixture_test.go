package batch_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// mixed makes so many events as of a busy server: 24 workers that start programs, read,
// write and rename files, and connect.
func mixed(tb testing.TB, n int) *capture {
	tb.Helper()
	m := &mixer{tb: tb, random: rand.New(rand.NewPCG(1, 2)), c: &capture{meta: meta()}, table: newTable(meta()), now: 1_000_000_000_000}
	m.c.events = make([]captured, 0, n)
	for i := range 24 {
		m.workers = append(m.workers, m.process(uint32(1000+i), 1))
		m.exec(m.workers[i])
	}
	for len(m.c.events) < n {
		m.step(m.workers[m.random.IntN(len(m.workers))])
	}
	m.c.events = m.c.events[:n]
	return m.c
}

type mixer struct {
	tb      testing.TB
	random  *rand.Rand
	c       *capture
	table   *table
	now     uint64
	inode   uint64
	pids    uint32
	workers []*mixedProcess
}

type mixedProcess struct {
	execID, parent uint64
	pid, ppid, uid uint32
}

func (m *mixer) process(pid uint32, parent uint64) *mixedProcess {
	return &mixedProcess{execID: m.random.Uint64(), parent: parent, pid: pid, ppid: uint32(parent), uid: uint32(m.random.IntN(2) * 33)}
}

// tell adds a record of a process.
func (m *mixer) tell(p *mixedProcess, kind decode.Kind, fixed any, texts ...string) {
	m.now += uint64(m.random.ExpFloat64() * 20_000)
	h := decode.Header{
		Time: m.now, ExecID: p.execID, ParentExecID: p.parent, CgroupID: 77 + uint64(p.uid), PID: p.pid, TID: p.pid, UID: p.uid,
		CPU: uint16(p.pid % 8), Count: 1,
	}
	r := m.c.keep(m.tb, recordtest.DecodedWith(h, kind, fixed, recordtest.Texts(texts...)...))
	m.c.events = append(m.c.events, captured{r, m.table.actor(r)})
}

func (m *mixer) exec(p *mixedProcess) {
	path := fmt.Sprintf("/usr/bin/tool-%d", m.random.IntN(40))
	e := decode.Exec{
		PreviousExecID: p.parent, Inode: 400_000 + m.random.Uint64N(40), Device: 0xfe00001, Start: m.now, PPID: p.ppid, GID: p.uid, EUID: p.uid, EGID: p.uid,
		LoginUID: 1<<32 - 1, Mode: 0o100755, MountNS: 4026531841, PIDNS: 4026531836, NetNS: 4026531840, UserNS: 4026531837, CgroupNS: 4026531835, NSPID: p.pid, Argc: 3,
	}
	m.tell(p, decode.KindExec, e, path, fmt.Sprintf("%s\x00--job=%d\x00/srv/data/%d/input\x00", path, m.random.IntN(1e6), m.random.IntN(300)), "/srv/app", path, "", "", path[9:])
}

// step is something that a worker does.
func (m *mixer) step(p *mixedProcess) {
	switch roll := m.random.IntN(100); {
	case roll < 8:
		m.child(p)
	case roll < 45: // reads what many read
		at := m.random.IntN(800)
		m.tell(p, decode.KindFileOpen, decode.FileOpen{File: m.file(uint64(at)), OpenFlags: 0o100000}, fmt.Sprintf("/usr/share/app/module-%d/lib/part-%d.so", at%30, at))
	case roll < 60: // writes a file of its own, and puts it where it belongs
		m.inode++
		f := m.file(1_000_000 + m.inode)
		name := fmt.Sprintf("/srv/data/%d/out-%d", m.random.IntN(300), m.inode)
		m.tell(p, decode.KindFileOpen, decode.FileOpen{File: f, OpenFlags: 0o101101, Created: 1}, name+".tmp")
		size := m.random.Uint64N(1 << 16)
		m.tell(p, decode.KindFileWrite, decode.FileWrite{File: f, Bytes: size, First: m.now - 10_000 - m.random.Uint64N(1<<20), Last: m.now - m.random.Uint64N(10_000), Writes: uint32(1 + size>>12), OpenFlags: 0o101101}, name+".tmp")
		m.tell(p, decode.KindFileRename, decode.FilePair{File: f}, name+".tmp", name)
	case roll < 70:
		ends := recordtest.Ends(fmt.Sprintf("10.0.0.5:%d", 32768+m.random.IntN(28000)), fmt.Sprintf("10.1.%d.%d:443", m.random.IntN(4), m.random.IntN(50)))
		ends.Socket = 0xffff888000000000 + m.random.Uint64N(1<<20)<<8
		m.tell(p, decode.KindConnect, decode.Socket{Ends: ends, LatencyNS: m.random.Uint64N(5_000_000)})
		m.tell(p, decode.KindFlowEnd, decode.Flow{Ends: ends, Start: m.now, BytesSent: m.random.Uint64N(4000), BytesReceived: m.random.Uint64N(60_000), PacketsSent: m.random.Uint64N(20), PacketsReceived: m.random.Uint64N(50)})
	case roll < 78:
		m.inode++
		c := decode.FileChange{File: m.file(1_000_000 + m.random.Uint64N(m.inode))}
		m.tell(p, decode.KindFileUnlink, c, fmt.Sprintf("/srv/data/%d/out-%d", m.random.IntN(300), m.inode))
	default:
		at := m.random.IntN(60)
		v := decode.Memory{File: m.file(uint64(at)), Address: 0x7f0000000000 + m.random.Uint64N(1<<24)<<12, Size: 4096 * (1 + m.random.Uint64N(200)), Protection: 5}
		m.tell(p, decode.KindMmap, v, fmt.Sprintf("/usr/lib/x86_64-linux-gnu/lib%d.so", at))
	}
}

func (m *mixer) file(inode uint64) decode.FileIdentity {
	return decode.FileIdentity{Inode: 100_000 + inode, Device: 0xfe00001, Mode: 0o100644, Links: 1}
}

// child is a process that starts, runs a program and ends.
func (m *mixer) child(p *mixedProcess) {
	m.pids++
	child := m.process(20_000+m.pids, p.execID)
	child.ppid, child.uid = p.pid, p.uid
	m.tell(p, decode.KindFork, decode.Fork{ChildExecID: child.execID, ChildPID: child.pid, PPID: p.pid})
	child.execID = m.random.Uint64()
	m.exec(child)
	m.tell(child, decode.KindExit, decode.Exit{Start: m.now, UserNS: m.random.Uint64N(5_000_000), SystemNS: m.random.Uint64N(3_000_000)})
}
