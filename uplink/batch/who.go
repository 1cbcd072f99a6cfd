package batch

import (
	"unsafe"

	"vigil/decode"
)

// References to actors and to who did it.
const (
	actorNone = iota
	actorNew
	actorFirst
)

const (
	whoSame = iota // as the event before
	whoNew
	whoFirst
)

// Columns of the table of who did it: one row for each process, thread and user.
const (
	whoExecID = iota
	whoParent
	whoCgroup
	whoPID
	whoTID
	whoUID
	whoActor
	whoColumns
)

// Columns of the table of actors.
const (
	actorExecID = iota
	actorStart
	actorPID
	actorPPID
	actorBoot
	actorPath
	actorArguments
	actorComm
	actorCWD
	actorUser
	actorHost
	actorContainer
	actorParent
	actorColumns
)

// containerColumns is how many strings a container is made of.
const containerColumns = 7

// who is a row: what headers say of who did it, and the actor.
type who struct {
	execID, parent, cgroup uint64
	pid, tid, uid          uint32
	actor                  int32 // place + 1; 0: none
}

// actor is a row. Its bytes are kept beside, one after the other, to be compared with;
// strings, which nobody changes, are kept as they came.
type actor struct {
	execID, start              uint64
	boot                       int64
	pid, ppid                  uint32
	parent                     int32 // place + 1; 0: none
	comm, path, arguments, cwd int32 // where they end in Encoder.known
	from                       int32 // and begin
	user, host                 string
	container                  decode.Container
}

// ways is how many rows are looked at that have the same slot.
const ways = 4

// nearby finds rows by a hash. What is not found after a few looks takes the place of
// another: a row told twice costs bytes, a long search would cost time.
type nearby struct {
	slots []int32 // place + 1
	next  uint8
}

func newNearby() nearby { return nearby{slots: make([]int32, 1<<10)} }

// find gives the slot of what is the same, or of what may be replaced.
func (n *nearby) find(hash uint64, same func(place int32) bool) (slot int, found bool) {
	mask := len(n.slots) - 1
	for i := range ways {
		at := (int(hash) + i) & mask
		if n.slots[at] == 0 {
			return at, false
		}
		if same(n.slots[at] - 1) {
			return at, true
		}
	}
	n.next++
	return (int(hash) + int(n.next)%ways) & mask, false
}

// full makes twice the slots when the rows fill more than half. Then all rows must be
// put again.
func (n *nearby) full(rows int) bool {
	if 2*rows <= len(n.slots) {
		return false
	}
	n.slots = make([]int32, 2*len(n.slots))
	return true
}

func (n *nearby) put(hash uint64, place int) {
	slot, _ := n.find(hash, func(int32) bool { return false })
	n.slots[slot] = int32(place + 1)
}

func (w *who) hash() uint64 { return mix(w.execID ^ uint64(w.tid)<<32) }

// hash parts who acts from the same process as a parent, of which less is known.
func (a *actor) hash() uint64 {
	hash := mix(a.execID ^ uint64(a.pid)<<32)
	if a.parent != 0 {
		return ^hash
	}
	return hash
}

// who finds the row of an event, or adds it, and appends the reference to it.
func (e *Encoder) who(r decode.Record, a *decode.Actor) {
	if e.lastWho >= 0 && e.isWho(int32(e.lastWho), r, a) {
		e.whoRefs = append(e.whoRefs, whoSame)
		return
	}
	w := who{execID: r.ExecID, parent: r.ParentExecID, cgroup: r.CgroupID, pid: r.PID, tid: r.TID, uid: r.UID}
	slot, found := e.whoSlots.find(w.hash(), func(place int32) bool { return e.isWho(place, r, a) })
	if found {
		e.lastWho = int(e.whoSlots.slots[slot]) - 1
		e.whoRefs = appendNumber(e.whoRefs, uint64(e.lastWho)+whoFirst)
		return
	}
	e.whoRefs = append(e.whoRefs, whoNew)
	var before who
	if n := len(e.whos); n > 0 {
		before = e.whos[n-1]
	}
	c := &e.whoColumns
	c[whoExecID] = e.ids.reference(c[whoExecID], w.execID)
	c[whoParent] = e.ids.reference(c[whoParent], w.parent)
	c[whoCgroup] = appendNumber(c[whoCgroup], zigzag(int64(w.cgroup-before.cgroup)))
	c[whoPID] = appendNumber(c[whoPID], zigzag(int64(int32(w.pid-before.pid))))
	c[whoTID] = appendNumber(c[whoTID], zigzag(int64(int32(w.tid-w.pid))))
	c[whoUID] = appendNumber(c[whoUID], zigzag(int64(int32(w.uid-before.uid))))
	if a == nil {
		c[whoActor] = append(c[whoActor], actorNone)
	} else {
		c[whoActor], w.actor = e.actor(c[whoActor], a, a.Parent, true)
	}
	e.whos = append(e.whos, w)
	e.lastWho = len(e.whos) - 1
	if e.whoSlots.full(len(e.whos)) {
		for i := range e.whos {
			e.whoSlots.put(e.whos[i].hash(), i)
		}
	} else {
		e.whoSlots.put(w.hash(), len(e.whos)-1)
	}
}

