package export

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	wire "vigil/uplink/batch"
	"vigil/uplink/spool"
)

// Queue bounds what waits for a destination, on disk.
type Queue struct {
	Bytes int64         // 0: 256 MiB
	Age   time.Duration // of what waits; 0: 7 days
}

func (q Queue) withDefaults() Queue {
	if q.Bytes == 0 {
		q.Bytes = 256 << 20
	}
	if q.Age == 0 {
		q.Age = 7 * 24 * time.Hour
	}
	return q
}

// Opener makes items of a block, as they were offered: the same ones in the same order
// whenever it is asked. Nothing of the items lies in the block.
type Opener func(block []byte, yield func(Item)) error

// Backlog is what waits for one destination, and the account of what became of all that
// was offered. Both lie in a folder, and outlive the exporter and the program. Offer and
// Status are for many at once; all else is for the one exporter that takes from it.
type Backlog struct {
	dir   string
	spool *spool.Spool
	open  Opener
	log   *slog.Logger
	lost  chan struct{} // something was lost

	mu     sync.Mutex
	status Status
	fresh  bool // it has what the file has not

	told    uint64  // ID of the last of the spool's drops that is in the account
	hands   [2]hand // alerts, events
	partial map[uint64]*block
	raw     []byte
}

// hand is the blocks of a class that were taken and are not let go of, and the items of
// the last one that were not taken yet.
type hand struct {
	class  wire.Class
	blocks []*block
	items  []Item
}

// block is one that was taken. Its items are answered for one by one.
type block struct {
	Sequence uint64
	Class    wire.Class
	Events   int
	Answered []byte // a bit each
	Gone     bool   // the spool dropped it meanwhile
	left     int
}

func newBlock(e spool.Entry) *block {
	return &block{Sequence: e.Sequence, Class: e.Class, Events: e.Events, Answered: make([]byte, (e.Events+7)/8), left: e.Events}
}

func (b *block) answered(i int) bool { return b.Answered[i/8]&(1<<(i%8)) != 0 }

func (b *block) answer(i int) {
	b.Answered[i/8] |= 1 << (i % 8)
	b.left--
}

// OpenBacklog opens what lies in a folder, which is made when there is none.
func OpenBacklog(dir string, q Queue, open Opener, log *slog.Logger) (*Backlog, error) {
	q = q.withDefaults()
	b := &Backlog{
		dir: dir, open: open, log: log, lost: make(chan struct{}, 1), partial: map[uint64]*block{},
		hands: [2]hand{{class: wire.Alerts}, {class: wire.Events}},
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open backlog: %w", err)
	}
	var err error
	if b.spool, err = spool.Open(filepath.Join(dir, "queue"), spool.Settings{MaxBytes: q.Bytes, MaxAge: q.Age}, log); err != nil {
		return nil, fmt.Errorf("open backlog: %w", err)
	}
	if err := b.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open backlog: %w", err), b.spool.Close())
	}
	return b, nil
}

// Close keeps the account and closes the queue.
func (b *Backlog) Close() error {
	b.putBack()
	return errors.Join(b.save(nil), b.spool.Close())
}

// Offer lays down a block of so many items. It waits for nobody, and for the disk only
// as Append of spool does. What finds no room is counted.
func (b *Backlog) Offer(c wire.Class, items int, raw []byte) {
	_, err := b.spool.Append(c, items, raw)
	b.mu.Lock()
	b.status.Offered += uint64(items)
	if err != nil {
		b.status.LastError, b.status.LastErrorAt = err.Error(), time.Now().UTC()
		b.loseSome(items, c, ReasonFull, b.status.LastErrorAt)
	}
	b.mu.Unlock()
}

// Sync returns when what was offered survives a failure of the machine; of a program it
// does at once.
func (b *Backlog) Sync() error { return b.spool.Sync() }

// loseSome counts items of a class that went together, under the lock.
func (b *Backlog) loseSome(n int, c wire.Class, why Reason, at time.Time) {
	if n <= 0 {
		return
	}
	b.fresh = true
	l := b.status.loseSome(n, why, at)
	if c == wire.Alerts {
		l.Alerts += uint64(n)
	}
	signal(b.lost)
}

// Status tells how it stands. Of what waits, that is what was offered and is neither
// delivered nor lost.
func (b *Backlog) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Losses = append([]Loss(nil), s.Losses...)
	s.Queued = s.Offered - s.Delivered - s.Undelivered
	return s
}

// take gives what waits, alerts first, until it is so many items or bytes.
func (b *Backlog) take(items []Item, most, bytes int, now time.Time) []Item {
	size := 0
	for i := range items {
		size += items[i].size()
	}
	for k := range b.hands {
		h := &b.hands[k]
		for len(items) < most && (size < bytes || len(items) == 0) {
			if len(h.items) == 0 {
				if !b.more(h, now) {
					break
				}
				continue
			}
			if size += h.items[0].size(); size > bytes && len(items) > 0 {
				return items
			}
			items = append(items, h.items[0])
			h.items[0] = Item{}
			h.items = h.items[1:]
		}
	}
	return items
}

// more opens the next block of a class. What of it cannot be read is lost here.
func (b *Backlog) more(h *hand, now time.Time) bool {
	e, raw, err := b.spool.NextOf(h.class, b.raw[:0])
	b.raw = raw
	if err != nil {
		if !errors.Is(err, spool.ErrEmpty) {
			b.failed(err, now)
		}
		return false
	}
	of := b.partial[e.Sequence]
	if delete(b.partial, e.Sequence); of == nil || of.Events != e.Events {
		of = newBlock(e)
	}
	h.blocks, h.items = append(h.blocks, of), h.items[:0]
	place := 0
	err = b.open(raw, func(i Item) {
		if place == of.Events {
			return
		}
		i.of, i.place = of, place
		place++
		switch {
		case of.answered(i.place):
		case i.Alert && !i.wellFormed(): // it is as a sensor wrote it; events are as our own decoder does
			b.answer(&i, ReasonMalformed, now)
		default:
			h.items = append(h.items, i)
		}
	})
	if err != nil {
		b.failed(err, now)
	}
	for ; place < of.Events; place++ {
		if !of.answered(place) {
			b.answer(&Item{Alert: h.class == wire.Alerts, of: of, place: place}, ReasonDamaged, now)
		}
	}
	return true
}

func (b *Backlog) failed(err error, now time.Time) {
	b.mu.Lock()
	b.status.LastError, b.status.LastErrorAt, b.fresh = err.Error(), now, true
	b.mu.Unlock()
}

// answer counts what became of an item: lost for a reason, or delivered.
func (b *Backlog) answer(i *Item, lost Reason, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fresh = true
	if lost != "" {
		b.status.lose(i, lost, now)
		signal(b.lost)
	} else {
		b.status.Delivered++
		b.status.LastDelivery = now
	}
	if i.of != nil {
		i.of.answer(i.place)
	}
}
