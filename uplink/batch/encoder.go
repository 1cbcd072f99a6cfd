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

const headerWords = headerSize / 8

// kindColumns are the events of a kind.
type kindColumns struct {
	count  int
	all    uint64   // or of the masks
	masks  []byte   // which fields are others than before
	slots  []byte   // of kinds with endpoints: which they are compared with
	texts  [][]byte // references, by place
	fields [][]byte // what they are, by field
	before []uint64 // the fixed part of the one before
}

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
	whoColumns       [whoColumns][]byte
	actorColumns     [actorColumns][]byte
	containerColumns [containerColumns][]byte

	events   int
	records  uint64 // bytes of them
	time     uint64
	lastWho  int
	kindRefs []byte
	times    []byte
	whoRefs  []byte
	kinds    [decode.KindCount]kindColumns
	ends     endpoints

	alerts       int
	alertLengths []byte
	alertBytes   []byte

	zstd    *zstd.Encoder
	payload []byte
	room    [3][]byte
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
		whoSlots: newNearby(), actorSlots: newNearby(), zstd: z, ratio: 0.5, lastWho: -1,
	}
	for k := range e.kinds {
		s := &e.shapes[k]
		e.kinds[k] = kindColumns{texts: make([][]byte, s.texts), fields: make([][]byte, len(s.fields)), before: make([]uint64, s.fixed/8)}
	}
	return e
}

// Event adds an event: what it is made of is copied. a may be nil, its parent's own
// parent is not kept. An exec ID that is not 0 names one image of one process: path and
// arguments are taken for those told before when they are as long.
func (e *Encoder) Event(r decode.Record, a *decode.Actor) {
	e.events++
	e.records += uint64(r.Length)
	e.kindRefs = append(e.kindRefs, byte(r.Kind()))
	e.times = appendNumber(e.times, zigzag(int64(r.Time-e.time)))
	e.time = r.Time
	e.who(r, a)

	s, k := &e.shapes[r.Kind()], &e.kinds[r.Kind()]
	raw := r.Bytes()
	var places [2]int
	at := s.fixed
	for i := range s.texts {
		n := int(binary.NativeEndian.Uint16(raw[s.lengths+2*i:]))
		var place int
		k.texts[i], place = e.strings.reference(k.texts[i], raw[at:at+n])
		if i < len(places) {
			places[i] = place
		}
		at += n
	}
	before := k.before
	if s.files > 0 && places[0] >= 0 {
		if t := &e.strings.texts[places[0]]; t.known {
			*(*identity)(before[headerWords:]) = t.file
		}
	}
	now := words(raw)[:len(s.words)]
	var slot uint8
	if s.ends {
		slot = slotOf(now)
		k.slots = append(k.slots, slot)
		*(*ends)(before[headerWords:]) = *e.ends.base(slot)
	}
	e.changes(s, k, now, before, r.Time)
	for _, place := range places[:s.files] {
		if place >= 0 {
			t := &e.strings.texts[place]
			t.file, t.known = identity(now[headerWords:]), true
		}
	}
	if s.ends {
		e.ends.set(slot, (*ends)(now[headerWords:]))
	}
}

// changes appends what is another than in the event of the kind before, and makes that
// one this.
func (e *Encoder) changes(s *shape, k *kindColumns, now, before []uint64, time uint64) {
	var changed uint64
	before = before[:len(now)]
	for i := range s.words[:len(now)] {
		w := &s.words[i]
		word, then := now[i], before[i]
		if (word^then)&w.mask == 0 {
			continue
		}
		before[i] = word
		for j := w.first; j < w.end; j++ {
			f := &s.fields[j]
			v, last := f.value(word), f.value(then)
			if v == last {
				continue
			}
			changed |= 1 << j
			switch f.coding {
			case difference:
				k.fields[j] = appendNumber(k.fields[j], zigzag(f.step(v, last)))
			case identifier:
				k.fields[j] = e.ids.reference(k.fields[j], v)
			case clock:
				k.fields[j] = appendNumber(k.fields[j], zigzag(int64(v-time)))
			}
		}
	}
	k.count++
	k.all |= changed
	k.masks = appendNumber(k.masks, changed)
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
	e.alertLengths = appendNumber(e.alertLengths, uint64(len(line)))
	e.alertBytes = append(e.alertBytes, line...)
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
	return estimated*e.events + len(e.strings.bytes) + len(e.alertBytes)
}
