package join

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/server/api"
	"vigil/uplink/server/drain"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/spool"
	"vigil/uplink/store"
)

// disk is the server's spool, as those see it who fill and empty it.
type disk struct {
	*spool.Spool
	last []byte // what Next gave
}

// intake implements ingest.Spool.
type intake struct{ *spool.Spool }

func (i intake) Append(c protocol.Class, events int, record []byte) error {
	_, err := i.Spool.Append(c.Batch(), events, record)
	return err
}

// Next implements drain.Spool.
func (d *disk) Next() (drain.Record, bool, error) {
	e, b, err := d.Spool.Next(d.last[:0])
	if errors.Is(err, spool.ErrEmpty) {
		return drain.Record{}, false, nil
	}
	d.last = b
	return drain.Record{Sequence: e.Sequence, Events: e.Events, Bytes: b}, err == nil, err
}

// check opens a batch within the limits and sees that it fits together, but for its events,
// which storing it decodes: that costs five times as much.
func check(c protocol.Class, body []byte, l ingest.Limits) (int, error) {
	b, err := batch.Decode(body, batch.Limits{Bytes: l.Bytes, Events: l.Events})
	if err != nil {
		return 0, err
	}
	if b.Class() != c.Batch() {
		return 0, fmt.Errorf("the batch holds %s, and was sent as %s", b.Class(), c)
	}
	return b.Len(), nil
}

// found is what the store found, as the API gives it.
type found struct{ store.Store }

// Search implements api.Events.
func (f found) Search(ctx context.Context, q api.Query, each func(api.Event) error) error {
	var failed error
	err := f.Query(ctx, query(q), func(r store.Result) bool {
		failed = each(event(r))
		return failed == nil
	})
	return errors.Join(failed, queryError(err))
}

// Histogram implements api.Events.
func (f found) Histogram(ctx context.Context, q api.Query, step time.Duration) ([]api.Bucket, error) {
	all, err := store.Histogram(ctx, f.Store, query(q), step)
	buckets := make([]api.Bucket, len(all))
	for i, b := range all {
		buckets[i] = api.Bucket{Time: b.Time, Kind: b.Kind, Count: b.Rows}
	}
	return buckets, queryError(err)
}

// Tree implements api.Processes.
func (f found) Tree(ctx context.Context, sensor, execID string, most int) (api.Tree, error) {
	t, err := store.Tree(ctx, f.Store, store.TreeQuery{ExecID: execID, Sensor: sensor, Processes: most})
	if err != nil {
		return api.Tree{}, queryError(err)
	}
	tree := api.Tree{Processes: make([]api.Process, len(t.Processes)), More: t.Cut}
	for i, p := range t.Processes {
		tree.Processes[i] = api.Process{
			ExecID: p.ExecID, Parent: p.Parent, Previous: p.Previous, Depth: p.Depth, Kind: p.Kind, Time: p.Time, Ended: p.Ended,
			ExitCode: p.ExitCode, PID: p.PID, Name: p.Name, Path: p.Path, Command: p.Command, User: p.User,
		}
	}
	return tree, nil
}

// Around implements api.Processes.
func (f found) Around(ctx context.Context, a api.Around, each func(api.Event) error) error {
	q := store.AroundQuery{Sensor: a.Sensor, Time: a.At, Within: a.Span, Rows: (a.Limit + 1) / 2}
	if a.ExecID != "" {
		q.ExecIDs = []string{a.ExecID}
	}
	all, err := store.Around(ctx, f.Store, q)
	if err != nil {
		return queryError(err)
	}
	for _, r := range all {
		if err := each(event(r)); err != nil {
			return err
		}
	}
	return nil
}

func query(q api.Query) store.Query {
	return store.Query{LogsQL: q.Text, Since: q.From, Until: q.To, Limit: q.Limit}
}

// queryError is what the API tells from a failure: a query that it does not understand.
func queryError(err error) error {
	if syntax := (*store.SyntaxError)(nil); errors.As(err, &syntax) {
		return fmt.Errorf("%w: %w", api.ErrQuery, err)
	}
	return err
}

// event gives a row's fields as one JSON object, as OCSF has them.
func event(r store.Result) api.Event {
	object := map[string]any{}
	for _, f := range r.Fields {
		switch f.Name {
		case store.FieldTime, store.FieldSensor, store.FieldKind, "_stream", "_stream_id":
		default:
			put(object, f.Name, f.Value)
		}
	}
	text, err := json.Marshal(object)
	if err != nil { // strings always can be written
		text = []byte("{}")
	}
	return api.Event{Time: r.Time(), Sensor: r.Get(store.FieldSensor), Kind: r.Get(store.FieldKind), Event: text}
}

// put puts a value at a path with dots. Below what is a value already it stands under the
// whole path, and where there are others below it, under no name among them.
func put(object map[string]any, path, value string) {
	at := object
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		below, is := at[name].(map[string]any)
		if !is {
			if at[name] != nil {
				object[path] = value
				return
			}
			below = map[string]any{}
			at[name] = below
		}
		at = below
	}
	last := names[len(names)-1]
	if below, is := at[last].(map[string]any); is {
		below[""] = value
		return
	}
	at[last] = value
}
