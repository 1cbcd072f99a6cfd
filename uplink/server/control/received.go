package control

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Key is the identity of a batch.
type Key struct {
	Sensor          string
	Epoch, Sequence uint64
}

// nobody owns what no server stores: the sensor's spool dropped it.
const nobody = ""

type received struct {
	server string
	ranges Ranges
}

func scanReceived(s scanner, r *received) error {
	var text string
	err := s.Scan(&r.server, &text)
	if err == nil {
		r.ranges, err = ParseRanges(text)
	}
	return err
}

func (d *DB) received(ctx context.Context, q querier, k Key) ([]received, error) {
	all, err := list(ctx, d, q, scanReceived, "SELECT server, ranges FROM received WHERE sensor = ? AND epoch = ?", k.Sensor, epochText(k.Epoch))
	if err != nil {
		return nil, fmt.Errorf("read what was received of %s: %w", k.Sensor, err)
	}
	return all, nil
}

func epochText(epoch uint64) string { return fmt.Sprintf("%016x", epoch) }

// Received tells whether a server has the batch, or its sensor said that it never comes.
func (d *DB) Received(ctx context.Context, k Key) (bool, error) {
	r, err := d.ReceivedOf(ctx, k.Sensor, k.Epoch)
	return r.Has(k.Sequence), err
}

// ReceivedOf gives all of a sensor's epoch that Received is true of.
func (d *DB) ReceivedOf(ctx context.Context, sensor string, epoch uint64) (Ranges, error) {
	all, err := d.received(d.brief(ctx), d.db, Key{Sensor: sensor, Epoch: epoch})
	var set Ranges
	for _, r := range all {
		for _, e := range r.ranges {
			set = set.Add(e)
		}
	}
	return set, err
}

// Claim says of batches that lie in a server's spool that this server stores them. What
// another server has claimed is not this one's: mine[i] is false, and the batch must not
// be stored again. Claiming twice is harmless, so that a server claims again all that is
// in its spool when it starts.
func (d *DB) Claim(ctx context.Context, server string, keys []Key) (mine []bool, err error) {
	err = d.change(ctx, func(tx *sql.Tx) error {
		mine = make([]bool, len(keys))
		return d.claim(ctx, tx, server, keys, mine)
	})
	if err != nil {
		return nil, fmt.Errorf("claim %d batches: %w", len(keys), err)
	}
	return mine, nil
}

func (d *DB) claim(ctx context.Context, tx *sql.Tx, server string, keys []Key, mine []bool) error {
	type stream struct {
		sensor string
		epoch  uint64
	}
	groups, order := map[stream][]int{}, []stream{}
	for i, k := range keys {
		s := stream{k.Sensor, k.Epoch}
		if groups[s] == nil {
			order = append(order, s)
		}
		groups[s] = append(groups[s], i)
	}
	for _, s := range order {
		k := Key{Sensor: s.sensor, Epoch: s.epoch}
		// The change holds the sensor's row until the end: two servers take turns.
		if _, err := d.in(ctx, tx, "UPDATE sensors SET seen = ? WHERE id = ?", ms(d.now()), s.sensor); err != nil {
			return err
		}
		all, err := d.received(ctx, tx, k)
		if err != nil {
			return err
		}
		own, gone := of(all, server), of(all, nobody)
		for _, i := range groups[s] {
			if mine[i] = !others(all, server, keys[i].Sequence); mine[i] {
				own = own.Add(Range{keys[i].Sequence, keys[i].Sequence})
			}
		}
		left := gone
		if len(own) > fewRanges {
			own, left = own.Bridge(gone)
		}
		if err := d.keep(ctx, tx, k, server, own.bound()); err != nil {
			return err
		}
		if len(left) != len(gone) {
			if err := d.keep(ctx, tx, k, nobody, left); err != nil {
				return err
			}
		}
	}
	return nil
}

func of(all []received, server string) Ranges {
	for _, r := range all {
		if r.server == server {
			return r.ranges
		}
	}
	return nil
}

func others(all []received, server string, sequence uint64) bool {
	for _, r := range all {
		if r.server != server && r.ranges.Has(sequence) {
			return true
		}
	}
	return false
}

func (d *DB) keep(ctx context.Context, tx *sql.Tx, k Key, server string, r Ranges) error {
	if len(r) > maxRanges {
		return fmt.Errorf("%w: more than %d gaps in the sequence of sensor %s", ErrInvalid, maxRanges, k.Sensor)
	}
	_, err := d.in(ctx, tx, `INSERT INTO received (sensor, epoch, server, ranges) VALUES (?, ?, ?, ?)
		ON CONFLICT (sensor, epoch, server) DO UPDATE SET ranges = excluded.ranges`, k.Sensor, epochText(k.Epoch), server, r.String())
	return err
}

// fewRanges are kept apart from what never comes, so that this server claims nothing of
// it: it comes late, and was told as dropped.
const fewRanges = 256

// Drop is batches that a sensor's spool let go of before it knew that a server had them.
type Drop struct {
	Epoch   uint64
	Range   Range
	Gone    Ranges // what of the range never comes any more: others in between may
	Class   string
	Reason  string
	Batches uint64
	Events  uint64
	Time    time.Time
}

// Dropped keeps notices of drops, each once, and expects none of what is gone any more.
// What a server has is not gone, and a batch alone that one has was not dropped: it was
// on its way.
func (d *DB) Dropped(ctx context.Context, sensor string, drops []Drop) error {
	err := d.change(ctx, func(tx *sql.Tx) error {
		if _, err := d.in(ctx, tx, "UPDATE sensors SET seen = ? WHERE id = ?", ms(d.now()), sensor); err != nil {
			return err
		}
		for _, n := range drops {
			if err := d.dropped(ctx, tx, sensor, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep drops of %s: %w", sensor, err)
	}
	return nil
}

func (d *DB) dropped(ctx context.Context, tx *sql.Tx, sensor string, n Drop) error {
	k := Key{Sensor: sensor, Epoch: n.Epoch}
	if n.Time.IsZero() {
		n.Time = d.now()
	}
	all, err := d.received(ctx, tx, k)
	if err != nil {
		return err
	}
	if n.Batches == 1 && n.Range.First == n.Range.Last && others(all, nobody, n.Range.First) {
		return nil
	}
	_, err = d.in(ctx, tx, `INSERT INTO drops (sensor, epoch, first, last, class, reason, batches, events, time)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		sensor, epochText(n.Epoch), epochText(n.Range.First), epochText(n.Range.Last), n.Class, n.Reason, int64(n.Batches), int64(n.Events), ms(n.Time))
	if err != nil {
		return err
	}
	gone := of(all, nobody)
	for _, g := range n.Gone {
		left := Ranges{g}
		for _, r := range all {
			if r.server != nobody {
				left = left.Without(r.ranges)
			}
		}
		for _, g := range left {
			gone = gone.Add(g)
		}
	}
	return d.keep(ctx, tx, k, nobody, gone)
}
