package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"vigil/decode"
	"vigil/uplink/batch"
	"vigil/uplink/export"
	"vigil/uplink/server/control"
	"vigil/uplink/server/drain"
	"vigil/uplink/server/ingest"
	"vigil/uplink/server/live"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/store"
)

// stock is where batches go from the spool: to the store, alerts to the control state
// too, and all to the exports. It implements drain.Store.
type stock struct {
	store   store.Store
	state   *control.DB
	changes *live.Hub
	exports *exports
	limits  ingest.Limits
	log     *slog.Logger

	rows     []store.Row
	severity []decode.Severity // of each, by its index
	text     []byte            // of the rows
	events atomic.Uint64
}

// Add implements drain.Store.
func (s *stock) Add(ctx context.Context, e ingest.Envelope, again bool) error {
	alerts, err := s.read(e)
	if err != nil {
		return fmt.Errorf("%w: %w", drain.ErrBroken, err)
	}
	if e.Class == protocol.Alerts {
		changed, err := s.state.Record(ctx, alerts)
		if err != nil {
			return err
		}
		for i := range changed {
			if err := s.changes.Publish("alert", &changed[i]); err != nil {
				s.log.Error("tell of an alert", "error", err)
			}
		}
	}
	rows := s.rows
	if again {
		if rows, err = store.Missing(ctx, s.store, rows); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := s.store.Add(ctx, rows); err != nil {
		return err
	}
	s.events.Add(uint64(len(rows)))
	s.exports.offer(rows, s.severity)
	return nil
}

// Flush implements drain.Store.
func (s *stock) Flush(ctx context.Context) error { return s.store.Flush(ctx) }

// read makes rows of a batch, and the alerts that it holds.
func (s *stock) read(e ingest.Envelope) ([]control.Alert, error) {
	s.rows, s.severity, s.text = s.rows[:0], s.severity[:0], s.text[:0]
	b, err := batch.Decode(e.Body, batch.Limits{Bytes: s.limits.Bytes, Events: s.limits.Events})
	if err != nil {
		return nil, err
	}
	var ends []int
	add := func(time int64, kind string, severity decode.Severity) {
		s.rows = append(s.rows, store.Row{
			Time: time, Sensor: e.Sensor, Epoch: e.Epoch, Sequence: e.Sequence, Index: uint32(len(s.rows)), Kind: kind,
		})
		s.severity = append(s.severity, severity)
		ends = append(ends, len(s.text))
	}
	offset := b.Meta().BootOffset
	err = b.Events(func(r decode.Record, a *decode.Actor) bool {
		s.text = decode.AppendJSON(s.text, r, a)
		add(int64(r.Time)+offset, r.Kind().String(), decode.Informational)
		return true
	})
	var alerts []control.Alert
	var wrong error
	err = errors.Join(err, b.Alerts(func(line []byte) bool {
		a, err := control.ParseFinding(e.Sensor, line)
		if err != nil {
			wrong = errors.Join(wrong, err)
			return true
		}
		alerts = append(alerts, a)
		s.text = append(s.text, line...)
		add(a.Last.UnixNano(), store.KindAlert, decode.Severity(a.Severity))
		return true
	}), wrong)
	from := 0
	for i, end := range ends { // only now: the text may have moved while it grew
		s.rows[i].JSON = s.text[from:end:end]
		from = end
	}
	return alerts, err
}

// exports are those that run.
type exports struct{ all atomic.Pointer[[]*export.Exporter] }

func (x *exports) offer(rows []store.Row, severity []decode.Severity) {
	all := x.all.Load()
	if all == nil || len(*all) == 0 {
		return
	}
	for i := range rows {
		item := export.Item{
			Time: rows[i].Time, Kind: rows[i].Kind, Severity: severity[rows[i].Index], Alert: rows[i].Kind == store.KindAlert, Sensor: rows[i].Sensor,
			JSON: append([]byte(nil), rows[i].JSON...), // they keep it
		}
		for _, e := range *all {
			e.Offer(item)
		}
	}
}
