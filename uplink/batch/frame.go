package batch

import (
	"encoding/binary"
	"slices"

	"github.com/klauspost/compress/huff0"
)

// compressor makes a zstd frame (RFC 8878) of a payload. A general one does not know what
// in a payload repeats itself and what nothing foretells, and looks everywhere; this one
// looks where it pays, and only for what is long enough to pay.
type compressor struct {
	huffman  huff0.Scratch
	coders   *coders
	table    [1 << tableBits]int32 // places + 1 in the payload, by a hash of what is there
	found    []sequence
	literals []byte // between what was found
}

const (
	frameMagic    = 0xfd2fb528
	frameSingle   = 2<<6 | 1<<5 // the frame's length, 4 bytes, follows; there is no window
	mostOfBlock   = 128 << 10
	leastOfCode   = 64   // literals that a Huffman code can shorten
	leastOfStream = 1024 // from which on literals have four streams
	leastOfBlock  = 8192 // that gets a code of its own

	tableBits  = 12
	leastMatch = 6       // bytes that must be the same to be told as a sequence
	farthest   = 1 << 24 // how far before they may be
)

// The types of a frame's blocks.
const (
	blockRaw = iota
	blockRepeated
	blockCompressed
)

// The types of literals.
const (
	literalsRaw = iota
	literalsRepeated
	literalsCoded
)

// part is a piece of a payload.
type part struct {
	end  int
	kind partKind
}

type partKind uint8

const (
	texts     partKind = iota // have much that was there before
	repeating                 // has what was there before
	numbers                   // have not
	random                    // is shortened by nothing
)

// appendFrame appends the frame of the payload. Small parts that follow each other and
// are alike share a block.
func (c *compressor) appendFrame(dst, payload []byte, parts []part) []byte {
	clear(c.table[:])
	dst = binary.LittleEndian.AppendUint32(dst, frameMagic)
	dst = append(dst, frameSingle)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	from := 0
	for i, p := range parts {
		if p.end-from < leastOfBlock && i+1 < len(parts) && parts[i+1].kind == p.kind {
			continue
		}
		for from < p.end {
			to := min(from+mostOfBlock, p.end)
			dst = c.appendBlock(dst, payload, from, to, p.kind)
			from = to
		}
	}
	return appendBlockHeader(dst, blockRaw, 0, 1)
}

func appendBlockHeader(dst []byte, kind, size, last int) []byte {
	v := uint32(size)<<3 | uint32(kind)<<1 | uint32(last)
	return append(dst, byte(v), byte(v>>8), byte(v>>16))
}

// appendBlock appends a block of the payload from one place to another.
func (c *compressor) appendBlock(dst, payload []byte, from, to int, kind partKind) []byte {
	start := len(dst)
	plain := payload[from:to]
	if kind != random {
		c.found = c.found[:0]
		literals := plain
		if patience := kind.patience(); patience > 0 {
			literals = c.find(payload, from, to, patience)
		}
		dst = appendBlockHeader(dst, blockCompressed, 0, 0)
		dst = c.appendLiterals(dst, literals)
		dst = c.coders.append(dst, c.found)
		if size := len(dst) - start - 3; size < len(plain) {
			appendBlockHeader(dst[:start], blockCompressed, size, 0)
			return dst
		}
		dst = dst[:start]
	}
	return append(appendBlockHeader(dst, blockRaw, len(plain), 0), plain...)
}

// appendLiterals appends the literals of a block, in a Huffman code if that shortens them.
func (c *compressor) appendLiterals(dst, b []byte) []byte {
	var short []byte
	err := huff0.ErrIncompressible
	if len(b) >= leastOfCode {
		c.huffman.Reuse = huff0.ReusePolicyNone
		code := huff0.Compress4X
		if len(b) < leastOfStream {
			code = huff0.Compress1X
		}
		short, _, err = code(b, &c.huffman)
	}
	switch {
	case err == nil && len(short) < len(b):
		return append(appendLiteralsHeader(dst, len(b), len(short)), short...)
	case len(b) > 0 && err == huff0.ErrUseRLE: //nolint:errorlint // it is what the package returns
		return append(appendPlainHeader(dst, literalsRepeated, len(b)), b[0])
	}
	return append(appendPlainHeader(dst, literalsRaw, len(b)), b...)
}

// appendPlainHeader appends the header of literals without a code.
func appendPlainHeader(dst []byte, kind, n int) []byte {
	v := uint32(n)<<4 | 3<<2 | uint32(kind)
	return append(dst, byte(v), byte(v>>8), byte(v>>16))
}

// appendLiteralsHeader appends the header of literals in a code of their own.
func appendLiteralsHeader(dst []byte, plain, short int) []byte {
	var head uint64
	var size int
	switch {
	case plain < leastOfStream:
		size, head = 3, uint64(plain)<<4|uint64(short)<<14
	case plain < 1<<14:
		size, head = 4, 2<<2|uint64(plain)<<4|uint64(short)<<18
	default:
		size, head = 5, 3<<2|uint64(plain)<<4|uint64(short)<<22
	}
	head |= literalsCoded
	for i := range size {
		dst = append(dst, byte(head>>(8*i)))
	}
	return dst
}

// patience tells how long each byte is looked at where nothing is found: 0 is never.
func (k partKind) patience() int {
	switch k {
	case texts:
		return 4
	case repeating:
		return 5
	}
	return 0
}

// find finds what was there before, and gives the bytes between.
func (c *compressor) find(payload []byte, from, to, patience int) []byte {
	literals, found := slices.Grow(c.literals[:0], to-from), c.found
	told, last := from, 0
	for i := from; i+8 <= to; {
		v := binary.LittleEndian.Uint64(payload[i:])
		slot := &c.table[v<<(64-8*leastMatch)*hash0>>(64-tableBits)]
		at := int(*slot) - 1
		*slot = int32(i + 1)
		if at < 0 || i-at > farthest || (binary.LittleEndian.Uint64(payload[at:])^v)<<(64-8*leastMatch) != 0 {
			i += 1 + (i-told)>>patience
			continue
		}
		n := leastMatch + common(payload[at+leastMatch:], payload[i+leastMatch:to])
		for i > told && at > 0 && payload[i-1] == payload[at-1] {
			i, at, n = i-1, at-1, n+1
		}
		offset := uint32(i-at) + sequenceOffset
		if i-at == last && i > told {
			offset = sequenceAgain
		}
		last = i - at
		found = append(found, sequence{literals: uint32(i - told), length: uint32(n), offset: offset})
		literals = append(literals, payload[told:i]...)
		i += n
		told = i
	}
	literals = append(literals, payload[told:to]...)
	c.literals, c.found = literals, found
	return literals
}
