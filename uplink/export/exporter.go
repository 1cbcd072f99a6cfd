package export

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// destination is where batches go. Its methods are called by one goroutine.
type destination interface {
	// send marks what became of the items. The error says why some are not marked.
	send(ctx context.Context, b *batch) error
	// describe says what it is and where, and what stands behind "delivered".
	describe() (where, confirmed string)
	close() error
}

// Exporter hands items on to one destination.
type Exporter struct {
	config Config
	to     destination
	clock  Clock
	log    *slog.Logger
	source Source

	mu     sync.Mutex
	queue  queue
	status Status
	closed bool
	warned time.Time // when the log was told last that delivery fails

	come chan struct{} // something is in the queue
	left chan struct{} // the queue has room again
	lost chan struct{} // something was lost
}

// Services are what an exporter is given to work with.
type Services struct {
	Log    *slog.Logger
	Source Source    // what snapshots are made of; for a Config that has one
	Stdout io.Writer // for a File without a path; nil: the process's
	Clock  Clock     // nil: the system's
}

// New makes an exporter; Run sets it to work.
func New(c Config, s Services) (*Exporter, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Snapshot != nil && s.Source == nil {
		return nil, c.wrap(errors.New("snapshot: this program has nothing to make one of: leave it out"))
	}
	if s.Clock == nil {
		s.Clock = systemClock{}
	}
	if s.Stdout == nil {
		s.Stdout = os.Stdout
	}
	c = c.withDefaults()
	to, err := c.open(s)
	if err != nil {
		return nil, c.wrap(err)
	}
	return newExporter(c, to, s), nil
}

func newExporter(c Config, to destination, s Services) *Exporter {
	e := &Exporter{
		config: c, to: to, clock: s.Clock, log: s.Log, source: s.Source, queue: queue{most: c.Queue},
		come: make(chan struct{}, 1), left: make(chan struct{}, 1), lost: make(chan struct{}, 1),
	}
	e.status.Name = c.Name
	e.status.Destination, e.status.Confirmed = to.describe()
	return e
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Offer gives an item to be handed on. It never waits, and may be called by many at
// once. An exporter with a snapshot takes items from that only.
func (e *Exporter) Offer(i Item) {
	passes := e.config.Snapshot == nil && e.config.Filter.passes(&i)
	e.mu.Lock()
	e.status.Offered++
	if passes {
		e.push(i)
	} else {
		e.status.Filtered++
	}
	e.mu.Unlock()
}

// push takes an item into the queue, under the lock.
func (e *Exporter) push(i Item) {
	lost := e.status.Undelivered
	if e.closed {
		e.status.lose(&i, ReasonStopped, e.clock.Now())
	} else {
		e.queue.push(i, func(old Item) { e.status.lose(&old, ReasonFull, e.clock.Now()) })
		signal(e.come)
	}
	if e.status.Undelivered > lost {
		signal(e.lost)
	}
}

// Status tells how the exporter does.
func (e *Exporter) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.status
	s.Losses = slices.Clone(s.Losses)
	s.Queued, s.QueuedBytes = uint64(e.queue.len()), uint64(e.queue.bytes)
	return s
}

// Run delivers until the context ends, and then for Config.Grace tries to deliver what
// is left; what still is then is counted as lost. An exporter runs once.
func (e *Exporter) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	quiet := make(chan struct{})
	beside.Go(func() { e.tell(quiet) })
	if e.config.Snapshot != nil {
		beside.Go(func() { e.snapshots(ctx) })
	}
	hard, cut := context.WithCancel(context.WithoutCancel(ctx))
	beside.Go(func() {
		select {
		case <-ctx.Done():
			select {
			case <-e.clock.After(e.config.Grace):
			case <-hard.Done():
			}
		case <-hard.Done():
		}
		cut()
	})
	e.deliver(ctx, hard)
	cut()
	e.drop()
	close(quiet)
	beside.Wait()
	return e.to.close()
}

// drop counts what is left at the end.
func (e *Exporter) drop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for i, ok := e.queue.pop(e.config.Queue.Bytes); ok; i, ok = e.queue.pop(e.config.Queue.Bytes) {
		e.status.lose(&i, ReasonStopped, e.clock.Now())
	}
}

// tellEvery is how often the log hears of losses at most; once more at the end.
const tellEvery = time.Minute

func (e *Exporter) tell(quiet <-chan struct{}) {
	t := told{}
	for {
		select {
		case <-e.lost:
			s := e.Status()
			t.tell(&s, e.log)
			select {
			case <-e.clock.After(tellEvery):
			case <-quiet:
			}
		case <-quiet:
			s := e.Status()
			t.tell(&s, e.log)
			return
		}
	}
}
