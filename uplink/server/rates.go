package server

import (
	"context"
	"sync"
	"time"

	"vigil/uplink/server/api"
)

// rates knows what came in during the last minute: a ring of what was counted each second.
type rates struct {
	mu   sync.Mutex
	ring [61]sample
	n    int // samples taken
}

type sample struct {
	at            time.Time
	events, bytes uint64
}

// count takes a sample each second until the context ends.
func (s *Server) count(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		s.sample(s.Now())
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) sample(now time.Time) {
	c := s.Receiver.Counts()
	s.rates.mu.Lock()
	defer s.rates.mu.Unlock()
	s.rates.ring[s.rates.n%len(s.rates.ring)] = sample{now, c.Events.Load(), c.Bytes.Load()}
	s.rates.n++
}

func (s *Server) ratesNow() api.Rates {
	r := api.Rates{Refused: s.Receiver.Counts().Refused.Load()}
	s.rates.mu.Lock()
	defer s.rates.mu.Unlock()
	if s.rates.n < 2 {
		return r
	}
	last := s.rates.ring[(s.rates.n-1)%len(s.rates.ring)]
	first := s.rates.ring[max(0, s.rates.n-len(s.rates.ring))%len(s.rates.ring)]
	if took := last.at.Sub(first.at).Seconds(); took > 0 {
		r.Events, r.Bytes = float64(last.events-first.events)/took, float64(last.bytes-first.bytes)/took
	}
	return r
}
