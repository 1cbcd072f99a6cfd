package export

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// destination is where batches go. Its methods are called by one goroutine at a time.
type destination interface {
	// send marks what became of the items. The error says why some are not marked.
	send(ctx context.Context, b *batch) error
	// describe says what it is and where, and what stands behind "delivered".
	describe() (where, confirmed string)
	close() error
}

// Exporter hands on to one destination what waits in a backlog.
type Exporter struct {
	config  Config
	to      destination
	clock   Clock
	log     *slog.Logger
	source  Source
	backlog *Backlog
	turn    chan struct{} // taken by who uses the destination
	warned  time.Time     // when the log was told last that delivery fails
}

// Services are what an exporter is given to work with.
type Services struct {
	Log    *slog.Logger
	Source Source    // what snapshots are made of; for a Config that has one
	Stdout io.Writer // for a File without a path; nil: the process's
	Clock  Clock     // nil: the system's
}

// New makes an exporter of what waits in a backlog; Run sets it to work. A backlog has one
// exporter at a time.
func New(c Config, b *Backlog, s Services) (*Exporter, error) {
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
	return newExporter(c, to, b, s), nil
}

func newExporter(c Config, to destination, b *Backlog, s Services) *Exporter {
	e := &Exporter{config: c, to: to, clock: s.Clock, log: s.Log, source: s.Source, backlog: b, turn: make(chan struct{}, 1)}
	where, confirmed := to.describe()
	b.mu.Lock()
	b.status.Destination, b.status.Confirmed = where, confirmed
	b.mu.Unlock()
	return e
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run delivers until the context ends; an attempt that is under way then has
// Config.Grace to end. What is not delivered stays in the backlog. An exporter runs once.
func (e *Exporter) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	quiet := make(chan struct{})
	beside.Go(func() { e.tell(quiet) })
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
	e.backlog.putBack()
	err := e.backlog.save(nil)
	close(quiet)
	beside.Wait()
	return errors.Join(err, e.Close())
}

// Close is for an exporter that never ran.
func (e *Exporter) Close() error {
	e.turn <- struct{}{} // a trial may be under way
	defer func() { <-e.turn }()
	return e.to.close()
}

// Trial is what came of an item sent by Try.
type Trial struct {
	Delivered bool   `json:"delivered"`
	Answer    string `json:"answer"` // what the destination said, or what went wrong
}

// Try sends one item at once, past filter and backlog, and says what came of it. It may
// be called beside Run, which waits meanwhile.
func (e *Exporter) Try(ctx context.Context, i Item) Trial {
	ctx, cancel := context.WithTimeout(ctx, e.config.Timeout)
	defer cancel()
	b := newBatch([]Item{i})
	err := e.send(ctx, b)
	_, confirmed := e.to.describe()
	return b.trial(err, confirmed)
}

// Try is Exporter.Try for a destination that no exporter runs for.
func Try(ctx context.Context, c Config, i Item) (Trial, error) {
	e, err := New(c, &Backlog{}, Services{Source: func(context.Context, time.Time, func(Item) bool) error { return nil }})
	if err != nil {
		return Trial{}, err
	}
	t := e.Try(ctx, i)
	return t, e.Close()
}

// trial says what became of a batch of one.
func (b *batch) trial(err error, confirmed string) Trial {
	f := b.fate[0]
	good := f.done && f.lost == "" && b.unnamed == 0
	t := Trial{Delivered: good, Answer: confirmed}
	switch {
	case !f.done && err != nil:
		t.Answer = err.Error()
		return t
	case !good && f.lost != "":
		t.Answer = string(f.lost)
	case !good:
		t.Answer = string(ReasonUnnamed)
	}
	if b.said != "" {
		t.Answer += ": " + b.said
	}
	return t
}

// send makes one attempt, when it is its turn.
func (e *Exporter) send(ctx context.Context, b *batch) error {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return errors.New("the destination is busy with an attempt that does not end")
	}
	defer func() { <-e.turn }()
	err := e.to.send(ctx, b)
	if err == nil && len(b.left()) > 0 {
		err = errors.New("the destination did not answer for all items")
	}
	return err
}

// tellEvery is how often the log hears of losses at most; once more at the end.
const tellEvery = time.Minute

func (e *Exporter) tell(quiet <-chan struct{}) {
	s := e.backlog.Status()
	t := told{}
	t.have(&s) // of those before, another exporter told
	for {
		select {
		case <-e.backlog.lost:
			s := e.backlog.Status()
			t.tell(e.config.Name, &s, e.log)
			select {
			case <-e.clock.After(tellEvery):
			case <-quiet:
			}
		case <-quiet:
			s := e.backlog.Status()
			t.tell(e.config.Name, &s, e.log)
			return
		}
	}
}
