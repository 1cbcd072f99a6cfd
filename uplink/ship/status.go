package ship

import (
	"sync"
	"sync/atomic"
	"time"
)

// Status is how shipping goes.
type Status struct {
	Server       string    `json:"server"`
	Sensor       string    `json:"sensor"`
	Queued       int       `json:"queued"`       // batches in the spool
	InFlight     int64     `json:"in_flight"`    // on the way now
	Sent         uint64    `json:"sent"`         // tries
	Acknowledged uint64    `json:"acknowledged"` // batches that the server has
	Refused      uint64    `json:"refused"`      // batches that it will never take
	Bytes        uint64    `json:"bytes"`        // of all tries
	LastAnswer   time.Time `json:"last_answer,omitzero"`
	LastError    string    `json:"last_error,omitempty"`
	LastErrorAt  time.Time `json:"last_error_at,omitzero"`
	Expires      time.Time `json:"certificate_expires"`
	Policy       string    `json:"policy,omitempty"` // that is followed; "": none
	Version      int64     `json:"policy_version"`
	PolicyError  string    `json:"policy_refused,omitempty"` // which one is not followed, and why
}

type counts struct {
	tries, acks, refused, bytes atomic.Uint64
	inFlight                    atomic.Int64

	mu            sync.Mutex
	answer, error time.Time
	last          string
}

func (c *counts) sent(bytes int) {
	c.inFlight.Add(1)
	c.tries.Add(1)
	c.bytes.Add(uint64(bytes))
}

func (c *counts) acknowledged(now time.Time) {
	c.acks.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = now
}

func (c *counts) failed(now time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.error, c.last = now, err.Error()
}

// failed notes what went wrong; of all that goes wrong with a certificate that has ended, that.
func (c *Client) failed(err error) {
	if over := c.over(); over != nil {
		err = over
	}
	c.counts.failed(c.Clock.Now(), err)
}

// Status tells how it goes.
func (c *Client) Status() Status {
	id := c.id.Load()
	s := Status{
		Server: c.server.String(), Sensor: id.Sensor, InFlight: c.counts.inFlight.Load(), Sent: c.counts.tries.Load(),
		Acknowledged: c.counts.acks.Load(), Refused: c.counts.refused.Load(), Bytes: c.counts.bytes.Load(), Expires: id.expires(),
	}
	if c.Queued != nil {
		s.Queued = c.Queued()
	}
	good, refused := c.policy.status()
	s.Policy, s.Version, s.PolicyError = good.Name, good.Version, refused
	c.counts.mu.Lock()
	defer c.counts.mu.Unlock()
	s.LastAnswer, s.LastError, s.LastErrorAt = c.counts.answer, c.counts.last, c.counts.error
	return s
}
