package rule

import "encoding/binary"

// A gram is three bytes side by side, the first in bits 8 to 15, with the bit set that
// tells the cases of a letter apart: a first look, for what lies behind it is compared.
type gram uint32

const (
	gramLength = 3
	gramFold   = 0x20202020_20202020
)

// hash spreads grams over the upper bits.
func (g gram) hash() uint32 { return uint32(g) * 0x9e3779b1 }

// gramAt reads a gram, as if zeros followed a text.
func gramAt(text []byte, i int) gram { return gram((wordAt(text, i) | gramFold) << 8) }

// wordAt reads eight bytes, as if zeros followed a value.
func wordAt(v []byte, i int) (w uint64) {
	if i+8 <= len(v) {
		return binary.LittleEndian.Uint64(v[i:])
	}
	if len(v) >= 8 {
		return binary.LittleEndian.Uint64(v[len(v)-8:]) >> (8 * uint(i+8-len(v)) & 63)
	}
	for k, b := range v[i:] {
		w |= uint64(b) << (8 * uint(k) & 63)
	}
	return w
}

// sieve finds literals anywhere in a value. It looks at every second place of it only,
// so it knows two grams of a literal: one that is an even way from the literal's
// beginning, and one that is an odd way. Which two is chosen so that they are rare.
type sieve struct {
	bits   [4096]uint32 // whether any gram of this hash is known
	shift  uint8        // of a hash, to be a place in slots
	slots  []gramSlot   // by hash, or after it
	places []gramPlace
	bytes  []byteLiteral // literals of one byte, which have no grams
}

// gramSlot has what there is to compare where a gram is found. No gram is 0.
type gramSlot struct {
	gram     gram
	from, to uint32 // in places
}

// gramPlace is a literal where a gram of it is.
type gramPlace struct {
	literal uint32
	offset  int32  // of the gram from the literal's beginning
	more    uint32 // four other bytes of the literal, folded like a gram; 0: it is short
	beside  int32  // their offset from the gram
}

type byteLiteral struct {
	lower, upper byte
	literal      uint32
}

func (f *sieve) knows(g gram) bool {
	h := g.hash()
	return f.bits[h>>20]>>(h>>15&31)&1 != 0
}

// sieve marks the literals of a sieve that are in a value, and tells whether the value
// is more than ASCII.
func (st *state) sieve(f *sieve, v []byte) bool {
	all := uint64(0)
	for i := 0; i < len(v); i += 6 {
		w := wordAt(v, i)
		all |= w
		w |= gramFold
		if g := gram(w << 8); f.knows(g) {
			st.compare(f, v, i, g)
		}
		if g := gram(w >> 8 &^ 0xff); f.knows(g) {
			st.compare(f, v, i+2, g)
		}
		if g := gram(w >> 24 &^ 0xff); f.knows(g) {
			st.compare(f, v, i+4, g)
		}
	}
	for _, b := range f.bytes {
		if st.seen[b.literal] != st.epoch && b.in(v) {
			st.mark(b.literal)
		}
	}
	return all&0x80808080_80808080 != 0
}

// compare marks the literals that are where one of their grams is.
func (st *state) compare(f *sieve, v []byte, at int, g gram) {
	k := int(g.hash() >> f.shift)
	for f.slots[k].gram != g {
		if f.slots[k].gram == 0 {
			return
		}
		k = (k + 1) & (len(f.slots) - 1)
	}
	places := f.places[f.slots[k].from:f.slots[k].to]
	for i := range places {
		p := &places[i]
		if p.more != 0 {
			beside := at + int(p.beside)
			if beside < 0 || beside+4 > len(v) || binary.LittleEndian.Uint32(v[beside:])|gramFold&0xffffffff != p.more {
				continue
			}
		}
		if st.seen[p.literal] == st.epoch {
			continue
		}
		text := st.p.literals[p.literal].text
		from := at - int(p.offset)
		if from >= 0 && from+len(text) <= len(v) && hasFolded(v[from:], text) {
			st.mark(p.literal)
		}
	}
}

func (f *sieve) size() int {
	if f == nil {
		return 0
	}
	return 4*len(f.bits) + 12*len(f.slots) + 16*len(f.places) + 8*len(f.bytes)
}
