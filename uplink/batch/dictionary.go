package batch

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"vigil/decode"
)

// References to strings: the next that was not told yet, the empty one, or else
// refFirst and its place.
const (
	refNew = iota
	refEmpty
	refFirst
)

// text is a string of the dictionary.
type text struct {
	from, to int32
	known    bool     // a file was told of under this path
	file     identity // the last one
}

// identity is a decode.FileIdentity as it lies in records.
type identity = [unsafe.Sizeof(decode.FileIdentity{}) / 8]uint64

// dictionary holds the strings of a block: each once, or very nearly.
type dictionary struct {
	bytes []byte
	texts []text
	slots []textSlot // a power of two of them, at most half used
	sizes writer
}

type textSlot struct {
	hash  uint32
	place int32 // in texts, + 1
}

// mostTries bounds the search for a string, whoever chose the strings. One that is not
// found is told again.
const mostTries = 16

func newDictionary() dictionary { return dictionary{slots: make([]textSlot, 1<<10)} }

func (d *dictionary) reset() {
	d.bytes, d.texts = d.bytes[:0], d.texts[:0]
	clear(d.slots)
}

// reference writes a reference to the string, and gives its place. The empty string has
// the place -1.
func (d *dictionary) reference(to *writer, s []byte) int {
	if len(s) == 0 {
		to.number(refEmpty)
		return -1
	}
	hash := hashOf(s)
	mask := len(d.slots) - 1
	at := int(hash) & mask
	for range mostTries {
		slot := d.slots[at]
		if slot.place == 0 {
			break
		}
		if slot.hash == hash {
			place := int(slot.place) - 1
			if t := &d.texts[place]; string(d.bytes[t.from:t.to]) == string(s) {
				to.number(uint64(place) + refFirst)
				return place
			}
		}
		at = (at + 1) & mask
	}
	to.number(refNew)
	return d.add(s, hash, at)
}

func (d *dictionary) add(s []byte, hash uint32, at int) int {
	from, n := len(d.bytes), len(d.texts)
	d.bytes = append(d.bytes, s...)
	d.texts = append(d.texts, text{from: int32(from), to: int32(len(d.bytes))})
	d.slots[at] = textSlot{hash, int32(n + 1)}
	if 2*n > len(d.slots) {
		d.grow()
	}
	return n
}

func (d *dictionary) grow() {
	before := d.slots
	d.slots = make([]textSlot, 4*len(before))
	mask := len(d.slots) - 1
	for _, slot := range before {
		if slot.place == 0 {
			continue
		}
		at := int(slot.hash) & mask
		for d.slots[at].place != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = slot
	}
}

// lengths are those of all strings.
func (d *dictionary) lengths() *writer {
	d.sizes.n = 0
	for i := range d.texts {
		d.sizes.number(uint64(d.texts[i].to - d.texts[i].from))
	}
	return &d.sizes
}

const hash0, hash1 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db

// hashOf is the same everywhere: blocks of the same events are the same.
func hashOf(s []byte) uint32 {
	h := uint64(len(s)) * hash1
	n := len(s)
	for len(s) > 16 {
		h = fold(binary.LittleEndian.Uint64(s)^h^hash0, binary.LittleEndian.Uint64(s[8:])^hash1)
		s = s[16:]
	}
	var a, b uint64
	switch {
	case len(s) >= 8:
		a, b = binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[len(s)-8:])
	case len(s) >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(s)), uint64(binary.LittleEndian.Uint32(s[len(s)-4:]))
	case len(s) > 0:
		a, b = uint64(s[0])<<16|uint64(s[len(s)/2])<<8|uint64(s[len(s)-1]), uint64(n)
	}
	return uint32(fold(a^h^hash0, b^hash1))
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