func (e *Encoder) isWho(place int32, r decode.Record, a *decode.Actor) bool {
	w := &e.whos[place]
	if w.execID != r.ExecID || w.tid != r.TID || w.pid != r.PID || w.uid != r.UID || w.parent != r.ParentExecID || w.cgroup != r.CgroupID {
		return false
	}
	if w.actor == 0 || a == nil {
		return w.actor == 0 && a == nil
	}
	return e.isActor(w.actor-1, a, a.Parent)
}

// actor appends a reference to the row of an actor, which it adds when there is none,
// and gives its place + 1. The row of one that acts tells its parent.
func (e *Encoder) actor(dst []byte, a, parent *decode.Actor, acts bool) ([]byte, int32) {
	row := actor{execID: a.ExecID, start: a.Start, boot: a.BootOffset, pid: a.PID, ppid: a.PPID, user: a.User, host: a.Hostname, container: a.Container}
	if parent != nil {
		row.parent = 1
	}
	slot, found := e.actorSlots.find(row.hash(), func(place int32) bool { return e.isActor(place, a, parent) })
	if found {
		place := e.actorSlots.slots[slot]
		return appendNumber(dst, uint64(place)-1+actorFirst), place
	}
	c := &e.actorColumns
	switch {
	case !acts:
	case parent == nil:
		c[actorParent] = append(c[actorParent], actorNone)
	default:
		c[actorParent], row.parent = e.actor(c[actorParent], parent, nil, false)
	}
	before := actor{boot: e.meta.BootOffset}
	if n := len(e.actors); n > 0 {
		before = e.actors[n-1]
	}
	c[actorExecID] = e.ids.reference(c[actorExecID], row.execID)
	c[actorStart] = appendNumber(c[actorStart], zigzag(int64(row.start-before.start)))
	c[actorPID] = appendNumber(c[actorPID], zigzag(int64(int32(row.pid-before.pid))))
	c[actorPPID] = appendNumber(c[actorPPID], zigzag(int64(int32(row.ppid-row.pid))))
	c[actorBoot] = appendNumber(c[actorBoot], zigzag(row.boot-before.boot))
	row.from = int32(len(e.known))
	row.comm = e.keep(&c[actorComm], a.Comm)
	row.path = e.keep(&c[actorPath], a.Path)
	row.arguments = e.keep(&c[actorArguments], a.Arguments)
	row.cwd = e.keep(&c[actorCWD], a.CWD)
	e.string(&c[actorUser], view(a.User))
	e.string(&c[actorHost], view(a.Hostname))
	c[actorContainer] = e.container(c[actorContainer], &a.Container)
	e.actors = append(e.actors, row)
	if e.actorSlots.full(len(e.actors)) {
		for i := range e.actors {
			e.actorSlots.put(e.actors[i].hash(), i)
		}
	} else {
		e.actorSlots.put(row.hash(), len(e.actors)-1)
	}
	return append(dst, actorNew), int32(len(e.actors))
}

func (e *Encoder) isActor(place int32, a, parent *decode.Actor) bool {
	row := &e.actors[place]
	if row.execID != a.ExecID || row.pid != a.PID || row.start != a.Start || row.ppid != a.PPID || row.boot != a.BootOffset ||
		!same(row.user, a.User) || !same(row.host, a.Hostname) || !same(row.container.ID, a.Container.ID) {
		return false
	}
	known := e.known
	if string(known[row.from:row.comm]) != string(a.Comm) || string(known[row.arguments:row.cwd]) != string(a.CWD) ||
		int(row.path-row.comm) != len(a.Path) || int(row.arguments-row.path) != len(a.Arguments) {
		return false
	}
	if a.ExecID == 0 && (string(known[row.comm:row.path]) != string(a.Path) || string(known[row.path:row.arguments]) != string(a.Arguments)) {
		return false
	}
	if a.Container.ID != "" && row.container != a.Container {
		return false
	}
	if row.parent == 0 || parent == nil {
		return row.parent == 0 && parent == nil
	}
	return e.isActor(row.parent-1, parent, nil)
}

// same compares strings that mostly are one and the same.
func same(a, b string) bool {
	return len(a) == len(b) && (unsafe.StringData(a) == unsafe.StringData(b) || a == b)
}

func (e *Encoder) string(column *[]byte, s []byte) {
	*column, _ = e.strings.reference(*column, s)
}

func (e *Encoder) keep(column *[]byte, s []byte) (end int32) {
	e.string(column, s)
	e.known = append(e.known, s...)
	return int32(len(e.known))
}

// container appends a reference to a container: 0 for none, which is one without an ID, 1 for the next that was
// not told yet, else 2 and its place. There are few: they are searched from the last.
func (e *Encoder) container(dst []byte, c *decode.Container) []byte {
	if c.ID == "" {
		return append(dst, actorNone)
	}
	for i := len(e.containers) - 1; i >= 0 && i >= len(e.containers)-mostContainers; i-- {
		if e.containers[i] == *c {
			return appendNumber(dst, uint64(i)+actorFirst)
		}
	}
	for i, s := range [containerColumns]string{c.ID, c.Name, c.Image, c.Runtime, c.PodUID, c.PodName, c.PodNamespace} {
		e.string(&e.containerColumns[i], view(s))
	}
	e.containers = append(e.containers, *c)
	return append(dst, actorNew)
}

// mostContainers is how many are searched for one that was told.
const mostContainers = 64

// view is the bytes of a string, which nobody may change.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
