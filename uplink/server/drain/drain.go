package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship/protocol"
)

// Record is one of the spool's.
type Record struct {
	Sequence uint64 // of the spool, not of the batch
	Events   int    // and alerts, that the batch has
	Bytes    []byte // valid until the next call of Next
}

// Spool is the server's disk, as it is read.
type Spool interface {
	// Next gives the oldest record that it has not given yet, alerts first; false for none.
	Next() (Record, bool, error)
	// Ready tells that there may be a next one.
	Ready() <-chan struct{}
	// Alerts tells that there may be an alert.
	Alerts() <-chan struct{}
	// Release lets go of records.
	Release(sequences ...uint64) error
}

// Store is where batches go.
type Store interface {
	// Add takes a batch. Again says that parts of it may be there already, from before a
	// crash or from a try that failed: those are not added twice, if they were flushed.
	// ErrBroken is for a batch that no try will get in. Batches of events are added by
	// several goroutines at once.
	Add(ctx context.Context, e ingest.Envelope, again bool) error
	// Flush returns when what was added is there for good and can be found.
	Flush(ctx context.Context) error
}

// ErrBroken is a batch that cannot be decoded.
var ErrBroken = errors.New("the batch cannot be decoded")

// Settings is what a drain needs.
type Settings struct {
	Spool Spool
	// Rewind makes the spool give anew all that was not released.
	Rewind func()
	Store  Store
	// Claim says which batches are this server's to store: ingest.Receiver.Claim.
	Claim   func(ctx context.Context, keys []control.Key) (mine []bool, err error)
	Sleep   func(ctx context.Context, d time.Duration) error
	Log     *slog.Logger
	Workers int // who add at once; 0: one more than processors
}

// Drain empties a spool.
type Drain struct {
	Settings
	old    uint64 // records up to this one were there when the server began
	counts Counts
}

// Counts is what a drain did.
type Counts struct {
	Stored  atomic.Uint64 // batches
	Others  atomic.Uint64 // batches that another server stores
	Broken  atomic.Uint64
	Retries atomic.Uint64
}

// Counts gives them; they go on counting.
func (d *Drain) Counts() *Counts { return &d.counts }

// How much is taken to the store at once, how long it gathers before, and how long to
// wait after it failed. A load costs the store some hundred files and fsyncs, whatever it
// has, and blocks that are not full are made again: few large loads cost less than many
// small. So it gathers gatherFor times as long as the last load took, within bounds; an
// alert does not wait for it.
const (
	mostRecords = 4096
	mostEvents  = 1 << 18
	mostBytes   = 16 << 20
	gatherFor   = 20
	leastGather = 250 * time.Millisecond
	mostGather  = 5 * time.Second
	firstWait   = 100 * time.Millisecond
	longestWait = 10 * time.Second
	slowStore   = 30 * time.Second // that a load may take before it is told
)

// New makes one.
func New(s Settings) *Drain {
	if s.Workers == 0 {
		s.Workers = runtime.GOMAXPROCS(0) + 1 // the store has one wait for another now and then
	}
	return &Drain{Settings: s}
}

// Recover claims all that lies in the spool when the server begins. Until it returns the
// receiver takes no batch: it would not know which it has.
func (d *Drain) Recover(ctx context.Context) error {
	var keys []control.Key
	flush := func() error {
		if len(keys) == 0 {
			return nil
		}
		_, err := d.Claim(ctx, keys)
		keys = keys[:0]
		return err
	}
	for {
		r, ok, err := d.Spool.Next()
		if err != nil {
			return fmt.Errorf("recover spool: %w", err)
		}
		if !ok {
			break
		}
		d.old = max(d.old, r.Sequence)
		if e, err := ingest.ReadEnvelope(r.Bytes); err == nil { // Run counts those that are broken
			keys = append(keys, e.Key)
		}
		if len(keys) == mostRecords {
			if err := flush(); err != nil {
				return fmt.Errorf("recover spool: %w", err)
			}
		}
	}
	if err := flush(); err != nil {
		return fmt.Errorf("recover spool: %w", err)
	}
	d.Rewind()
	return nil
}

// load is what goes to the store at once.
type load struct {
	sequences []uint64
	envelopes []ingest.Envelope
	keys      []control.Key
	old       []bool
	bytes     int
	events    int
}

