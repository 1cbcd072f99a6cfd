package join

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

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

	rows     []store.Row
	severity []decode.Severity // of each, by its index
	text     []byte            // of the rows
}

// Add implements drain.Store.
func (s *stock) Add(ctx context.Context, e ingest.Envelope, again bool) error {
	if err := s.read(e); err != nil {
		return fmt.Errorf("%w: %w", drain.ErrBroken, err)
	}
	var err error
	rows := s.rows
	if again {
		if rows, err = store.Missing(ctx, s.store, rows); err != nil {
			return err
		}
	}
	if e.Class == protocol.Alerts {
		lines := make([][]byte, len(s.rows))
		for i := range s.rows {
			lines[i] = s.rows[i].JSON
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
	s.exports.offer(&e, s.rows, s.severity) // all: what the store had, an export may not have had
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

// read makes rows of a batch.
func (s *stock) read(e ingest.Envelope) error {
	s.rows, s.severity, s.text = s.rows[:0], s.severity[:0], s.text[:0]
	b, err := batch.Decode(e.Body, batch.Limits{Bytes: s.limits.Bytes, Events: s.limits.Events})
	if err != nil {
		return err
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
	err = errors.Join(err, b.Alerts(func(line []byte) bool {
		a, err := control.ParseFinding(e.Sensor, line)
		if err != nil {
			s.log.Error("an alert cannot be read, and is let go", "sensor", e.Sensor, "batch", e.Sequence, "error", err)
			return true
		}
		s.text = append(s.text, line...)
		add(a.Last.UnixNano(), store.KindAlert, decode.Severity(a.Severity))
		return true
	}))
	from := 0
	for i, end := range ends { // only now: the text may have moved while it grew
		s.rows[i].JSON = s.text[from:end:end]
		from = end
	}
	return err
}
