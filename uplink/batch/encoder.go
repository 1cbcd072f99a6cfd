package batch

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/klauspost/compress/zstd"

	"vigil/decode"
)

// endsSlots is how many connections are remembered.
const endsSlots = 64

const (
	headerWords = headerSize / 8
	cpuOffset   = int32(unsafe.Offsetof(decode.Header{}.CPU))
	cpuWord     = cpuOffset / 8
)

// Encoder gathers events and alerts, and makes a block of them. It is not for several
// goroutines at once.
type Encoder struct {
	meta   decode.Meta
	shapes *[decode.KindCount]shape

	strings          dictionary
	ids              identifiers
	whos             []who
	actors           []actor
	known            []byte // what actors are compared with
	containers       []decode.Container
	whoSlots         nearby
	actorSlots       nearby
	whoColumns       [whoColumns]writer
	actorColumns     [actorColumns]writer
	containerColumns [containerColumns]writer

	events   int
	records  uint64 // bytes of them
	time     uint64
	lastWho  int
	kindRefs writer
	times    writer
	whoRefs  writer
	kinds    [decode.KindCount]kindColumns
	ends     endpoints

	alerts       int
	alertLengths writer
	alertBytes   writer

	zstd    *zstd.Encoder
	payload []byte
	ratio   float64 // bytes of the last block for each that was estimated
}

// ends is a decode.Endpoints as it lies in records.
type ends = [unsafe.Sizeof(decode.Endpoints{}) / 8]uint64

// endpoints remembers ends of connections, for events of the same one to refer to.
type endpoints struct {
	slot [endsSlots]ends
	used [endsSlots]bool
	last uint8
}

// base is what the ends are compared with that are told to lie in the slot.
func (e *endpoints) base(slot uint8) *ends {
	if !e.used[slot] {
		slot = e.last
	}
	return &e.slot[slot]
}

func (e *endpoints) set(slot uint8, told *ends) {
	e.slot[slot] = *told
	e.used[slot], e.last = true, slot
}

// NewEncoder makes an encoder for what a sensor sees; the meta is told with every block.
func NewEncoder(m decode.Meta) *Encoder {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil { // only of options that are none
		panic(fmt.Sprintf("batch: %v", err))
	}
	e := &Encoder{
		meta: m, shapes: shapes(), strings: newDictionary(), ids: newIdentifiers(),
		zstd: z, ratio: 0.5, lastWho: -1,
	}
	for k := range e.kinds {
		s := &e.shapes[k]
		e.kinds[k] = kindColumns{texts: make([]writer, s.texts), words: make([]writer, len(s.words)), before: make([]uint64, s.fixed/8)}
	}
	return e
}

// Event adds an event: what it is made of is copied. a may be nil, its parent's own
// parent is not kept. An exec ID that is not 0 names one image of one process: path and
// arguments are taken for those told before when they are as long.
func (e *Encoder) Event(r decode.Record, a *decode.Actor) {
	kind := r.Kind()
	s, k := &e.shapes[kind], &e.kinds[kind]
	raw := r.Bytes()
	e.events++
	e.records += uint64(len(raw))
	e.kindRefs.octet(byte(kind))
	e.times.number(zigzag(int64(r.Time - e.time)))
	e.time = r.Time
	now, before := words(raw)[:s.fixed/8], k.before
	w := e.who(r.Header, a)
	before[cpuWord] = before[cpuWord]&^s.cpu | w.cpu
	w.cpu = now[cpuWord] & s.cpu

	var places [2]int
	at := s.fixed
	for i := range k.texts {
		n := int(binary.NativeEndian.Uint16(raw[s.lengths+2*i:]))
		place := e.strings.reference(&k.texts[i], raw[at:at+n])
		if i < len(places) {
			places[i] = place
		}
		at += n
	}
	if s.files > 0 && places[0] >= 0 {
		if t := &e.strings.texts[places[0]]; t.known {
			*(*identity)(before[headerWords:]) = t.file
		}
	}
	if s.ends {
		slot := slotOf(now)
		k.slots.octet(slot)
		*(*ends)(before[headerWords:]) = *e.ends.base(slot)
		e.ends.set(slot, (*ends)(now[headerWords:]))
	}
	e.changes(s, k, now, before)
	for _, place := range places[:s.files] {
		if place >= 0 {
			t := &e.strings.texts[place]
			t.file, t.known = identity(now[headerWords:]), true
		}
	}
}

// changes tells what is another than in the event of the kind before, and makes that
// one this.
func (e *Encoder) changes(s *shape, k *kindColumns, now, before []uint64) {
	var changed uint64
	before = before[:len(now)]
	for i := range s.words {
		w := &s.words[i]
		v, last := now[w.at], before[w.at]
		if (v^last)&w.mask == 0 {
			continue
		}
		before[w.at] = v
		changed |= 1 << i
		switch to := &k.words[i]; w.coding {
		case halves:
			low, high := w.parts(v)
			lastLow, lastHigh := w.parts(last)
			to.number(zigzag(int64(int32(low - lastLow))))
			to.number(zigzag(int64(int32(high - lastHigh))))
		case difference:
			to.number(zigzag(int64(w.value(v) - w.value(last))))
		case clock:
			to.number(zigzag(int64(v - e.time)))
		default:
			e.ids.reference(to, v)
		}
	}
	k.count++
	k.all |= changed
	k.masks.number(changed)
}

// words views a record, which is aligned, as numbers; what is behind the last whole
// one is left out.
func words(b []byte) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/8)
}

// slotOf chooses where the ends of a connection are remembered.
func slotOf(record []uint64) uint8 {
	const socket = headerWords + int(unsafe.Offsetof(decode.Endpoints{}.Socket))/8
	return uint8(mix(record[socket]) & (endsSlots - 1))
}

// Alert adds an alert, a line as detect.Alert.AppendJSON writes it. It is copied.
func (e *Encoder) Alert(line []byte) {
	e.alerts++
	e.alertLengths.number(uint64(len(line)))
	e.alertBytes.text(line)
}

// Len is how many events and alerts wait.
func (e *Encoder) Len() int { return e.events + e.alerts }

// estimated is what an event is taken for, bytes, when it brings nothing new.
const estimated = 16

// Size estimates how long the block would be now, bytes.
func (e *Encoder) Size() int {
	return blockHeader + int(e.ratio*float64(e.weight()))
}

func (e *Encoder) weight() int {
	return estimated*e.events + len(e.strings.bytes) + e.alertBytes.n
}
