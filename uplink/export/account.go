package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"vigil/uplink/spool"
)

// account is the file that lies beside the queue. What it says is so before the queue is
// told: a block that is done by it is never opened again, whenever the program ends.
type account struct {
	Status Status
	Done   []uint64 // blocks to be let go of
	Told   uint64   // the last of the queue's drops that is counted here
	Blocks []*block // that are answered for in part
}

func (b *Backlog) path() string { return filepath.Join(b.dir, "account.json") }

// load reads the account and brings the queue to where it says that it is.
func (b *Backlog) load() error {
	var a account
	text, err := os.ReadFile(b.path())
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read the account: %w", err)
	}
	if err := b.spool.Release(a.Done...); err != nil {
		return err
	}
	b.status, b.told = a.Status, a.Told
	for _, of := range a.Blocks {
		of.left = of.Events
		for i := range of.Events {
			if of.answered(i) {
				of.left--
			}
		}
		if of.Gone {
			b.loseSome(of.left, of.Class, ReasonFull, time.Now().UTC())
			continue
		}
		b.partial[of.Sequence] = of
	}
	b.fold(func(of *block) int { return of.Events - of.left }, slices.Collect(maps.Values(b.partial)))
	waiting := uint64(0)
	for _, c := range b.spool.Stats().Classes {
		waiting += c.Waiting.Events
	}
	for _, of := range b.partial {
		if !of.Gone {
			waiting -= uint64(of.Events - of.left)
		}
	}
	maps.DeleteFunc(b.partial, func(_ uint64, of *block) bool { return of.Gone })
	// What was offered after the account was written last is in the queue.
	b.status.Offered = b.status.Delivered + b.status.Undelivered + waiting
	return b.save(nil)
}

// fold counts what the spool dropped. Of a block in hand it counts all, though some is
// answered for, or will be: that much is taken off.
func (b *Backlog) fold(off func(*block) int, inHand []*block) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.spool.Tell() { // the same until they are told
		if d.ID <= b.told {
			continue
		}
		b.told = d.ID
		n := int(d.Events)
		for _, of := range inHand {
			if of.Class == d.Class && !of.Gone && d.First <= of.Sequence && of.Sequence <= d.Last {
				of.Gone = true
				n -= off(of)
			}
		}
		b.loseSome(n, d.Class, reasonOf(d.Reason), d.Time.UTC())
	}
}

func reasonOf(r spool.Reason) Reason {
	switch r {
	case spool.Bytes:
		return ReasonFull
	case spool.Age:
		return ReasonOld
	case spool.DiskFull:
		return ReasonDisk
	}
	return ReasonDamaged
}

// commit lets go of the blocks that are answered for, in their order.
func (b *Backlog) commit() error {
	var done []*block
	var sequences []uint64
	for k := range b.hands {
		h := &b.hands[k]
		for len(h.blocks) > 0 && h.blocks[0].left == 0 {
			done, sequences = append(done, h.blocks[0]), append(sequences, h.blocks[0].Sequence)
			h.blocks = h.blocks[1:]
		}
	}
	b.mu.Lock()
	fresh := b.fresh
	b.mu.Unlock()
	var err error
	if fresh || len(sequences) > 0 {
		err = b.save(sequences)
	}
	if len(sequences) > 0 {
		err = errors.Join(err, b.spool.Release(sequences...))
	}
	if len(b.spool.Drops()) > 0 {
		// Blocks leave in their order: one that was let go of in time lies before the drop.
		b.fold(func(of *block) int { return of.Events }, append(done, b.inHand()...))
		err = errors.Join(err, b.save(nil))
	}
	return err
}

func (b *Backlog) inHand() (all []*block) {
	for k := range b.hands {
		all = append(all, b.hands[k].blocks...)
	}
	return all
}

// putBack gives back what was taken and is not answered for: it is given again.
func (b *Backlog) putBack() {
	b.mu.Lock()
	for k := range b.hands {
		h := &b.hands[k]
		for _, of := range h.blocks {
			if of.Gone {
				b.loseSome(of.left, of.Class, ReasonFull, time.Now().UTC())
			} else if of.left < of.Events {
				b.partial[of.Sequence] = of
			}
		}
		h.blocks, h.items = nil, nil
	}
	b.mu.Unlock()
	b.spool.Rewind()
}

// save writes the account, whole or not at all.
func (b *Backlog) save(done []uint64) error {
	b.mu.Lock()
	b.fresh = false
	b.mu.Unlock()
	a := account{Status: b.Status(), Done: done, Told: b.told}
	for _, of := range b.inHand() {
		if of.left < of.Events || of.Gone {
			a.Blocks = append(a.Blocks, of)
		}
	}
	for _, of := range b.partial {
		a.Blocks = append(a.Blocks, of)
	}
	text, err := json.Marshal(a)
	if err == nil {
		err = replace(b.path(), text)
	}
	if err != nil {
		b.mu.Lock()
		b.fresh = true
		b.mu.Unlock()
		return fmt.Errorf("keep the account of an export: %w", err)
	}
	if len(b.spool.Drops()) > 0 {
		b.spool.Told(a.Told)
	}
	return nil
}

// replace puts text in the place of a file's.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
