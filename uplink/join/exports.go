package join

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"vigil/decode"
	"vigil/uplink/export"
	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/store"
)

// exports runs what the rows of the control state say, and is what the API knows of it:
// it implements api.Exports.
type exports struct {
	dir    string // the server's
	state  *control.DB
	limits ingest.Limits
	log    *slog.Logger
	change chan struct{}
	look   time.Duration // how often the rows are looked at: another server may have changed them

	turn sync.Mutex // of follow
	mu   sync.Mutex // of all
	all  map[string]*outlet
	list atomic.Pointer[[]*outlet] // the same, for offer

	offering sync.Mutex           // of offered
	offered  map[control.Key]bool // of what the store has not confirmed yet
}

func newExports(dir string, log *slog.Logger) *exports {
	return &exports{dir: dir, log: log, change: make(chan struct{}, 1), look: 10 * time.Second, all: map[string]*outlet{}, offered: map[control.Key]bool{}}
}

// run follows the rows until the context ends, and then ends what runs.
func (x *exports) run(ctx context.Context) error {
	t := time.NewTicker(x.look)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			x.turn.Lock()
			defer x.turn.Unlock()
			var all sync.WaitGroup
			for _, o := range x.outlets() {
				all.Go(o.end)
			}
			all.Wait()
			return nil
		case <-x.change:
		case <-t.C:
		}
		if err := x.follow(ctx); err != nil && ctx.Err() == nil {
			x.log.Error("the exports cannot be looked at", "error", err)
		}
	}
}

// Changed implements api.Exports.
func (x *exports) Changed() {
	select {
	case x.change <- struct{}{}:
	default:
	}
}

func (x *exports) outlets() []*outlet {
	if all := x.list.Load(); all != nil {
		return *all
	}
	return nil
}

// follow makes what runs what the rows say.
func (x *exports) follow(ctx context.Context) error {
	x.turn.Lock()
	defer x.turn.Unlock()
	rows, err := x.state.Exports(ctx)
	if err != nil {
		return err
	}
	now := map[string]*outlet{}
	var list []*outlet
	for _, row := range rows {
		o := x.outlet(row.ID)
		if o == nil {
			o = &outlet{dir: filepath.Join(x.dir, "exports", row.ID), limits: x.limits, log: x.log}
		}
		now[row.ID], list = o, append(list, o)
		if !o.is(row) {
			x.set(o, row)
		}
	}
	x.mu.Lock()
	before := x.all
	x.all = now
	x.mu.Unlock()
	x.list.Store(&list)
	for id, o := range before {
		if now[id] == nil {
			if err := o.remove(); err != nil {
				x.log.Error("an export is not gone whole", "export", o.row.Name, "error", err)
			}
		}
	}
	return nil
}

// is tells whether an outlet is what a row says. One that failed never is: it is tried again.
func (o *outlet) is(row control.Export) bool {
	return o.reason == "" && o.row.ID == row.ID && o.row.Name == row.Name && o.row.Kind == row.Kind && o.row.Enabled == row.Enabled && bytes.Equal(o.row.Settings, row.Settings)
}

func (x *exports) set(o *outlet, row control.Export) {
	before := o.reason
	c, err := x.parse(row)
	if err == nil { // whether it is right, a file of certificates too, is seen there
		err = o.set(row, c, export.Services{Log: x.log, Source: x.snapshot(row.ID)})
	} else {
		o.end()
		o.mu.Lock()
		o.wants = nil
		o.mu.Unlock()
	}
	if err == nil {
		return
	}
	o.mu.Lock()
	o.row, o.reason = row, err.Error()
	o.mu.Unlock()
	if o.reason != before {
		x.log.Error("an export does not run", "export", row.Name, "error", err)
	}
}

// parse reads a row as it is to run.
func (x *exports) parse(row control.Export) (export.Config, error) {
	c, err := export.Parse(row.Name, row.Kind, row.Settings)
	if err == nil {
		err = place(x.dir, &c)
	}
	return c, err
}

func (x *exports) outlet(id string) *outlet {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.all[id]
}

// close closes the backlogs.
func (x *exports) close() error {
	var errs []error
	for _, o := range x.outlets() {
		errs = append(errs, o.close())
	}
	return errors.Join(errs...)
}

// offer gives a batch to all. One that the store is given again, for it failed, was offered.
func (x *exports) offer(e *ingest.Envelope, rows []store.Row, severity []decode.Severity) {
	all := x.outlets()
	if len(all) == 0 || !x.first(e.Key) {
		return
	}
	for _, o := range all {
		o.offer(e, rows, severity)
	}
}

// first tells whether a batch is offered for the first time since the store confirmed all.
func (x *exports) first(k control.Key) bool {
	x.offering.Lock()
	defer x.offering.Unlock()
	if x.offered[k] {
		return false
	}
	x.offered[k] = true
	return true
}

// stored says that all that was offered is in the store, whose spool lets go of it now.
func (x *exports) stored() {
	x.offering.Lock()
	none := len(x.offered) == 0
	clear(x.offered)
	x.offering.Unlock()
	if none {
		return
	}
	for _, o := range x.outlets() {
		if err := o.sync(); err != nil {
			x.log.Error("what an export waits for may not survive a failure of the machine", "export", o.current().Name, "error", err)
		}
	}
}
