package process

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"vigil/decode"
)

// modelImage is an image as the model knows it: it never forgets one.
type modelImage struct {
	id, parent uint64
	pid        uint32
	uid        uint32
	path, args string
	comm       string
	ended      uint64 // 0: runs
}

// modelProcess is a process that runs.
type modelProcess struct {
	pid        uint32
	start      uint64
	image      *modelImage
	realParent *modelProcess // nil: re-parented to init
}

// model is a machine with few PIDs, written plainly: what the kernel would do
// and what a table must know of it.
type model struct {
	random  *rand.Rand
	now     uint64
	images  map[uint64]*modelImage
	running []*modelProcess
	byPID   map[uint32]*modelProcess
	nextPID uint32
	maxPID  uint32
	init    *modelProcess
	made    int
}

func newModel(seed uint64, maxPID uint32) *model {
	m := &model{
		random: rand.New(rand.NewPCG(seed, 1)), now: 100 * second,
		images: map[uint64]*modelImage{}, byPID: map[uint32]*modelProcess{}, nextPID: 2, maxPID: maxPID,
	}
	m.init = m.add(1, second, &modelImage{id: execID(testSeed, 1, second), pid: 1, path: "/sbin/init", comm: "init"})
	return m
}

func (m *model) add(pid uint32, start uint64, image *modelImage) *modelProcess {
	p := &modelProcess{pid: pid, start: start, image: image}
	m.images[image.id] = image
	m.byPID[pid] = p
	m.running = append(m.running, p)
	m.made++
	return p
}

// tick moves the clock and gives the time: no two events at once.
func (m *model) tick() uint64 {
	m.now += 1 + m.random.Uint64N(200_000)
	return m.now
}

func (m *model) freePID() uint32 {
	for {
		m.nextPID++
		if m.nextPID > m.maxPID {
			m.nextPID = 2
		}
		if m.byPID[m.nextPID] == nil {
			return m.nextPID
		}
	}
}

func (m *model) header(p *modelProcess) decode.Header {
	return decode.Header{
		Time: m.now, ExecID: p.image.id, ParentExecID: p.image.parent,
		PID: p.pid, TID: p.pid, UID: p.image.uid, CgroupID: uint64(p.pid) + 7,
	}
}

// fork makes a child of p; with sibling, the kernel makes it a child of p's parent (CLONE_PARENT);
// with thread, from a thread of p that is not the main one.
func (m *model) fork(p *modelProcess, sibling, thread bool) decode.Record {
	start := m.tick()
	pid := m.freePID()
	parent := p
	if sibling {
		if parent = p.realParent; parent == nil {
			parent = m.init
		}
	}
	child := m.add(pid, start, &modelImage{
		id: execID(testSeed, pid, start), parent: p.image.id, pid: pid, uid: p.image.uid,
		path: p.image.path, args: p.image.args, comm: p.image.comm,
	})
	child.realParent = parent
	m.tick()
	h := m.header(p)
	if thread {
		h.TID = p.pid + 1<<22
	}
	return build(decode.KindFork, h, decode.Fork{ChildExecID: child.image.id, ChildPID: pid, PPID: parent.pid})
}

func (m *model) exec(p *modelProcess) decode.Record {
	now := m.tick()
	n := m.random.IntN(1 << 20)
	old := p.image
	old.ended = now
	p.image = &modelImage{
		id: execID(testSeed, p.pid, now), parent: old.parent, pid: p.pid, uid: old.uid,
		path: fmt.Sprintf("/usr/bin/tool-%d", n%500), args: fmt.Sprintf("tool\x00--number=%d\x00", n), comm: "tool",
	}
	m.images[p.image.id] = p.image
	e := decode.Exec{PreviousExecID: old.id, Start: p.start, EUID: old.uid, PPID: 1, Inode: inodeOf(p.image.path)}
	if p.realParent != nil {
		e.PPID = p.realParent.pid
	}
	return execOf(m.header(p), e, words{path: p.image.path, arguments: p.image.args, cwd: "/", filename: p.image.path, comm: "tool"})
}

func inodeOf(path string) uint64 {
	n := uint64(0)
	for _, c := range path {
		n = n*31 + uint64(c)
	}
	return n
}

func (m *model) exit(i int) (decode.Record, *modelImage) {
	p := m.running[i]
	p.image.ended = m.tick()
	m.running[i] = m.running[len(m.running)-1]
	m.running = m.running[:len(m.running)-1]
	delete(m.byPID, p.pid)
	for _, c := range m.running {
		if c.realParent == p {
			c.realParent = nil
		}
	}
	return exitOf(m.header(p), decode.Exit{Start: p.start, Code: p.pid & 0xff}), p.image
}

func (m *model) rename(p *modelProcess) decode.Record {
	m.tick()
	p.image.comm = fmt.Sprintf("name-%d", m.random.IntN(1000))
	return renameOf(m.header(p), p.image.comm)
}

