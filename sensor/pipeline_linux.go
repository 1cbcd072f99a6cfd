package sensor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"vigil/bpf"
	"vigil/decode"
	"vigil/detect"
	"vigil/sensor/process"
)

// How long the pipeline lets records gather after the first: one wake-up then
// serves many. The rings hold far more than comes in so long.
const (
	gatherLittle = 4 * time.Millisecond
	gatherMuch   = 20 * time.Millisecond
	busy         = 16 // records in a batch from which on more are waited for
	tick         = time.Second
	startUp      = 5               // ticks until nothing of the start goes on
	askSkipped   = 5 * time.Second // how often the kernel is asked what it skipped: a call a program
)

// Run captures until the context ends. It calls ready once, when events flow and
// the table knows what ran before.
func (s *Sensor) Run(ctx context.Context, ready func()) error {
	return errors.Join(s.run(ctx, ready), s.capture.Close(), s.names.close())
}

func (s *Sensor) run(ctx context.Context, ready func()) error {
	stop := context.AfterFunc(ctx, func() { _ = s.capture.Interrupt() })
	defer stop()
	if err := s.sampler.start(s.capture.Interrupt); err != nil {
		return err
	}
	defer s.endSamples()
	if err := s.seed(ctx); err != nil {
		return err
	}
	ready()
	s.due = time.Now().Add(tick)
	for ctx.Err() == nil {
		if err := s.capture.Wait(s.due); err != nil && ctx.Err() == nil {
			return err
		}
		s.attend()
		if s.queued() {
			if err := s.gather(ctx); err != nil {
				return err
			}
		}
	}
	s.drain()
	s.tellLoss() // also what the kernel skipped since it was asked last
	s.tick()
	s.endSamples()
	s.judge.book.Finish()
	s.answer()
	return nil
}

// gather reads until little comes. While much comes the kernel is told that it need not
// wake anybody; a last look then finds what it kept silent about.
func (s *Sensor) gather(ctx context.Context) error {
	sleep(ctx, gatherLittle)
	if s.drain() < busy {
		return nil
	}
	if err := s.capture.Comes(true); err != nil {
		return err
	}
	for n := busy; n >= busy && ctx.Err() == nil; n = s.drain() {
		s.attend()
		sleep(ctx, gatherMuch)
	}
	if err := s.capture.Comes(false); err != nil {
		return err
	}
	sleep(ctx, gatherLittle)
	s.drain()
	return nil
}

// attend does what others ask for, and what is due.
func (s *Sensor) attend() {
	s.answer()
	s.takeSamples()
	if now := time.Now(); now.After(s.due) {
		s.tick()
		s.due = now.Add(tick)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (s *Sensor) queued() bool { return s.capture.Vital.Queued()+s.capture.Bulk.Queued() > 0 }

func (s *Sensor) answer() {
	for {
		select {
		case f := <-s.asks:
			f()
		default:
			return
		}
	}
}

// drain reads what is in the rings. The bulk ring's end is taken first: what its
// records are about was told in the vital ring before, which is read to its end.
func (s *Sensor) drain() int {
	for i, r := range []*bpf.Ring{decode.RingVital: s.capture.Vital, decode.RingBulk: s.capture.Bulk} {
		s.peaks[i] = max(s.peaks[i], r.Queued())
	}
	s.users.forget()
	s.userHashes.forget()
	s.containers.forget()
	bulk := s.capture.Bulk.End()
	n := s.capture.Vital.Read(s.capture.Vital.End(), s.take)
	n += s.capture.Bulk.Read(bulk, s.take)
	if s.gaps.open {
		s.tellLoss()
	}
	s.flush()
	return n
}

// take gives one record its meaning and hands it on.
func (s *Sensor) take(b []byte) {
	r, err := decode.Decode(b)
	s.records++
	s.bytes += uint64(len(b))
	if err != nil {
		s.damaged++
		return
	}
	s.gaps.check(r.Header)
	p := s.table.Apply(r)
	kind := r.Kind()
	switch kind {
	case decode.KindProcess:
		s.fill(p)
	case decode.KindCgroup:
		s.names.observe(r)
		s.containers.forget()
	case decode.KindFileRead:
		if !s.config.Load().watches(r.Text(decode.FilePathText)) {
			return
		}
	}
	s.events[kind] += uint64(r.Count)
	s.hand(r, p)
}

// fill adds to what the kernel told of a process that ran before what only /proc has.
func (s *Sensor) fill(p *process.Process) {
	if p == nil {
		return
	}
	if err := s.table.Fill(p, "/"); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, process.ErrOther) {
		s.log.Debug("read a process from /proc", "pid", p.PID, "error", err)
	}
}

func (s *Sensor) hand(r decode.Record, p *process.Process) {
	e := &s.event
	*e = Event{Record: r, Process: p, from: s}
	for _, k := range s.sinks {
		k.Take(e)
	}
	if s.judging {
		s.judge.judge(e)
	}
}

func (s *Sensor) flush() {
	for _, k := range s.sinks {
		k.Flush()
	}
}

// tellAlert hands an alert to all who want it.
func (s *Sensor) tellAlert(a *detect.Alert, did detect.Activity, e *Event) {
	if did == detect.Create {
		s.alerts++
	}
	for _, k := range s.sinks {
		k.Alert(a, did, e)
	}
}

// tick does what is due each second.
func (s *Sensor) tick() {
	if err := s.capture.Sweep(); err != nil {
		s.log.Error("sweep", "error", err)
	}
	if s.lossDue() {
		s.tellLoss()
	}
	s.tellUnshipped()
	s.table.Expire(now())
	s.judge.expire(now())
	if s.ticks++; s.ticks == startUp {
		if err := forget(); err != nil {
			s.log.Debug("start", "error", err)
		}
	}
	if s.heap != nil {
		s.heap.adjust()
	}
	s.drain()
	s.reconcile()
}

// lossDue says whether the counters may tell of a loss that is not told yet.
func (s *Sensor) lossDue() bool {
	n, err := s.capture.Losses()
	if err == nil && n == s.losses && time.Now().Before(s.skippedDue) {
		return false
	}
	s.losses = n
	return true
}

func now() uint64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return uint64(t.Nano())
}

