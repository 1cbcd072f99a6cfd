package batch

// identifiers holds every 64-bit ID of a block once.
type identifiers struct {
	all   []uint64
	slots []int32 // place + 1; a power of two of them, at most half used
}

func newIdentifiers() identifiers { return identifiers{slots: make([]int32, 1<<10)} }

func (d *identifiers) reset() {
	d.all = d.all[:0]
	clear(d.slots)
}

// reference writes a reference to the ID: 0 when it is the next that was not told yet,
// else 1 and its place.
func (d *identifiers) reference(to *writer, id uint64) {
	at := int(mix(id)) & (len(d.slots) - 1)
	for d.slots[at] != 0 {
		if place := d.slots[at] - 1; d.all[place] == id {
			to.number(uint64(place) + 1)
			return
		}
		at = (at + 1) & (len(d.slots) - 1)
	}
	d.all = append(d.all, id)
	d.slots[at] = int32(len(d.all))
	if 2*len(d.all) > len(d.slots) {
		d.grow()
	}
	to.number(0)
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
