package join

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"vigil/decode"
	"vigil/uplink/export"
	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/store"
)

// outlet is one export's row at work: its backlog, which is there as long as the row is,
// and its exporter while the row is enabled. One goroutine changes it.
type outlet struct {
	dir    string
	limits ingest.Limits
	log    *slog.Logger

	mu       sync.Mutex
	row      control.Export
	config   export.Config
	wants    *wants // nil: nothing
	backlog  *export.Backlog
	exporter *export.Exporter
	reason   string // why it does not run
	stop     func()
}

// set makes it what a row says.
func (o *outlet) set(row control.Export, c export.Config, s export.Services) error {
	o.end()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.row, o.wants, o.reason = row, nil, ""
	if o.backlog == nil || c.Queue != o.config.Queue {
		if err := o.reopen(c.Queue); err != nil {
			return err
		}
	}
	o.config = c
	if !row.Enabled {
		return nil
	}
	if c.Snapshot == nil { // though it may not run yet
		o.wants = newWants(c.Filter)
	}
	var err error
	if o.exporter, err = export.New(c, o.backlog, s); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	run := o.exporter
	go func() {
		defer close(done)
		if err := run.Run(ctx); err != nil {
			o.log.Error("an export ended badly", "export", row.Name, "error", err)
		}
	}()
	o.stop = func() { cancel(); <-done }
	return nil
}

func (o *outlet) reopen(q export.Queue) error {
	if o.backlog != nil {
		if err := o.backlog.Close(); err != nil {
			return err
		}
		o.backlog = nil
	}
	b, err := export.OpenBacklog(o.dir, q, o.open, o.log)
	o.backlog = b
	return err
}

// end ends the exporter and waits for it. What comes meanwhile goes to the backlog.
func (o *outlet) end() {
	if o.stop != nil {
		o.stop()
	}
	o.mu.Lock()
	o.stop, o.exporter = nil, nil
	o.mu.Unlock()
}

func (o *outlet) close() error {
	o.end()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wants = nil
	if o.backlog == nil {
		return nil
	}
	err := o.backlog.Close()
	o.backlog = nil
	return err
}

// remove closes it and deletes what lies on the disk.
func (o *outlet) remove() error {
	return errors.Join(o.close(), os.RemoveAll(o.dir))
}

// current is the row that it is of.
func (o *outlet) current() control.Export {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.row
}

// offer lays a batch down if something of it is wanted.
func (o *outlet) offer(e *ingest.Envelope, rows []store.Row, severity []decode.Severity) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wants == nil || o.backlog == nil {
		return
	}
	if n := o.wants.count(e.Class, rows, severity); n > 0 {
		o.backlog.Offer(e.Class.Batch(), n, o.wants.block(e))
	}
}

func (o *outlet) sync() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.backlog == nil {
		return nil
	}
	return o.backlog.Sync()
}

// exported is where the files of exports lie, which are named without a path.
const exported = "exported"

// place puts a file's bare name in the folder for such files.
func place(dir string, c *export.Config) error {
	if c.File == nil || c.File.Path == "" {
		return nil
	}
	name := c.File.Path
	if name != filepath.Base(name) || name[0] == '.' {
		return fmt.Errorf("export %q: file.path: %q is no bare name: give one such as vigil.jsonl, it lies in %s", c.Name, name, filepath.Join(dir, exported))
	}
	if err := os.MkdirAll(filepath.Join(dir, exported), 0o700); err != nil {
		return err
	}
	f := *c.File
	f.Path = filepath.Join(dir, exported, name)
	c.File = &f
	return nil
}