// tellLoss turns what the counters say since the last time into events.
func (s *Sensor) tellLoss() {
	s.gaps.open, s.skippedDue = false, time.Now().Add(askSkipped)
	lost, err := s.capture.Lost()
	if err != nil {
		s.log.Error("read the loss counters", "error", err)
		return
	}
	until := now()
	for _, l := range lost {
		total := l.Records
		l.Records = 0
		if total <= s.lost[l] { // less: a spare has taken over since
			continue
		}
		records := total - s.lost[l]
		s.lost[l] = total
		if l.Kind <= bpf.Kind(decode.KindExit) {
			s.gaps.life = true
		}
		s.tellLost(decode.Lost{Records: records, Since: s.lossTime, Until: until, Kind: uint32(l.Kind), CPU: l.CPU, Reason: uint32(l.Reason)})
	}
	s.lossTime = until
}

// tellLost hands on the event that tells of a loss.
func (s *Sensor) tellLost(l decode.Lost) {
	r, err := s.loss.record(l, l.Until)
	if err != nil {
		s.log.Error("tell of a loss", "error", err)
		return
	}
	s.events[decode.KindLost]++
	s.hand(r, nil)
}

// repair is the state of bringing the process table back to the truth.
type repair struct {
	after time.Time
}

// seed makes the kernel tell what runs already, while the rings are read.
func (s *Sensor) seed(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.capture.Seed() }()
	for {
		select {
		case err := <-done:
			s.drain()
			if err != nil {
				return fmt.Errorf("learn what runs: %w", err)
			}
			return nil
		case <-ctx.Done():
			return errors.Join(<-done, ctx.Err())
		default:
			if s.drain() == 0 {
				sleep(ctx, time.Millisecond)
			}
		}
	}
}

// reconcile brings the process table back to the truth after a loss of its
// records, at most every two seconds.
func (s *Sensor) reconcile() {
	if !s.gaps.life || time.Now().Before(s.repair.after) {
		return
	}
	s.gaps.life = false
	before := s.gaps.seen
	s.table.BeginReconcile(now())
	if err := s.seed(context.Background()); err != nil {
		s.log.Error("reconcile the process table", "error", err)
	}
	complete := !s.gaps.life && s.gaps.seen == before
	done := s.table.EndReconcile(complete)
	s.repairs++
	s.repair.after = time.Now().Add(2 * time.Second)
	s.log.Warn("process table reconciled after lost records", "added", done.Added, "vanished", done.Vanished, "complete", complete)
}
