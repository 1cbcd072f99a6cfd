package batch

import (
	"unsafe"

	"vigil/decode"
)

// actor is a row. What of its bytes is compared is kept beside, one after the other;
// strings, which nobody changes, are kept as they came.
type actor struct {
	execID, start              uint64
	boot                       int64
	pid, ppid                  uint32
	parent                     int32 // place + 1; 0: none
	kept                       int32 // where its bytes are in Encoder.known: comm, directory, and without an exec ID path and arguments
	comm, cwd, path, arguments int32 // lengths
	user, host                 string
	container                  decode.Container
}

// actor tells a reference to the row of an actor, which it adds when there is none,
// and gives its place + 1. The row of one that acts tells its parent.
func (e *Encoder) actor(to *writer, a, parent *decode.Actor, acts bool) int32 {
	hash := mix(a.ExecID ^ uint64(a.PID)<<32)
	if parent != nil { // of a process as a parent less is known
		hash = ^hash
	}
	for i := range ways {
		place := *e.actorSlots.slot(hash, i)
		if place == 0 {
			break
		}
		if e.isActor(&e.actors[place-1], a, parent) {
			to.number(uint64(place) - 1 + actorFirst)
			return place
		}
	}
	c := &e.actorColumns
	above := int32(0)
	switch {
	case !acts:
	case parent == nil:
		c[actorParent].number(actorNone)
	default:
		above = e.actor(&c[actorParent], parent, nil, false)
	}
	to.number(actorNew)
	e.tellActor(a, above)
	e.actorSlots.put(hash, len(e.actors)-1)
	return int32(len(e.actors))
}

// tellActor adds a row. Its numbers are told by tellActors.
func (e *Encoder) tellActor(a *decode.Actor, parent int32) {
	c := &e.actorColumns
	e.ids.reference(&c[actorExecID], a.ExecID)
	e.strings.reference(&c[actorComm], a.Comm)
	e.strings.reference(&c[actorPath], a.Path)
	e.strings.reference(&c[actorArguments], a.Arguments)
	e.strings.reference(&c[actorCWD], a.CWD)
	e.strings.reference(&c[actorUser], view(a.User))
	e.strings.reference(&c[actorHost], view(a.Hostname))
	e.container(&c[actorContainer], &a.Container)
	kept := len(e.known)
	e.known = append(append(e.known, a.Comm...), a.CWD...)
	if a.ExecID == 0 {
		e.known = append(append(e.known, a.Path...), a.Arguments...)
	}
	e.actors = append(e.actors, actor{
		execID: a.ExecID, start: a.Start, boot: a.BootOffset, pid: a.PID, ppid: a.PPID, parent: parent, kept: int32(kept),
		comm: int32(len(a.Comm)), cwd: int32(len(a.CWD)), path: int32(len(a.Path)), arguments: int32(len(a.Arguments)),
		user: a.User, host: a.Hostname, container: a.Container,
	})
}

// tellActors tells the numbers of the rows.
func (e *Encoder) tellActors() {
	c, before := &e.actorColumns, &actor{boot: e.meta.BootOffset}
	for i := range e.actors {
		a := &e.actors[i]
		c[actorStart].number(zigzag(int64(a.start - before.start)))
		c[actorPID].number(zigzag(int64(int32(a.pid - before.pid))))
		c[actorPPID].number(zigzag(int64(int32(a.ppid - a.pid))))
		c[actorBoot].number(zigzag(a.boot - before.boot))
		before = a
	}
}

// isActor tells whether the row is this actor's.
func (e *Encoder) isActor(row *actor, a, parent *decode.Actor) bool {
	if (row.execID^a.ExecID)|(row.start^a.Start)|uint64(row.boot^a.BootOffset)|uint64((row.pid^a.PID)|(row.ppid^a.PPID)) != 0 {
		return false
	}
	if (int(row.comm)^len(a.Comm))|(int(row.cwd)^len(a.CWD))|(int(row.path)^len(a.Path))|(int(row.arguments)^len(a.Arguments)) != 0 {
		return false
	}
	known := e.known[row.kept:]
	if string(known[:row.comm]) != string(a.Comm) || string(known[row.comm:row.comm+row.cwd]) != string(a.CWD) {
		return false
	}
	if !same(row.user, a.User) || !same(row.host, a.Hostname) || !same(row.container.ID, a.Container.ID) {
		return false
	}
	if a.ExecID == 0 {
		known = known[row.comm+row.cwd:]
		if string(known[:row.path]) != string(a.Path) || string(known[row.path:row.path+row.arguments]) != string(a.Arguments) {
			return false
		}
	}
	if a.Container.ID != "" && row.container != a.Container {
		return false
	}
	if row.parent == 0 || parent == nil {
		return row.parent == 0 && parent == nil
	}
	return e.isActor(&e.actors[row.parent-1], parent, nil)
}

// same compares strings that mostly are one and the same.
func same(a, b string) bool {
	return len(a) == len(b) && (unsafe.StringData(a) == unsafe.StringData(b) || a == b)
}

// container tells a reference to a container; one without an ID is none. There are few:
// they are searched from the last.
func (e *Encoder) container(to *writer, c *decode.Container) {
	if c.ID == "" {
		to.number(actorNone)
		return
	}
	for i := len(e.containers) - 1; i >= 0 && i >= len(e.containers)-mostContainers; i-- {
		if e.containers[i] == *c {
			to.number(uint64(i) + actorFirst)
			return
		}
	}
	for i, s := range [containerColumns]string{c.ID, c.Name, c.Image, c.Runtime, c.PodUID, c.PodName, c.PodNamespace} {
		e.strings.reference(&e.containerColumns[i], view(s))
	}
	e.containers = append(e.containers, *c)
	to.number(actorNew)
}

// mostContainers is how many are searched for one that was told.
const mostContainers = 64

// view is the bytes of a string, which nobody may change.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
