package join

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"vigil/decode"
	"vigil/uplink/batch"
	"vigil/uplink/export"
	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/store"
)

// wants is a filter as batches are counted by it, and as it stands before each batch that
// waits: what was offered stays what it was when the filter changes.
type wants struct {
	export.Filter
	events bool   // some may be wanted
	head   []byte // the filter as JSON, and a line end
	buf    []byte
}

func newWants(f export.Filter) *wants {
	head, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings and a number
	}
	isEvent := func(kind string) bool { return kind != export.AlertKind }
	return &wants{
		Filter: f, head: append(head, '\n'),
		events: f.Severity <= decode.Informational && (len(f.Kinds) == 0 || slices.ContainsFunc(f.Kinds, isEvent)),
	}
}

// count tells how many rows of a batch are wanted. Events, which are many, are all of one
// severity.
func (w *wants) count(c protocol.Class, rows []store.Row, severity []decode.Severity) (n int) {
	switch {
	case c == protocol.Events && !w.events:
		return 0
	case c == protocol.Events && len(w.Kinds) == 0:
		return len(rows)
	}
	for i := range rows {
		if w.Wants(rows[i].Kind, severity[rows[i].Index]) {
			n++
		}
	}
	return n
}

// block is how a batch waits: as it came, behind the filter. It is valid until the next.
func (w *wants) block(e *ingest.Envelope) []byte {
	w.buf = e.Append(append(w.buf[:0], w.head...))
	return w.buf
}

// open is the export.Opener of what block gives.
func (o *outlet) open(block []byte, yield func(export.Item)) error {
	head, rest, ok := bytes.Cut(block, []byte{'\n'})
	if !ok {
		return errors.New("open a batch that waits: no filter before it")
	}
	var f export.Filter
	if err := json.Unmarshal(head, &f); err != nil {
		return fmt.Errorf("open a batch that waits: %w", err)
	}
	e, err := ingest.ReadEnvelope(rest)
	if err != nil {
		return fmt.Errorf("open a batch that waits: %w", err)
	}
	b, err := batch.Decode(e.Body, batch.Limits{Bytes: o.limits.Bytes, Events: o.limits.Events})
	if err != nil {
		return fmt.Errorf("open a batch that waits: %w", err)
	}
	offset := b.Meta().BootOffset
	var text []byte
	err = b.Events(func(r decode.Record, a *decode.Actor) bool {
		if kind := r.Kind().String(); f.Wants(kind, decode.Informational) {
			text = decode.AppendJSON(text[:0], r, a)
			yield(export.Item{Time: int64(r.Time) + offset, Kind: kind, Severity: decode.Informational, Sensor: e.Sensor, JSON: slices.Clone(text)})
		}
		return true
	})
	if e.Class == protocol.Alerts {
		err = errors.Join(err, b.Alerts(func(line []byte) bool {
			a, err := control.ParseFinding(e.Sensor, line)
			if err == nil && f.Wants(export.AlertKind, decode.Severity(a.Severity)) { // as stock reads it
				yield(export.Item{Time: a.Last.UnixNano(), Severity: decode.Severity(a.Severity), Alert: true, Sensor: e.Sensor, JSON: slices.Clone(line)})
			}
			return true
		}))
	}
	return err
}
