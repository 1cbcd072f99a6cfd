//go:build linux

package capture

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"vigil/bpf"
)

// shared is what the tests capture with, one after the other. To load and attach
// the programs takes a minute under emulation, and no test changes them.
var shared sessions

// sessions keeps the capture with the settings that were asked for last.
type sessions struct {
	last *session
	of   bpf.Settings
}

// with gives a capture with these settings, the one that there is when it has them.
func (all *sessions) with(s bpf.Settings) (*session, error) {
	if all.last != nil && all.of == s {
		return all.last, nil
	}
	if err := all.close(); err != nil {
		return nil, err
	}
	// Go forks once by itself, to learn whether the kernel has pidfds: now, not while counting.
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Release()
	}
	c, err := bpf.Load(s)
	if err != nil {
		return nil, err
	}
	// Whom the kernel wakes takes a program off its CPU, and where it is skipped then
	// for others (7.2) a reader that is woken for each record makes that the rule.
	if err := c.Comes(true); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	all.last, all.of = &session{Capture: c, stop: make(chan struct{}), done: make(chan struct{})}, s
	go all.last.run()
	return all.last, nil
}

// close ends the capture and says what went wrong while nobody watched.
func (all *sessions) close() error {
	c := all.last
	if all.last = nil; c == nil {
		return nil
	}
	close(c.stop)
	<-c.done
	return errors.Join(c.bad, c.Close())
}

// session is a capture whose rings are read all the time, for the watcher of the day.
type session struct {
	*bpf.Capture
	stop   chan struct{}
	done   chan struct{}
	paused atomic.Bool // the rings are not read

	mutex   sync.Mutex // holds what follows, and the rings
	watcher *watcher
	bad     error
}

// readEvery is about as often as the sensor reads when it has little to do.
const readEvery = 4 * time.Millisecond

func (c *session) run() {
	defer close(c.done)
	next := time.Now().Add(time.Second)
	for {
		select {
		case <-c.stop:
			return
		default:
		}
		time.Sleep(readEvery)
		if c.paused.Load() {
			continue
		}
		var err error
		c.mutex.Lock()
		c.drain()
		if time.Now().After(next) {
			err = errors.Join(err, c.Sweep())
			next = time.Now().Add(time.Second)
		}
		if c.watcher != nil {
			c.watcher.bad = errors.Join(c.watcher.bad, err)
		} else {
			c.bad = errors.Join(c.bad, err)
		}
		c.mutex.Unlock()
	}
}

// drain hands out what is in the rings; mutex must be held.
func (c *session) drain() {
	take := func([]byte) {}
	if c.watcher != nil {
		take = c.watcher.record
	}
	bulk := c.Bulk.End()
	c.Vital.Read(c.Vital.End(), take)
	c.Bulk.Read(bulk, take)
}

// hand makes w the one that is told.
func (c *session) hand(w *watcher) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.watcher = w
	c.paused.Store(false)
}

// leave tells w of all that has happened until now, and then no more.
func (c *session) leave(w *watcher) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.watcher != w {
		return nil
	}
	c.drain()
	err := c.Sweep()
	c.drain()
	c.watcher = nil
	return err
}
