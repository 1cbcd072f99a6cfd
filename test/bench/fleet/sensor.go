//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

// sensor is one of the fleet. It implements ship.Spool, in memory.
type sensor struct {
	*host
	client *ship.Client
	epoch  uint64
	queue  chan ship.Batch

	mu                sync.Mutex
	next              uint64               // sequence
	made              map[uint64]time.Time // batches that are not acknowledged
	events            int                  // that were made
	sequences, places int                  // of all events together
	bytes             int                  // of batches
	took              []time.Duration      // from made to acknowledged, each batch
	refused           int
	watcher           chan<- madeBatch // is told of the next
}

type madeBatch struct {
	sequence uint64
	at       time.Time
}

// enrolSensor makes a sensor of a one-time token; it ships as soon as its client runs.
func enrolSensor(ctx context.Context, n int, dir, server, token string, boot int64, most int) (*sensor, error) {
	dir = filepath.Join(dir, fmt.Sprintf("sensor-%d", n))
	if _, err := ship.Enrol(ctx, ship.Enrolment{Dir: dir, Server: server, Token: token, Name: fmt.Sprintf("host-%04d", n), Version: "fleet"}); err != nil {
		return nil, err
	}
	s := &sensor{host: newHost(n, boot), epoch: rand.Uint64() | 1, queue: make(chan ship.Batch, most), made: map[uint64]time.Time{}}
	var err error
	s.client, err = ship.Open(ship.Settings{
		Dir: dir, Spool: s, Clock: ship.RealClock(), Log: slog.New(slog.DiscardHandler),
		Queued: func() int { return len(s.queue) },
		Health: func() protocol.Report {
			return protocol.Report{Version: "fleet", Tier: "full", Health: json.RawMessage(`{"events":1}`)}
		},
		Apply: func(context.Context, protocol.Policy) error { return nil },
	})
	return s, err
}

// fill makes a batch of so many events.
func (s *sensor) fill(e *batch.Encoder, events int) ship.Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(e, events, time.Now())
	s.events += events
	s.next++
	s.sequences += events * int(s.next)
	s.places += events * (events - 1) / 2
	b := ship.Batch{ID: protocol.ID{Epoch: s.epoch, Sequence: s.next, Class: protocol.Events}, Events: events, Body: e.Encode(nil)}
	s.bytes += len(b.Body)
	return b
}

// put puts a batch into the spool: from now on its time counts.
func (s *sensor) put(b ship.Batch) {
	now := time.Now()
	s.mu.Lock()
	s.made[b.Sequence] = now
	if s.watcher != nil && b.Events == 1 {
		s.watcher <- madeBatch{b.Sequence, now} // it has room
		s.watcher = nil
	}
	s.mu.Unlock()
	s.queue <- b // it has room for all that a run makes
}

// Next implements ship.Spool. There are no alerts.
func (s *sensor) Next(ctx context.Context, c protocol.Class) (ship.Batch, error) {
	queue := s.queue
	if c == protocol.Alerts {
		queue = nil
	}
	select {
	case b := <-queue:
		return b, nil
	case <-ctx.Done():
		return ship.Batch{}, ctx.Err()
	}
}

// Release implements ship.Spool.
func (s *sensor) Release(b ship.Batch) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = append(s.took, now.Sub(s.made[b.Sequence]))
	delete(s.made, b.Sequence)
	return nil
}

// Refuse implements ship.Spool.
func (s *sensor) Refuse(b ship.Batch, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused++
	delete(s.made, b.Sequence)
	return nil
}

// waits is how many batches are not acknowledged.
func (s *sensor) waits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.made)
}

// watch gives the next batch that the sensor makes.
func (s *sensor) watch() <-chan madeBatch {
	c := make(chan madeBatch, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watcher = c
	return c
}
