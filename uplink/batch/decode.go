package batch

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"vigil/decode"
)

// Limits bound what a block may cost who reads it, before anything is taken for it.
type Limits struct {
	// Bytes bounds what the block is when decompressed, together with the tables and
	// strings made of it; and, by itself, all records made of it.
	Bytes int
	// Events bounds the events and alerts.
	Events int
}

// DefaultLimits are enough for any block of a sensor's.
func DefaultLimits() Limits { return Limits{Bytes: 64 << 20, Events: 1 << 17} }

// Block is a block that was opened. Its events are decoded when they are asked for.
type Block struct {
	meta    decode.Meta
	class   Class
	events  int
	alerts  int
	records uint64
	limits  Limits
	size    int // as it came

	payload      int
	texts        [][]byte
	ids          []uint64
	containers   table
	actors       table
	whos         table
	kindRefs     column
	times        column
	whoRefs      column
	kinds        [decode.KindCount]kindReader
	alertLengths column
	alertBytes   column
	spare        int // of Limits.Bytes
}

// table is the columns of a table, and how many rows they make.
type table struct {
	rows    int
	columns []column
}

// kindReader reads the events of a kind.
type kindReader struct {
	there  bool
	all    uint64 // which words ever changed
	masks  column
	slots  column
	texts  []column
	words  []column
	before []uint64
}

// Decode opens a block, and checks all but its events: Events does. It keeps nothing
// of b. It fails with ErrDamaged, ErrLimit or ErrVersion.
func Decode(b []byte, l Limits) (*Block, error) {
	block, err := open(b, l)
	if err != nil {
		return nil, fmt.Errorf("decode block: %w", err)
	}
	return block, nil
}

func open(b []byte, l Limits) (*Block, error) {
	if len(b) < blockHeader {
		return nil, fmt.Errorf("%w: %d bytes, a header has %d", ErrDamaged, len(b), blockHeader)
	}
	if string(b[:4]) != blockMagic {
		return nil, fmt.Errorf("%w: it does not begin with %s", ErrDamaged, blockMagic)
	}
	if b[4] != blockVersion {
		return nil, fmt.Errorf("%w: %d, this vigil reads version %d", ErrVersion, b[4], blockVersion)
	}
	if n := binary.LittleEndian.Uint32(b[28:]); uint64(n) != uint64(len(b)-blockHeader) {
		return nil, fmt.Errorf("%w: %d bytes behind the header, it tells of %d", ErrDamaged, len(b)-blockHeader, n)
	}
	if checksum(b) != binary.LittleEndian.Uint32(b[36:]) {
		return nil, fmt.Errorf("%w: its checksum is another", ErrDamaged)
	}
	events, alerts := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	payload := binary.LittleEndian.Uint32(b[24:])
	block := &Block{
		class: Class(b[5]), events: int(events), alerts: int(alerts), records: binary.LittleEndian.Uint64(b[16:]),
		limits: l, size: len(b), payload: int(payload), spare: l.Bytes,
	}
	want := Events
	if alerts > 0 {
		want = Alerts
	}
	if block.class != want || b[6]|b[7] != 0 || binary.LittleEndian.Uint32(b[32:]) != 0 {
		return nil, fmt.Errorf("%w: its header contradicts itself", ErrDamaged)
	}
	if n := uint64(events) + uint64(alerts); n > uint64(max(l.Events, 0)) {
		return nil, fmt.Errorf("%w: %d events and alerts, at most %d", ErrLimit, n, l.Events)
	}
	if block.records > uint64(max(l.Bytes, 0)) {
		return nil, fmt.Errorf("%w: %d bytes of records, at most %d", ErrLimit, block.records, l.Bytes)
	}
	if err := block.take(uint64(payload)); err != nil {
		return nil, err
	}
	plain, err := decompress(b[blockHeader:], int(payload))
	if err != nil {
		return nil, err
	}
	return block, block.parse(column{b: plain})
}

// take counts what is made of the block.
func (b *Block) take(n uint64) error {
	if n > uint64(max(b.spare, 0)) {
		return fmt.Errorf("%w: it becomes more than %d bytes", ErrLimit, b.limits.Bytes)
	}
	b.spare -= int(n)
	return nil
}

// decompressor opens frames; what it makes is bounded by the room that it is given.
var decompressor = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true))
})

func decompress(b []byte, size int) ([]byte, error) {
	z, err := decompressor()
	if err != nil {
		return nil, fmt.Errorf("make a decompressor: %w", err)
	}
	plain, err := z.DecodeAll(b, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("%w: decompress: %w", ErrDamaged, err)
	}
	if len(plain) != size {
		return nil, fmt.Errorf("%w: %d bytes when decompressed, it tells of %d", ErrDamaged, len(plain), size)
	}
	return plain, nil
}

// parse finds the columns, and makes the dictionary.
func (b *Block) parse(c column) error {
	head := c.take(16)
	if head == nil {
		return b.damaged("meta")
	}
	b.meta.BootSeed, b.meta.BootOffset = binary.LittleEndian.Uint64(head), int64(binary.LittleEndian.Uint64(head[8:]))
	for _, s := range [...]*string{&b.meta.Version, &b.meta.Host, &b.meta.Kernel, &b.meta.Architecture} {
		*s = string(c.take(c.number()))
	}
	strings := c.column()
	b.alertBytes = c.column()
	if err := b.dictionary(&c, strings); err != nil {
		return err
	}
	b.alertLengths = c.column()
	ids := c.number()
	for _, t := range [...]struct {
		table        *table
		columns, row int
	}{{&b.containers, containerColumns, containerRow}, {&b.actors, actorColumns, actorRow}, {&b.whos, whoColumns, whoRow}} {
		rows := c.number()
		if rows > 2*uint64(b.events) {
			return b.damaged("tables")
		}
		if err := b.take(rows * uint64(t.row)); err != nil {
			return err
		}
		*t.table = table{rows: int(rows), columns: c.columns(t.columns)}
	}
	b.kindRefs, b.whoRefs = c.column(), c.column()
	for last := byte(0); ; {
		kind := c.octet()
		if kind == 0 {
			break
		}
		if kind <= last || decode.Kind(kind) >= decode.KindCount {
			return fmt.Errorf("%w: kind %d behind %d", ErrDamaged, kind, last)
		}
		b.kind(decode.Kind(kind), &c)
		last = kind
	}
	for i := range b.kinds {
		b.kinds[i].columns(&c, ^shapes()[i].wide)
	}
	b.times = c.column()
	for i := range b.kinds {
		b.kinds[i].columns(&c, shapes()[i].wide)
	}
	if c.short || uint64(len(c.b))/8 != ids || len(c.b)%8 != 0 {
		return b.damaged("columns")
	}
	if err := b.take(uint64(len(c.b))); err != nil {
		return err
	}
	b.ids = make([]uint64, ids)
	for i := range b.ids {
		b.ids[i] = binary.LittleEndian.Uint64(c.b[8*i:])
	}
	return nil
}

func (b *Block) damaged(what string) error {
	return fmt.Errorf("%w: its %s contradict each other", ErrDamaged, what)
}
