package batch

import (
	"unsafe"

	"vigil/decode"
)

// What a row of a table is, decoded, bytes.
const (
	textRow      = int(unsafe.Sizeof([]byte{})) + int(unsafe.Sizeof(known{}))
	containerRow = int(unsafe.Sizeof(decode.Container{}))
	actorRow     = int(unsafe.Sizeof(decode.Actor{}))
	whoRow       = int(unsafe.Sizeof(whoRead{}))
)

// known is the file that was last told of under a path.
type known struct {
	file identity
	is   bool
}

// whoRead is who.
type whoRead struct {
	execID, parent, cgroup uint64
	pid, tid, uid          uint32
	actor                  *decode.Actor
}

// dictionary makes the strings.
func (b *Block) dictionary(c *column) error {
	n := c.number()
	shared, rests, bytes := c.column(), c.column(), c.column()
	if n > uint64(len(shared.b)) { // each takes a byte there at least
		return b.damaged("strings")
	}
	if err := b.take(n * uint64(textRow)); err != nil {
		return err
	}
	var total, told, last uint64
	s, r := shared, rests
	for range n {
		common, rest := s.number(), r.number()
		if common > last || rest > uint64(len(bytes.b)) || s.short || r.short {
			return b.damaged("strings")
		}
		last = common + rest
		total, told = total+last, told+rest
	}
	if told != uint64(len(bytes.b)) || len(s.b)+len(r.b) > 0 {
		return b.damaged("strings")
	}
	if err := b.take(total); err != nil {
		return err
	}
	room := make([]byte, 0, total)
	b.texts = make([][]byte, 0, n)
	var before []byte
	for range n {
		at := len(room)
		room = append(room, before[:shared.number()]...)
		room = append(room, bytes.take(rests.number())...)
		before = room[at:len(room):len(room)]
		b.texts = append(b.texts, before)
	}
	return nil
}

// kind finds the columns of a kind.
func (b *Block) kind(kind decode.Kind, c *column) {
	s := &shapes()[kind]
	k := &b.kinds[kind]
	k.there = true
	all := c.number()
	k.masks, k.slots = c.column(), c.column()
	k.texts = c.columns(s.texts)
	k.fields = make([]column, len(s.fields))
	for i := range k.fields {
		if all&(1<<i) != 0 {
			k.fields[i] = c.column()
		}
	}
}
