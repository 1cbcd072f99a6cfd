package sensor

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"vigil/decode"
	"vigil/detect/behavior"
)

const (
	looksWaiting = 32              // files to be looked into at once
	lookRecord   = 64 + 72 + 4096  // bytes of a record that a look keeps: a path's longest
	lookNice     = 10              // of the thread that reads
	lookPatience = 5 * time.Second // for the last look when the sensor ends
)

// sampler looks into files that were written, for judges who wish to know what is in
// them. All but its one goroutine is the pipeline's, which never waits for it: there are
// so many looks, made at the start, and who finds none goes without and is counted.
type sampler struct {
	free, work, done chan *look
	wake             func() error // tells the pipeline that looks are done
	ended            chan struct{}
	own              unix.Stat_t // the mount namespace that this process sees

	status SampleStatus
}

// look is a file to be looked into, then what was found. The record is kept whole: an
// alert that comes of it is about that event, which may be the last of its process.
type look struct {
	record  []byte
	wish    behavior.Wish
	content behavior.Content
	err     error

	parts [2][behavior.Part]byte
}

// newSampler makes one that looks into nothing before it is started.
func newSampler() *sampler {
	s := &sampler{free: make(chan *look, looksWaiting), work: make(chan *look, looksWaiting), done: make(chan *look, looksWaiting)}
	for range looksWaiting {
		s.free <- &look{record: make([]byte, 0, lookRecord)}
	}
	return s
}

func (s *sampler) start(wake func() error) error {
	if err := unix.Stat("/proc/self/ns/mnt", &s.own); err != nil {
		return fmt.Errorf("learn the mount namespace: %w", err)
	}
	s.wake, s.ended = wake, make(chan struct{})
	go s.run()
	return nil
}

// stop ends it when it has looked into all that it was asked to. It says false when a
// file system does not answer: then the goroutine stays behind, and does nothing more.
func (s *sampler) stop() bool {
	if s.ended == nil {
		return true
	}
	close(s.work)
	late := time.NewTimer(lookPatience)
	defer late.Stop()
	select {
	case <-s.ended:
		s.ended = nil
		return true
	case <-late.C:
		s.ended = nil
		return false
	}
}

// ask has a file looked into, if there is room.
func (s *sampler) ask(w behavior.Wish, r decode.Record) {
	b := r.Bytes()
	if len(b) > lookRecord {
		s.status.Unread++
		return
	}
	select {
	case l := <-s.free:
		l.wish, l.record = w, append(l.record[:0], b...)
		s.work <- l // has room for all there are
	default:
		s.status.NoRoom++
	}
}

// run looks into files, on a thread that lets others go first.
func (s *sampler) run() {
	defer close(s.ended)
	runtime.LockOSThread() // until it ends: its priority is not for others
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, lookNice)
	for l := range s.work {
		l.err = s.look(l)
		s.done <- l // has room for all there are
		if len(s.work) == 0 {
			_ = s.wake() // it is awake, or has ended
		}
	}
}

// takeSamples judges what looks into files have found.
func (s *Sensor) takeSamples() {
	alerts := s.alerts
	for {
		select {
		case l := <-s.sampler.done:
			s.takeSample(l)
			s.sampler.free <- l
		default:
			if s.alerts != alerts {
				s.flush()
			}
			return
		}
	}
}

func (s *Sensor) takeSample(l *look) {
	r, err := decode.Decode(l.record)
	if err = errors.Join(l.err, err); err != nil {
		s.sampler.status.Unread++
		s.log.Debug("a written file is not judged", "error", err)
		return
	}
	s.sampler.status.Read++
	e := &s.event
	*e = Event{Record: r, Process: s.table.Lookup(r.ExecID), from: s}
	s.judge.sampled(e, &behavior.FileSample{Wish: l.wish, Content: l.content, Time: r.Time})
}

// endSamples waits for the looks that are under way, and judges them.
func (s *Sensor) endSamples() {
	if !s.sampler.stop() {
		s.log.Warn("a file system does not answer: some written files are not judged")
	}
	s.takeSamples()
}
