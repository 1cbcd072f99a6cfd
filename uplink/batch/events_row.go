package batch

import (
	"math/bits"
	"unsafe"

	"vigil/decode"
)

// text follows a reference to a string, and gives its place; -1 is the empty one.
func (d *reader) text(c *column) int {
	switch ref := c.number(); {
	case ref == refEmpty:
		return -1
	case ref == refNew && d.texts < len(d.block.texts):
		d.texts++
		return d.texts - 1
	case ref >= refFirst && ref-refFirst < uint64(d.texts):
		return int(ref - refFirst)
	}
	d.fail("a reference to a string that was not told")
	return -1
}

func (d *reader) bytes(c *column) []byte {
	if place := d.text(c); place >= 0 {
		return d.block.texts[place]
	}
	return nil
}

// string views what nobody changes: the payload.
func (d *reader) string(c *column) string {
	b := d.bytes(c)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (d *reader) id(c *column) uint64 {
	switch ref := c.number(); {
	case ref == 0 && d.ids < len(d.block.ids):
		d.ids++
		return d.block.ids[d.ids-1]
	case ref > 0 && ref-1 < uint64(d.ids):
		return d.block.ids[ref-1]
	}
	d.fail("a reference to an ID that was not told")
	return 0
}

// who follows the reference of the next event; nil after a fault.
func (d *reader) who() *whoRead {
	ref := d.whoRefs.number()
	switch {
	case d.whoRefs.short:
		d.fail("fewer references to who did it than events")
	case ref == whoSame && d.lastWho != nil:
	case ref == whoNew && len(d.whos) < cap(d.whos):
		d.row()
	case ref >= whoFirst && ref-whoFirst < uint64(len(d.whos)):
		d.lastWho = &d.whos[ref-whoFirst]
	default:
		d.fail("a reference to who did it that was not told")
	}
	if d.fault != "" {
		return nil
	}
	return d.lastWho
}

// row reads the next row of who did it.
func (d *reader) row() {
	var before whoRead
	if n := len(d.whos); n > 0 {
		before = d.whos[n-1]
	}
	c := d.columns.whos
	w := whoRead{execID: d.id(&c[whoExecID]), parent: d.id(&c[whoParent]), cpu: before.cpu}
	w.cgroup = before.cgroup + uint64(c[whoCgroup].step())
	w.pid = before.pid + uint32(c[whoPID].step())
	w.tid = w.pid + uint32(c[whoTID].step())
	w.uid = before.uid + uint32(c[whoUID].step())
	w.actor = d.actor(&c[whoActor], true)
	d.whos = append(d.whos, w)
	d.lastWho = &d.whos[len(d.whos)-1]
}

// actor follows a reference to an actor. The row of one that acts tells its parent.
func (d *reader) actor(c *column, acts bool) *decode.Actor {
	switch ref := c.number(); {
	case ref == actorNone:
		return nil
	case ref == actorNew:
		return d.actorRow(acts)
	case ref >= actorFirst && ref-actorFirst < uint64(len(d.actors)):
		return &d.actors[ref-actorFirst]
	}
	d.fail("a reference to an actor that was not told")
	return nil
}

func (d *reader) actorRow(acts bool) *decode.Actor {
	c := d.columns.actors
	var parent *decode.Actor
	if acts {
		parent = d.actor(&c[actorParent], false)
	}
	if len(d.actors) == cap(d.actors) {
		d.fail("more actors than it tells")
		return nil
	}
	before := decode.Actor{BootOffset: d.block.meta.BootOffset}
	if n := len(d.actors); n > 0 {
		before = d.actors[n-1]
	}
	a := decode.Actor{Parent: parent, ExecID: d.id(&c[actorExecID])}
	a.Start = before.Start + uint64(c[actorStart].step())
	a.PID = before.PID + uint32(c[actorPID].step())
	a.PPID = a.PID + uint32(c[actorPPID].step())
	a.BootOffset = before.BootOffset + c[actorBoot].step()
	a.Comm, a.Path = d.bytes(&c[actorComm]), d.bytes(&c[actorPath])
	a.Arguments, a.CWD = d.bytes(&c[actorArguments]), d.bytes(&c[actorCWD])
	a.User, a.Hostname = d.string(&c[actorUser]), d.string(&c[actorHost])
	a.Container = d.container(&c[actorContainer])
	d.actors = append(d.actors, a)
	return &d.actors[len(d.actors)-1]
}

func (d *reader) container(c *column) decode.Container {
	switch ref := c.number(); {
	case ref == actorNone:
		return decode.Container{}
	case ref == actorNew && len(d.containers) < cap(d.containers):
		var to decode.Container
		for i, s := range [containerColumns]*string{&to.ID, &to.Name, &to.Image, &to.Runtime, &to.PodUID, &to.PodName, &to.PodNamespace} {
			*s = d.string(&d.columns.containers[i])
		}
		d.containers = append(d.containers, to)
		return to
	case ref >= actorFirst && ref-actorFirst < uint64(len(d.containers)):
		return d.containers[ref-actorFirst]
	}
	d.fail("a reference to a container that was not told")
	return decode.Container{}
}

// fill makes the record of the next event of a kind, and gives its length.
func (d *reader) fill(kind decode.Kind, w *whoRead) int {
	s, k := &shapes()[kind], &d.kinds[kind]
	length := s.fixed
	for i := range s.texts {
		d.places[i] = d.text(&k.texts[i])
		length += len(d.at(d.places[i]))
	}
	if length > decode.MaxRecord {
		d.fail("a record that is too long")
	}
	if d.fault != "" {
		return 0
	}
	before := k.before
	if s.files > 0 && d.places[0] >= 0 && d.known[d.places[0]].is {
		*(*identity)(before[headerWords:]) = d.known[d.places[0]].file
	}
	var slot uint8
	if s.ends {
		if slot = k.slots.octet(); slot >= endsSlots {
			d.fail("a slot that there is not")
			return 0
		}
		*(*ends)(before[headerWords:]) = *d.ends.base(slot)
	}
	before[cpuWord] = before[cpuWord]&^s.cpu | w.cpu
	d.changes(s, k)
	w.cpu = before[cpuWord] & s.cpu
	for i, place := range d.places[:s.files] {
		if place >= 0 {
			d.known[d.places[i]] = known{file: identity(before[headerWords:]), is: true}
		}
	}
	if s.ends {
		d.ends.set(slot, (*ends)(before[headerWords:]))
	}
	h := (*decode.Header)(unsafe.Pointer(&before[0]))
	h.Length, h.Kind, h.Time = uint32(length), uint16(kind), d.time
	h.ExecID, h.ParentExecID, h.CgroupID, h.PID, h.TID, h.UID = w.execID, w.parent, w.cgroup, w.pid, w.tid, w.uid
	if n := (length + 7) / 8; n > len(d.record) {
		d.record = make([]uint64, n+n/2)
	}
	raw := octets(d.record)
	at := copy(raw, octets(before))
	for i := range s.texts {
		text := d.at(d.places[i])
		*(*uint16)(unsafe.Pointer(&raw[s.lengths+2*i])) = uint16(len(text))
		at += copy(raw[at:], text)
	}
	return length
}

func (d *reader) at(place int) []byte {
	if place < 0 {
		return nil
	}
	return d.block.texts[place]
}

// changes makes of the event before what the next one of the kind is.
func (d *reader) changes(s *shape, k *kindReader) {
	for changed := k.masks.number(); changed != 0; changed &= changed - 1 {
		i := bits.TrailingZeros64(changed)
		if i >= len(s.words) {
			d.fail("a change of a word that the kind has not")
			return
		}
		w, c := &s.words[i], &k.words[i]
		v := &k.before[w.at]
		switch w.coding {
		case halves:
			low, high := w.parts(*v)
			low += uint32(c.step())
			high += uint32(c.step())
			*v = *v&^w.mask | w.whole(low, high)
		case difference:
			*v = w.value(w.value(*v) + uint64(c.step()))
		case clock:
			*v = d.time + uint64(c.step())
		default:
			*v = d.id(c)
		}
	}
}

// octets views numbers as the bytes of a record.
func octets(w []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), 8*len(w))
}
