// Package live tells those who watch what changes, as it does.
package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// Event is one change: its kind, and JSON that says what.
type Event struct {
	Name string
	Data []byte
}

// Hub hands events to all who subscribed. Nobody who watches slows the one who tells:
// who does not keep up is told that something is missing (Lost), and looks again.
type Hub struct {
	most int

	mu  sync.Mutex
	all map[*Subscription]struct{}
}

// Lost is the name of the event that stands for those that found no room.
const Lost = "lost"

// room is how many events wait for one who watches.
const room = 64

// NewHub makes one for at most so many at once.
func NewHub(most int) *Hub { return &Hub{most: most, all: map[*Subscription]struct{}{}} }

// Subscription is one who watches.
type Subscription struct {
	hub  *Hub
	c    chan Event
	lost bool // guarded by hub.mu
}

// ErrFull is when too many watch.
var ErrFull = errors.New("too many watch already")

// Subscribe begins to watch.
func (h *Hub) Subscribe() (*Subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) >= h.most {
		return nil, ErrFull
	}
	s := &Subscription{hub: h, c: make(chan Event, room)}
	h.all[s] = struct{}{}
	return s, nil
}

// Events is what comes.
func (s *Subscription) Events() <-chan Event { return s.c }

// Close ends it.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.all, s)
}

// Publish tells all of a change.
func (h *Hub) Publish(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("publish %s: %w", name, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.all {
		if s.lost && len(s.c) <= room-2 {
			s.c <- Event{Lost, []byte("{}")}
			s.lost = false
		}
		if s.lost || len(s.c) == room {
			s.lost = true
			continue
		}
		s.c <- Event{name, data} // there is room, and only this goroutine adds
	}
	return nil
}

// Signal wakes all who wait for one thing.
type Signal struct {
	mu sync.Mutex
	c  chan struct{}
}

// Wait gives what is closed at the next Fire.
func (s *Signal) Wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

// Fire wakes who waits.
func (s *Signal) Fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
