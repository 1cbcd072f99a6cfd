package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	blockMagic   = "VIGB"
	blockVersion = 1
	blockHeader  = 40
)

// Class parts what is urgent from what is much.
type Class uint8

// The classes. A block with any alert is of class Alerts.
const (
	Events Class = 1
	Alerts Class = 2
)

func (c Class) String() string {
	switch c {
	case Events:
		return "events"
	case Alerts:
		return "alerts"
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Errors of Decode and Block.Events, for callers that tell them apart.
var (
	ErrDamaged = errors.New("block is damaged")
	ErrLimit   = errors.New("block is above a limit")
	ErrVersion = errors.New("block of another version")
)

func checksum(b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(b[:blockHeader-4], table), table, b[blockHeader:])
}

// Encode appends the block of all that was added, and begins the next. Of nothing it
// makes an empty block.
func (e *Encoder) Encode(dst []byte) []byte {
	weight := e.weight()
	e.payload = e.appendPayload(e.payload[:0])
	start := len(dst)
	dst = append(dst, make([]byte, blockHeader)...)
	dst = e.zstd.EncodeAll(e.payload, dst)
	b := dst[start:]
	copy(b, blockMagic)
	b[4], b[5] = blockVersion, byte(Events)
	if e.alerts > 0 {
		b[5] = byte(Alerts)
	}
	binary.LittleEndian.PutUint32(b[8:], uint32(e.events))
	binary.LittleEndian.PutUint32(b[12:], uint32(e.alerts))
	binary.LittleEndian.PutUint64(b[16:], e.records)
	binary.LittleEndian.PutUint32(b[24:], uint32(len(e.payload)))
	binary.LittleEndian.PutUint32(b[28:], uint32(len(b)-blockHeader))
	binary.LittleEndian.PutUint32(b[36:], checksum(b))
	if weight > 0 {
		e.ratio = float64(len(b)-blockHeader) / float64(weight)
	}
	e.reset()
	return dst
}

func (e *Encoder) appendPayload(b []byte) []byte {
	m := &e.meta
	b = binary.LittleEndian.AppendUint64(b, m.BootSeed)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.BootOffset))
	for _, s := range [...]string{m.Version, m.Host, m.Kernel, m.Architecture} {
		b = append(appendNumber(b, uint64(len(s))), s...)
	}
	b = e.strings.appendTo(b, &e.room)
	b = appendNumber(b, uint64(len(e.ids.all)))
	for _, id := range e.ids.all {
		b = binary.LittleEndian.AppendUint64(b, id)
	}
	b = appendNumber(b, uint64(len(e.containers)))
	b = appendColumns(b, e.containerColumns[:])
	b = appendNumber(b, uint64(len(e.actors)))
	b = appendColumns(b, e.actorColumns[:])
	b = appendNumber(b, uint64(len(e.whos)))
	b = appendColumns(b, e.whoColumns[:])
	b = appendColumn(b, e.kindRefs)
	b = appendColumn(b, e.times)
	b = appendColumn(b, e.whoRefs)
	for kind := range e.kinds {
		if e.kinds[kind].count > 0 {
			b = e.kinds[kind].appendTo(append(b, byte(kind)))
		}
	}
	b = append(b, 0)
	b = appendColumn(b, e.alertLengths)
	return appendColumn(b, e.alertBytes)
}

func (k *kindColumns) appendTo(b []byte) []byte {
	b = appendNumber(b, k.all)
	b = appendColumn(b, k.masks)
	b = appendColumn(b, k.slots)
	b = appendColumns(b, k.texts)
	for i, c := range k.fields {
		if k.all&(1<<i) != 0 {
			b = appendColumn(b, c)
		}
	}
	return b
}

func appendColumns(b []byte, columns [][]byte) []byte {
	for _, c := range columns {
		b = appendColumn(b, c)
	}
	return b
}

func empty(columns [][]byte) {
	for i := range columns {
		columns[i] = columns[i][:0]
	}
}

// reset begins a block.
func (e *Encoder) reset() {
	e.strings.reset()
	e.ids.reset()
	clear(e.whoSlots.slots)
	clear(e.actorSlots.slots)
	clear(e.actors) // the strings of others
	clear(e.containers)
	e.whos, e.actors, e.containers = e.whos[:0], e.actors[:0], e.containers[:0]
	e.known = e.known[:0]
	empty(e.whoColumns[:])
	empty(e.actorColumns[:])
	empty(e.containerColumns[:])
	for i := range e.kinds {
		k := &e.kinds[i]
		if k.count == 0 {
			continue
		}
		k.count, k.all = 0, 0
		k.masks, k.slots = k.masks[:0], k.slots[:0]
		empty(k.texts)
		empty(k.fields)
		clear(k.before)
	}
	e.events, e.records, e.time, e.lastWho = 0, 0, 0, -1
	e.kindRefs, e.times, e.whoRefs = e.kindRefs[:0], e.times[:0], e.whoRefs[:0]
	e.ends = endpoints{}
	e.alerts, e.alertLengths, e.alertBytes = 0, e.alertLengths[:0], e.alertBytes[:0]
}
