package batch

import "vigil/decode"

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
	actor                  int32  // place + 1; 0: none
	cpu                    uint64 // of the last event, as it lies in its word
}

// nearby finds rows by a hash. What is not found after a few looks takes the place of
// another: a row told twice costs bytes, a long search would cost time.
type nearby struct {
	slots [1 << 12]int32 // place + 1
	next  uint8
}

// ways is how many rows are looked at that have the same slot.
const ways = 4

func (n *nearby) slot(hash uint64, i int) *int32 {
	return &n.slots[(hash+uint64(i))%uint64(len(n.slots))]
}

// put remembers a row.
func (n *nearby) put(hash uint64, place int) {
	slot := (*int32)(nil)
	for i := range ways {
		if slot = n.slot(hash, i); *slot == 0 {
			*slot = int32(place + 1)
			return
		}
	}
	n.next++
	*n.slot(hash, int(n.next)%ways) = int32(place + 1)
}

// who finds the row of an event, or adds it, and tells the reference to it.
func (e *Encoder) who(h *decode.Header, a *decode.Actor) *who {
	if e.lastWho >= 0 {
		if w := &e.whos[e.lastWho]; e.isWho(w, h, a) {
			e.whoRefs.number(whoSame)
			return w
		}
	}
	hash := mix(h.ExecID ^ uint64(h.TID)<<32)
	for i := range ways {
		place := *e.whoSlots.slot(hash, i)
		if place == 0 {
			break
		}
		if w := &e.whos[place-1]; e.isWho(w, h, a) {
			e.lastWho = int(place) - 1
			e.whoRefs.number(uint64(e.lastWho) + whoFirst)
			return w
		}
	}
	e.whoRefs.number(whoNew)
	e.tellWho(h, a)
	e.whoSlots.put(hash, e.lastWho)
	return &e.whos[e.lastWho]
}

// tellWho adds a row. Its numbers are told by tellWhos.
func (e *Encoder) tellWho(h *decode.Header, a *decode.Actor) {
	c := &e.whoColumns
	e.ids.reference(&c[whoExecID], h.ExecID)
	e.ids.reference(&c[whoParent], h.ParentExecID)
	w := who{execID: h.ExecID, parent: h.ParentExecID, cgroup: h.CgroupID, pid: h.PID, tid: h.TID, uid: h.UID}
	if n := len(e.whos); n > 0 {
		w.cpu = e.whos[n-1].cpu
	}
	if a == nil {
		c[whoActor].number(actorNone)
	} else {
		w.actor = e.actor(&c[whoActor], a, a.Parent, true)
	}
	e.lastWho = len(e.whos)
	e.whos = append(e.whos, w)
}

func (e *Encoder) isWho(w *who, h *decode.Header, a *decode.Actor) bool {
	if (w.execID^h.ExecID)|(w.parent^h.ParentExecID)|(w.cgroup^h.CgroupID)|uint64((w.tid^h.TID)|(w.pid^h.PID)|(w.uid^h.UID)) != 0 {
		return false
	}
	if w.actor == 0 || a == nil {
		return w.actor == 0 && a == nil
	}
	return e.isActor(&e.actors[w.actor-1], a, a.Parent)
}

// tellWhos tells the numbers of the rows.
func (e *Encoder) tellWhos() {
	c, before := &e.whoColumns, &who{}
	for i := range e.whos {
		w := &e.whos[i]
		c[whoCgroup].number(zigzag(int64(w.cgroup - before.cgroup)))
		c[whoPID].number(zigzag(int64(int32(w.pid - before.pid))))
		c[whoTID].number(zigzag(int64(int32(w.tid - w.pid))))
		c[whoUID].number(zigzag(int64(int32(w.uid - before.uid))))
		before = w
	}
}
