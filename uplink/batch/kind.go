package batch

import "math/bits"

// kindColumns are the events of a kind.
type kindColumns struct {
	count int
	all   uint64   // or of the masks
	masks writer   // which words are others than before
	slots writer   // of kinds with endpoints: which they are compared with
	texts []writer // references, by place
	words []writer // what they are

	before []uint64 // the fixed part of the one before
}

func (k *kindColumns) reset() {
	if k.count == 0 {
		return
	}
	k.count, k.all = 0, 0
	k.masks.n, k.slots.n = 0, 0
	empty(k.texts)
	empty(k.words)
	clear(k.before)
}

// appendWords appends the columns of those words among some that ever changed.
func (k *kindColumns) appendWords(b []byte, among uint64) []byte {
	for left := k.all & among; left != 0; left &= left - 1 {
		b = appendColumn(b, k.words[bits.TrailingZeros64(left)].bytes())
	}
	return b
}
