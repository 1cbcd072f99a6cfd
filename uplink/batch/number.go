package batch

import "encoding/binary"

// appendNumber appends a number in LEB128: 7 bits a byte, the low ones first.
func appendNumber(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	if v < 1<<14 {
		return append(b, byte(v)|0x80, byte(v>>7))
	}
	return binary.AppendUvarint(b, v)
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
