package batch

import (
	"hash/maphash"
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
	hash     uint64
	from, to int
	file     identity // of the file that was last told of under this path
	known    bool     // there was one
}

// identity is a decode.FileIdentity as it lies in records.
type identity = [unsafe.Sizeof(decode.FileIdentity{}) / 8]uint64

// dictionary holds every string of a block once.
type dictionary struct {
	seed  maphash.Seed
	bytes []byte
	texts []text
	slots []int32 // place in texts + 1; a power of two of them, at most half used
}

func newDictionary() dictionary {
	return dictionary{seed: maphash.MakeSeed(), slots: make([]int32, 1<<10)}
}

func (d *dictionary) reset() {
	d.bytes, d.texts = d.bytes[:0], d.texts[:0]
	clear(d.slots)
}

// place finds the string, or adds it. The empty string has the place -1.
func (d *dictionary) place(s []byte) (place int, added bool) {
	if len(s) == 0 {
		return -1, false
	}
	hash := maphash.Bytes(d.seed, s)
	at := int(hash) & (len(d.slots) - 1)
	for d.slots[at] != 0 {
		place := int(d.slots[at]) - 1
		if t := &d.texts[place]; t.hash == hash && string(d.bytes[t.from:t.to]) == string(s) {
			return place, false
		}
		at = (at + 1) & (len(d.slots) - 1)
	}
	d.texts = append(d.texts, text{hash: hash, from: len(d.bytes), to: len(d.bytes) + len(s)})
	d.bytes = append(d.bytes, s...)
	d.slots[at] = int32(len(d.texts))
	if 2*len(d.texts) > len(d.slots) {
		d.grow()
	}
	return len(d.texts) - 1, true
}

func (d *dictionary) grow() {
	d.slots = make([]int32, 2*len(d.slots))
	for i := range d.texts {
		at := int(d.texts[i].hash) & (len(d.slots) - 1)
		for d.slots[at] != 0 {
			at = (at + 1) & (len(d.slots) - 1)
		}
		d.slots[at] = int32(i + 1)
	}
}

// reference appends a reference to the string, and gives its place.
func (d *dictionary) reference(dst, s []byte) ([]byte, int) {
	place, added := d.place(s)
	switch {
	case added:
		return append(dst, refNew), place
	case place < 0:
		return append(dst, refEmpty), place
	}
	return appendNumber(dst, uint64(place)+refFirst), place
}

func (d *dictionary) text(place int) []byte {
	if place < 0 {
		return nil
	}
	return d.bytes[d.texts[place].from:d.texts[place].to]
}

// appendTo appends the columns of the dictionary: of each string, how much of it the
// one before has in common at its beginning, how long the rest is, and the rest.
func (d *dictionary) appendTo(dst []byte, room *[3][]byte) []byte {
	shared, rests, bytes := room[0][:0], room[1][:0], room[2][:0]
	var before []byte
	for i := range d.texts {
		s := d.text(i)
		n := common(before, s)
		shared = appendNumber(shared, uint64(n))
		rests = appendNumber(rests, uint64(len(s)-n))
		bytes = append(bytes, s[n:]...)
		before = s
	}
	room[0], room[1], room[2] = shared, rests, bytes
	dst = appendNumber(dst, uint64(len(d.texts)))
	dst = appendColumn(dst, shared)
	dst = appendColumn(dst, rests)
	return appendColumn(dst, bytes)
}

// common counts the bytes that two strings begin with alike.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// identifiers holds every 64-bit ID of a block once.
type identifiers struct {
	all   []uint64
	slots []int32
}

func newIdentifiers() identifiers { return identifiers{slots: make([]int32, 1<<8)} }

func (d *identifiers) reset() {
	d.all = d.all[:0]
	clear(d.slots)
}

// reference appends a reference to the ID: 0 when it is the next that was not told
// yet, else 1 and its place.
func (d *identifiers) reference(dst []byte, id uint64) []byte {
	at := int(mix(id)) & (len(d.slots) - 1)
	for d.slots[at] != 0 {
		if place := d.slots[at] - 1; d.all[place] == id {
			return appendNumber(dst, uint64(place)+1)
		}
		at = (at + 1) & (len(d.slots) - 1)
	}
	d.all = append(d.all, id)
	d.slots[at] = int32(len(d.all))
	if 2*len(d.all) > len(d.slots) {
		d.grow()
	}
	return append(dst, 0)
}

func (d *identifiers) grow() {
	d.slots = make([]int32, 2*len(d.slots))
	for i, id := range d.all {
		at := int(mix(id)) & (len(d.slots) - 1)
		for d.slots[at] != 0 {
			at = (at + 1) & (len(d.slots) - 1)
		}
		d.slots[at] = int32(i + 1)
	}
}

// mix spreads the bits of a number over all of it.
func mix(x uint64) uint64 {
	x ^= x >> 32
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}
