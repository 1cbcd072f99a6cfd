package batch

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// appendNumber appends a number in LEB128: 7 bits a byte, the low ones first.
func appendNumber(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// writer gathers a column.
type writer struct {
	room []byte
	n    int // bytes of the room that are written
}

func (w *writer) bytes() []byte { return w.room[:w.n] }

func (w *writer) octet(v byte) {
	if w.n >= len(w.room) {
		w.grow(1)
	}
	w.room[w.n] = v
	w.n++
}

// number writes a number in LEB128.
func (w *writer) number(v uint64) {
	if v < 0x80 && w.n < len(w.room) {
		w.room[w.n] = byte(v)
		w.n++
		return
	}
	w.long(v)
}

func (w *writer) long(v uint64) {
	if w.n+binary.MaxVarintLen64 > len(w.room) {
		w.grow(binary.MaxVarintLen64)
	}
	w.n += putNumber(w.room[w.n:], v)
}

// putNumber spreads a number of up to 56 bits over 8 bytes at once: how long it is
// cannot be foretold, and what is not foretold costs more than a few steps.
func putNumber(b []byte, v uint64) int {
	if v >= 1<<56 {
		return binary.PutUvarint(b, v)
	}
	size := uint(bits.Len64(v|1)+6) * 37 >> 8 // a 7th of it
	v = v&(1<<28-1) | v>>28<<32
	v = v&0x00003fff00003fff | v&0x0fffc0000fffc000<<2
	v = v&0x007f007f007f007f | v&0x3f803f803f803f80<<1
	binary.LittleEndian.PutUint64(b, v|0x80808080808080>>(56-8*(size-1)))
	return int(size)
}

func (w *writer) text(s []byte) {
	if w.n+len(s) > len(w.room) {
		w.grow(len(s))
	}
	w.n += copy(w.room[w.n:], s)
}

func (w *writer) grow(n int) {
	w.room = slices.Grow(w.room[:w.n], max(n, 64))
	w.room = w.room[:cap(w.room)]
}

// zigzag makes small numbers of small steps of either sign.
func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// column is read from its beginning. What is not there reads as 0, and is remembered.
type column struct {
	b     []byte
	short bool
}

func (c *column) number() uint64 {
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := c.b[0]
		c.b = c.b[1:]
		return uint64(v)
	}
	return c.long()
}

// long reads a number of several bytes: of up to 8 all at once.
func (c *column) long() uint64 {
	if len(c.b) >= 8 {
		v := binary.LittleEndian.Uint64(c.b)
		if last := ^v & 0x8080808080808080; last != 0 {
			size := bits.TrailingZeros64(last)/8 + 1
			v &= 0x7f7f7f7f7f7f7f7f >> (64 - 8*size)
			v = v&0x007f007f007f007f | v>>1&0x3f803f803f803f80
			v = v&0x00003fff00003fff | v>>2&0x0fffc0000fffc000
			c.b = c.b[size:]
			return v&(1<<28-1) | v>>32<<28
		}
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.b, c.short = nil, true
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *column) step() int64 { return unzigzag(c.number()) }

func (c *column) octet() byte {
	if len(c.b) == 0 {
		c.short = true
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

// take is the next n bytes.
func (c *column) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.b, c.short = nil, true
		return nil
	}
	v := c.b[:n:n]
	c.b = c.b[n:]
	return v
}

// appendColumn appends a column behind its length.
func appendColumn(b, column []byte) []byte {
	return append(appendNumber(b, uint64(len(column))), column...)
}

func appendWriters(b []byte, columns []writer) []byte {
	for i := range columns {
		b = appendColumn(b, columns[i].bytes())
	}
	return b
}

func empty(columns []writer) {
	for i := range columns {
		columns[i].n = 0
	}
}

// column takes a column that stands behind its length.
func (c *column) column() column { return column{b: c.take(c.number())} }

// columns takes so many columns.
func (c *column) columns(n int) []column {
	all := make([]column, n)
	for i := range all {
		all[i] = c.column()
	}
	return all
}