func (m *model) setUID(p *modelProcess) decode.Record {
	m.tick()
	r := m.header(p)
	p.image.uid = m.random.Uint32N(1000)
	return credentialsOf(r, decode.IDs{UID: p.image.uid, EUID: p.image.uid})
}

// step does something to somebody.
func (m *model) step(target int) decode.Record {
	i := m.random.IntN(len(m.running))
	p := m.running[i]
	grow := len(m.running) < target
	switch n := m.random.IntN(100); {
	case n < 30 && grow || n < 8 || i == 0:
		sibling := m.random.IntN(10) == 0 && p != m.init
		return m.fork(p, sibling, m.random.IntN(5) == 0)
	case n < 55:
		return m.exec(p)
	case n < 60:
		return m.rename(p)
	case n < 65:
		return m.setUID(p)
	case grow && n < 80:
		return m.fork(p, false, false)
	default:
		r, _ := m.exit(i)
		return r
	}
}

// agree fails unless the table knows of the image all that the model does.
func (m *model) agree(t *testing.T, tab *Table, id uint64) {
	t.Helper()
	want := m.images[id]
	p := tab.Lookup(id)
	if p == nil {
		t.Fatalf("image %x of pid %d, ended %d at %d, is not known", id, want.pid, want.ended, m.now)
	}
	if p.PID != want.pid || p.UID != want.uid || p.ParentExecID != want.parent ||
		string(p.Path()) != want.path || string(p.Arguments()) != want.args || string(p.Comm()) != want.comm {
		t.Fatalf("image %x is\n%+v %q %q %q, want\n%+v", id, p.Facts, p.Path(), p.Arguments(), p.Comm(), *want)
	}
	if p.Running() != (want.ended == 0) {
		t.Fatalf("image %x: running %v, ended %d", id, p.Running(), want.ended)
	}
	up := want
	steps := 0
	tab.Ancestry(p, func(q *Process) bool {
		steps++
		up = m.images[up.parent]
		if up == nil || q.ExecID != up.id || string(q.Path()) != up.path {
			t.Fatalf("ancestor %d of %x is %x, want %+v", steps, id, q.ExecID, up)
		}
		return true
	})
	if up.parent != 0 && steps < MaxAncestors {
		t.Fatalf("ancestry of %x ends after %d at %x, which %x made", id, steps, up.id, up.parent)
	}
}

func TestModel(t *testing.T) {
	for name, c := range map[string]struct {
		maxPID uint32
		target int
		grace  uint64
	}{
		"few pids":   {300, 200, second},
		"many":       {32768, 2000, second / 2},
		"fork storm": {6000, 5000, second / 4},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel(uint64(c.maxPID), c.maxPID)
			tab := newTable(Settings{Grace: timeOf(c.grace), MaxDead: 1 << 20, TextBytes: 64 << 20})
			tab.Apply(seedOf(m.header(m.init), decode.Exec{Start: second}, words{path: "/sbin/init", comm: "init"}))

			type late struct {
				id uint64
				at uint64
			}
			total := 60_000
			if testing.Short() {
				total = 10_000
			}
			var queue []late // events of ended images that still come, in order of the end
			for i := 0; m.made < total; i++ {
				r := m.step(c.target)
				p := tab.Apply(r)
				if p == nil {
					t.Fatal("nothing applied")
				}
				m.agree(t, tab, p.ExecID)
				m.agree(t, tab, r.ExecID)
				for _, id := range []uint64{r.ExecID, p.PreviousExecID} {
					if image := m.images[id]; image != nil && image.ended == r.Time {
						queue = append(queue, late{id, image.ended + c.grace - 1})
					}
				}
				// An event of somebody, and one that is late.
				m.agree(t, tab, m.running[m.random.IntN(len(m.running))].image.id)
				for len(queue) > 0 && queue[0].at < m.now {
					queue = queue[1:]
				}
				if len(queue) > 0 {
					m.agree(t, tab, queue[m.random.IntN(len(queue))].id)
					m.agree(t, tab, queue[0].id)
				}
				tab.Expire(m.now)
				if i%5000 == 0 {
					check(t, tab)
				}
			}
			check(t, tab)
			if len(m.running) != tab.Stats().Live {
				t.Errorf("%d run, table has %+v", len(m.running), tab.Stats())
			}
			s := tab.Stats()
			if s.Repaired+s.LostExits+s.EvictedLive+s.EvictedDead+s.UnknownParents+s.ArgumentsCut != 0 {
				t.Errorf("nothing was lost, stats say %+v", s)
			}
			// All that was ended goes, but what the living descend from.
			m.now += c.grace + second
			for tab.Expire(m.now) > 0 {
			}
			needed := map[uint64]bool{}
			for _, p := range m.running {
				for id := p.image.parent; id != 0; id = m.images[id].parent {
					needed[id] = true
				}
			}
			tab.each(func(p *Process) {
				if !p.Running() && !needed[p.ExecID] {
					t.Errorf("image %x is kept for nobody", p.ExecID)
				}
			})
			for _, p := range m.running {
				m.agree(t, tab, p.image.id)
			}
			check(t, tab)
		})
	}
}
