package join

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"unsafe"

	"vigil/decode"
	"vigil/uplink/batch"
	"vigil/uplink/server/control"
	"vigil/uplink/server/drain"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/store"
)

// stock is where batches go from the spool: to the store, alerts to the control state
// too, and all to the exports. It implements drain.Store.
type stock struct {
	store   store.Store
	alerts  func(ctx context.Context, sensor string, lines [][]byte) error
	exports *exports
	limits  ingest.Limits
	log     *slog.Logger
	opened  sync.Pool
}

// opened is a batch that was taken apart.
type opened struct {
	rows     []store.Row
	severity []decode.Severity // of each, by its index
	records  []uint64          // of the rows, which view them
}

// Add implements drain.Store.
func (s *stock) Add(ctx context.Context, e ingest.Envelope, again bool) error {
	o, _ := s.opened.Get().(*opened)
	if o == nil {
		o = &opened{}
	}
	defer s.opened.Put(o)
	if err := s.open(o, e); err != nil {
		return fmt.Errorf("%w: %w", drain.ErrBroken, err)
	}
	var err error
	rows := o.rows
	if again {
		if rows, err = store.Missing(ctx, s.store, rows); err != nil {
			return err
		}
	}
	if e.Class == protocol.Alerts {
		lines := make([][]byte, len(o.rows))
		for i := range o.rows {
			lines[i] = o.rows[i].JSON
		}
		if err := s.alerts(ctx, e.Sensor, lines); err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		if err := s.store.Add(ctx, rows); err != nil {
			return err
		}
	}
	s.exports.offer(&e, o.rows, o.severity) // all: what the store had, an export may not have had
	return nil
}

// Flush implements drain.Store.
func (s *stock) Flush(ctx context.Context) error {
	err := s.store.Flush(ctx)
	if err == nil {
		s.exports.stored()
	}
	return err
}

// open makes rows of a batch.
func (s *stock) open(o *opened, e ingest.Envelope) error {
	clear(o.rows) // of actors
	o.rows, o.severity = o.rows[:0], o.severity[:0]
	b, err := batch.Decode(e.Body, batch.Limits{Bytes: s.limits.Bytes, Events: s.limits.Events})
	if err != nil {
		return err
	}
	add := func(time int64, kind string, severity decode.Severity) *store.Row {
		o.rows = append(o.rows, store.Row{
			Time: time, Sensor: e.Sensor, Epoch: e.Epoch, Sequence: e.Sequence, Index: uint32(len(o.rows)), Kind: kind,
		})
		o.severity = append(o.severity, severity)
		return &o.rows[len(o.rows)-1]
	}
	offset := b.Meta().BootOffset
	_, _, bytes := b.Sizes()
	o.records = slices.Grow(o.records[:0], int(bytes)/8+b.Len()) // each begins at a word
	err = b.Events(func(r decode.Record, a *decode.Actor) bool {
		row := add(int64(r.Time)+offset, r.Kind().String(), decode.Informational)
		row.Record, row.Actor = o.keep(r), a
		return true
	})
	return errors.Join(err, b.Alerts(func(line []byte) bool {
		a, err := control.ParseFinding(e.Sensor, line)
		if err != nil {
			s.log.Error("an alert cannot be read, and is let go", "sensor", e.Sensor, "batch", e.Sequence, "error", err)
			return true
		}
		add(a.Last.UnixNano(), store.KindAlert, decode.Severity(a.Severity)).JSON = line
		return true
	}))
}

// keep copies a record behind those that are kept.
func (o *opened) keep(r decode.Record) decode.Record {
	from := len(o.records)
	o.records = o.records[:from+(len(r.Bytes())+7)/8]
	words := o.records[from:]
	room := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
	copied, err := decode.Decode(room[:copy(room, r.Bytes())])
	if err != nil { // it was one, and is the same
		panic(err)
	}
	return copied
}
