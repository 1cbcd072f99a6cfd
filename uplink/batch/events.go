package batch

import (
	"fmt"
	"slices"

	"vigil/decode"
)

// Meta is what the block says of the machine that its events are of.
func (b *Block) Meta() decode.Meta { return b.meta }

// Class tells events from alerts.
func (b *Block) Class() Class { return b.class }

// Len is how many events and alerts there are.
func (b *Block) Len() int { return b.events + b.alerts }

// Counts are how many events and how many alerts there are.
func (b *Block) Counts() (events, alerts int) { return b.events, b.alerts }

// Sizes are how long the block is, how long when decompressed, and how long its
// records are together, bytes.
func (b *Block) Sizes() (compressed, plain int, records uint64) {
	return b.size, b.payload, b.records
}

// reader goes through the events of a block, from first to last.
type reader struct {
	block      *Block
	known      []known // by text
	texts, ids int     // how many of them have been told
	containers []decode.Container
	actors     []decode.Actor
	whos       []whoRead
	columns    struct{ containers, actors, whos []column }
	kindRefs   column
	times      column
	whoRefs    column
	kinds      [decode.KindCount]kindReader
	ends       endpoints
	time       uint64
	lastWho    *whoRead
	record     []uint64 // room for the longest so far
	places     [mostTexts]int
	fault      string // what contradicts itself
}

// mostTexts is how many texts any kind has at most.
const mostTexts = 8

// Events gives the events in the order in which they were added. A record is valid until
// f returns, an actor stays; f ends it by false. What comes before an error,
// which is ErrDamaged or ErrLimit, was given.
func (b *Block) Events(f func(r decode.Record, a *decode.Actor) bool) error {
	d := b.reader()
	var total uint64
	for i := range b.events {
		record, a, err := d.next()
		if err == nil {
			if total += uint64(record.Length); total > b.records {
				err = fmt.Errorf("%w: its records are longer than it tells", ErrDamaged)
			}
		}
		if err != nil {
			return fmt.Errorf("decode event %d of %d: %w", i+1, b.events, err)
		}
		if !f(record, a) {
			return nil
		}
	}
	if err := d.end(total); err != nil {
		return fmt.Errorf("decode events: %w", err)
	}
	return nil
}

func (b *Block) reader() *reader {
	d := &reader{
		block: b, known: make([]known, len(b.texts)), containers: make([]decode.Container, 0, b.containers.rows),
		actors: make([]decode.Actor, 0, b.actors.rows), whos: make([]whoRead, 0, b.whos.rows),
		kindRefs: b.kindRefs, times: b.times, whoRefs: b.whoRefs, kinds: b.kinds,
	}
	d.columns.containers = slices.Clone(b.containers.columns)
	d.columns.actors, d.columns.whos = slices.Clone(b.actors.columns), slices.Clone(b.whos.columns)
	for i := range d.kinds {
		if k := &d.kinds[i]; k.there {
			k.texts, k.words, k.before = slices.Clone(k.texts), slices.Clone(k.words), make([]uint64, shapes()[i].fixed/8)
		}
	}
	return d
}

// next decodes an event.
func (d *reader) next() (decode.Record, *decode.Actor, error) {
	kind := d.kindRefs.octet()
	if int(kind) >= len(d.kinds) || !d.kinds[kind].there {
		return decode.Record{}, nil, fmt.Errorf("%w: kind %d has no columns", ErrDamaged, kind)
	}
	d.time += uint64(d.times.step())
	w := d.who()
	if w == nil {
		return decode.Record{}, nil, d.damaged()
	}
	length := d.fill(decode.Kind(kind), w)
	if d.fault != "" {
		return decode.Record{}, nil, d.damaged()
	}
	r, err := decode.Decode(octets(d.record)[:length])
	if err != nil {
		return decode.Record{}, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r, w.actor, nil
}

func (d *reader) damaged() error { return fmt.Errorf("%w: %s", ErrDamaged, d.fault) }

// fail remembers the first fault.
func (d *reader) fail(what string) {
	if d.fault == "" {
		d.fault = what
	}
}

// end checks that all columns were read to their ends, and not further.
func (d *reader) end(total uint64) error {
	left, short := 0, false
	look := func(columns ...column) {
		for i := range columns {
			left += len(columns[i].b)
			short = short || columns[i].short
		}
	}
	look(d.kindRefs, d.times, d.whoRefs)
	look(d.columns.containers...)
	look(d.columns.actors...)
	look(d.columns.whos...)
	for i := range d.kinds {
		look(d.kinds[i].masks, d.kinds[i].slots)
		look(d.kinds[i].texts...)
		look(d.kinds[i].words...)
	}
	if short || left > 0 {
		return fmt.Errorf("%w: columns end before their events, or after", ErrDamaged)
	}
	if b := d.block; total != b.records || d.texts != len(b.texts) || d.ids != len(b.ids) ||
		len(d.containers) != b.containers.rows || len(d.actors) != b.actors.rows || len(d.whos) != b.whos.rows {
		return fmt.Errorf("%w: it has more than its events tell of", ErrDamaged)
	}
	return nil
}

// Alerts gives the alerts, each as it was added; f ends it by false. A line is valid
// as long as the block.
func (b *Block) Alerts(f func(line []byte) bool) error {
	lengths, bytes := b.alertLengths, b.alertBytes
	for range b.alerts {
		line := bytes.take(lengths.number())
		if lengths.short || bytes.short {
			return fmt.Errorf("decode alerts: %w: columns end before their alerts", ErrDamaged)
		}
		if !f(line) {
			return nil
		}
	}
	if len(lengths.b)+len(bytes.b) > 0 {
		return fmt.Errorf("decode alerts: %w: columns end after their alerts", ErrDamaged)
	}
	return nil
}