// Run takes batches to the store until the context ends, or the spool fails.
func (d *Drain) Run(ctx context.Context) error {
	gather := leastGather
	for {
		l, err := d.take()
		if err != nil {
			return fmt.Errorf("drain spool: %w", err)
		}
		if len(l.sequences) == 0 {
			select {
			case <-d.Spool.Ready():
				if d.gather(ctx, gather) != nil {
					return nil
				}
				continue
			case <-ctx.Done():
				return nil
			}
		}
		began := time.Now()
		for wait := firstWait; ; wait = min(2*wait, longestWait) {
			err := d.store(ctx, l, wait > firstWait)
			if ctx.Err() != nil {
				return nil // what is not released comes again
			}
			if err == nil {
				break
			}
			d.counts.Retries.Add(1)
			d.Log.Error("the store does not take what the spool has", "batches", len(l.sequences), "error", err)
			if d.Sleep(ctx, wait) != nil {
				return nil
			}
		}
		if err := d.Spool.Release(l.sequences...); err != nil {
			return fmt.Errorf("drain spool: %w", err)
		}
		gather = min(max(gatherFor*time.Since(began), leastGather), mostGather)
		if !l.full() && d.gather(ctx, gather) != nil {
			return nil
		}
	}
}

// gather waits so long for more, or until there is an alert.
func (d *Drain) gather(ctx context.Context, long time.Duration) error {
	waiting, enough := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		select {
		case <-d.Spool.Alerts():
			enough()
		case <-waiting.Done():
		}
	})
	_ = d.Sleep(waiting, long) // that it was cut short is no error
	enough()
	listening.Wait() // it takes no alert for told that comes later
	return ctx.Err()
}

func (l *load) full() bool {
	return len(l.sequences) >= mostRecords || l.events >= mostEvents || l.bytes >= mostBytes
}

func (d *Drain) take() (*load, error) {
	l := &load{}
	for !l.full() {
		r, ok, err := d.Spool.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		l.sequences = append(l.sequences, r.Sequence)
		e, err := ingest.ReadEnvelope(r.Bytes)
		if err != nil {
			d.broken(r.Sequence, err)
			continue
		}
		e.Body = append([]byte(nil), e.Body...)
		l.bytes += len(e.Body)
		l.events += r.Events
		l.envelopes, l.keys, l.old = append(l.envelopes, e), append(l.keys, e.Key), append(l.old, r.Sequence <= d.old)
	}
	return l, nil
}

func (d *Drain) broken(sequence uint64, err error) {
	d.counts.Broken.Add(1)
	d.Log.Error("a batch of the spool is broken, and let go", "sequence", sequence, "error", err)
}

// store adds a load and waits until it is there.
func (d *Drain) store(ctx context.Context, l *load, again bool) error {
	if len(l.keys) == 0 {
		return nil
	}
	slow := time.AfterFunc(slowStore, func() {
		d.Log.Warn("the store takes long: what comes waits in the spool", "batches", len(l.keys), "after", slowStore)
	})
	defer slow.Stop()
	if again { // what the last try added can only be seen when it is flushed
		if err := d.Store.Flush(ctx); err != nil {
			return err
		}
	}
	// Nothing is let go that was not claimed: the receiver may be between its two steps.
	mine, err := d.Claim(ctx, l.keys)
	if err != nil {
		return err
	}
	ours := make([]int, 0, len(mine))
	for i := range mine {
		if mine[i] {
			ours = append(ours, i)
		}
	}
	broken, err := d.add(ctx, l, ours, again)
	if err != nil {
		return err
	}
	if err := d.Store.Flush(ctx); err != nil {
		return err
	}
	if n := len(mine) - len(ours); n > 0 {
		d.Log.Info("another server stores what lies here, too", "batches", n)
	}
	d.counts.Stored.Add(uint64(len(ours) - broken))
	d.counts.Others.Add(uint64(len(mine) - len(ours)))
	d.counts.Broken.Add(uint64(broken))
	return nil
}

// add adds batches of a load: alerts first, one after the other, then events by several
// goroutines, sensor by sensor: the store keeps a sensor's events together.
func (d *Drain) add(ctx context.Context, l *load, ours []int, again bool) (broken int, err error) {
	var count atomic.Int64
	one := func(ctx context.Context, i int) error {
		e := &l.envelopes[i]
		err := d.Store.Add(ctx, *e, again || l.old[i])
		if errors.Is(err, ErrBroken) {
			count.Add(1)
			d.Log.Error("a batch is broken, and let go", "sensor", e.Sensor, "epoch", e.Epoch, "batch", e.Sequence, "error", err)
			return nil
		}
		return err
	}
	events := make([]int, 0, len(ours))
	for _, i := range ours {
		if l.envelopes[i].Class != protocol.Alerts {
			events = append(events, i)
		} else if err := one(ctx, i); err != nil {
			return 0, err
		}
	}
	slices.SortStableFunc(events, func(a, b int) int { return strings.Compare(l.keys[a].Sensor, l.keys[b].Sensor) })
	g, ctx := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range d.Workers {
		g.Go(func() error {
			for {
				n := int(taken.Add(1)) - 1
				if n >= len(events) {
					return nil
				}
				if err := one(ctx, events[n]); err != nil {
					return err
				}
			}
		})
	}
	err = g.Wait()
	return int(count.Load()), err
}
