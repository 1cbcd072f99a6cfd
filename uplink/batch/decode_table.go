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
	cpu                    uint64 // of the last event, as it lies in its word
}

// dictionary makes the strings, which lie one behind the other.
func (b *Block) dictionary(c *column, bytes column) error {
	n, lengths := c.number(), c.column()
	if n > uint64(len(lengths.b)) { // each takes a byte there at least
		return b.damaged("strings")
	}
	if err := b.take(n * uint64(textRow)); err != nil {
		return err
	}
	b.texts = make([][]byte, n)
	for i := range b.texts {
		b.texts[i] = bytes.take(lengths.number())
	}
	if lengths.short || bytes.short || len(lengths.b)+len(bytes.b) > 0 {
		return b.damaged("strings")
	}
	return nil
}

// kind finds the columns of a kind.
func (b *Block) kind(kind decode.Kind, c *column) {
	s := &shapes()[kind]
	k := &b.kinds[kind]
	k.there = true
	k.all = c.number()
	k.masks, k.slots = c.column(), c.column()
	k.texts = c.columns(s.texts)
	k.words = make([]column, len(s.words))
}

// columns finds the columns of those words among some that ever changed.
func (k *kindReader) columns(c *column, among uint64) {
	for i := range k.words {
		if k.all&among&(1<<i) != 0 {
			k.words[i] = c.column()
		}
	}
}
