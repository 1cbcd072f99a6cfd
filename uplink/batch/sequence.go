package batch

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
)

// sequence is so many literals, and then bytes that were there before.
type sequence struct {
	literals uint32
	length   uint32 // at least 3
	offset   uint32 // sequenceOffset and how far before, or sequenceAgain
}

const (
	sequenceAgain  = 1 // as far before as the sequence before; with literals
	sequenceOffset = 3
)

// coders write sequences with the tables that RFC 8878 predefines (3.1.1.3.2.2).
type coders struct {
	literals, lengths, offsets coder
}

var predefined = sync.OnceValue(func() *coders {
	return &coders{
		literals: newCoder(6, []int8{4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1}),
		lengths: newCoder(6, []int8{
			1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
			1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
		}),
		offsets: newCoder(5, []int8{1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1}),
	}
})

// coder writes symbols in an FSE code (RFC 8878, 4.1).
type coder struct {
	log     uint
	states  [64]uint16 // the next, by symbol
	symbols [64]struct{ bits, first int32 }
}

// newCoder makes the coder of symbols that come so often; -1 is less than once.
func newCoder(log uint, often []int8) coder {
	size := 1 << log
	c := coder{log: log}
	spread := make([]int, size)
	high := size - 1
	firsts := make([]int, len(often))
	total := 0
	for s, n := range often {
		firsts[s] = total
		t := &c.symbols[s]
		t.first = int32(total - max(int(n), 1))
		if n > 1 {
			most := int32(log) - int32(bits.Len8(uint8(n-1))-1)
			t.bits = most<<16 - int32(n)<<most
		} else {
			t.bits = int32(log)<<16 - 1<<log
		}
		if n < 0 {
			spread[high] = s
			high--
		}
		total += max(int(n), 1)
	}
	at := 0
	for s, n := range often {
		for range n {
			spread[at] = s
			for at = (at + size>>1 + size>>3 + 3) & (size - 1); at > high; {
				at = (at + size>>1 + size>>3 + 3) & (size - 1)
			}
		}
	}
	for i, s := range spread {
		c.states[firsts[s]] = uint16(size + i)
		firsts[s]++
	}
	return c
}

// start is the state whose first symbol is this one.
func (c *coder) start(symbol uint8) uint32 {
	t := c.symbols[symbol]
	n := (t.bits + 1<<15) >> 16
	return uint32(c.states[(n<<16-t.bits)>>n+t.first])
}

// bitWriter writes bits, the low ones first, to be read from the end. Its room is enough.
type bitWriter struct {
	room []byte
	at   int
	held uint64
	n    uint
}

func (w *bitWriter) add(v uint64, n uint) {
	w.held |= v & (1<<(n&63) - 1) << (w.n & 63)
	w.n += n
}

// flush writes whole bytes: fewer than 8 bits are held then.
func (w *bitWriter) flush() {
	binary.LittleEndian.PutUint64(w.room[w.at:], w.held)
	w.at += int(w.n / 8)
	w.held >>= w.n & 56
	w.n &= 7
}

// put writes a symbol and gives the next state.
func (c *coder) put(w *bitWriter, state uint32, symbol uint8) uint32 {
	t := c.symbols[symbol&63]
	n := uint32(int32(state)+t.bits) >> 16
	w.add(uint64(state), uint(n))
	return uint32(c.states[(int32(state>>(n&31))+t.first)&63])
}

// largestSequence is how many bytes a sequence takes at most.
const largestSequence = 12

// append appends the sequences of a block, from the last to the first.
func (c *coders) append(dst []byte, all []sequence) []byte {
	switch n := len(all); {
	case n == 0:
		return append(dst, 0)
	case n < 128:
		dst = append(dst, byte(n))
	default: // fewer than 0x7f00, as a block has room for
		dst = append(dst, byte(n>>8)+128, byte(n))
	}
	dst = append(dst, 0) // all tables are the predefined
	dst = slices.Grow(dst, largestSequence*len(all)+16)
	w := bitWriter{room: dst[:cap(dst)], at: len(dst)}
	var literals, lengths, offsets uint32
	for i := len(all) - 1; i >= 0; i-- {
		s := &all[i]
		length := s.length - 3
		a, b, o := literalsCode(s.literals), lengthCode(length), uint8(bits.Len32(s.offset)-1)
		if i == len(all)-1 {
			literals, lengths, offsets = c.literals.start(a), c.lengths.start(b), c.offsets.start(o)
		} else {
			offsets = c.offsets.put(&w, offsets, o)
			lengths = c.lengths.put(&w, lengths, b)
			literals = c.literals.put(&w, literals, a)
		}
		w.add(uint64(s.literals), uint(literalsBits[a]))
		w.flush()
		w.add(uint64(length), uint(lengthBits[b]))
		w.add(uint64(s.offset), uint(o))
		w.flush()
	}
	w.add(uint64(lengths), c.lengths.log)
	w.add(uint64(offsets), c.offsets.log)
	w.add(uint64(literals), c.literals.log)
	w.add(1, 1)
	w.flush()
	if w.n > 0 { // flush wrote them too
		w.at++
	}
	return w.room[:w.at]
}

// How many bits follow the codes.
var (
	literalsBits = [36]uint8{16: 1, 17: 1, 18: 1, 19: 1, 20: 2, 21: 2, 22: 3, 23: 3, 24: 4, 25: 6, 26: 7, 27: 8, 28: 9, 29: 10, 30: 11, 31: 12, 32: 13, 33: 14, 34: 15, 35: 16}
	lengthBits   = [53]uint8{32: 1, 33: 1, 34: 1, 35: 1, 36: 2, 37: 2, 38: 3, 39: 3, 40: 4, 41: 4, 42: 5, 43: 7, 44: 8, 45: 9, 46: 10, 47: 11, 48: 12, 49: 13, 50: 14, 51: 15, 52: 16}
)

func literalsCode(n uint32) uint8 {
	if n >= 64 {
		return uint8(bits.Len32(n) + 18)
	}
	return literalsCodes[n]
}

func lengthCode(n uint32) uint8 {
	if n >= 128 {
		return uint8(bits.Len32(n) + 35)
	}
	return lengthCodes[n]
}

// The codes of small numbers.
var (
	literalsCodes = [64]uint8{
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 20, 20, 21, 21, 21, 21,
		22, 22, 22, 22, 22, 22, 22, 22, 23, 23, 23, 23, 23, 23, 23, 23, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24,
	}
	lengthCodes = [128]uint8{
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
		32, 32, 33, 33, 34, 34, 35, 35, 36, 36, 36, 36, 37, 37, 37, 37, 38, 38, 38, 38, 38, 38, 38, 38, 39, 39, 39, 39, 39, 39, 39, 39,
		40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41,
		42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42,
	}
)
