package ingest

import (
	"context"
	"sync"

	"vigil/uplink/server/control"
)

// claims makes one transaction of the claims that come while another is written: a
// thousand sensors cost little more than one.
type claims struct {
	db     *control.DB
	server string
	turn   chan struct{} // whoever holds it writes

	mu      sync.Mutex
	waiting []*claim
}

type claim struct {
	key  control.Key
	done bool
	mine bool
	err  error
}

func newClaims(db *control.DB, server string) *claims {
	return &claims{db: db, server: server, turn: make(chan struct{}, 1)}
}

// most bounds one transaction.
const most = 512

// one claims a batch that lies in the spool. It does not stop half-way for a context: a
// claim that is made must be known.
func (c *claims) one(ctx context.Context, key control.Key) (mine bool, err error) {
	own := &claim{key: key}
	c.mu.Lock()
	c.waiting = append(c.waiting, own)
	c.mu.Unlock()
	for {
		c.turn <- struct{}{}
		if !own.done {
			c.write(context.WithoutCancel(ctx))
		}
		done := own.done
		<-c.turn
		if done {
			return own.mine, own.err
		}
	}
}

// write claims for those who wait; the caller has the turn.
func (c *claims) write(ctx context.Context) {
	c.mu.Lock()
	n := min(len(c.waiting), most)
	now := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	c.mu.Unlock()
	keys := make([]control.Key, len(now))
	for i, w := range now {
		keys[i] = w.key
	}
	mine, err := c.db.Claim(ctx, c.server, keys)
	for i, w := range now {
		if w.done = true; err == nil {
			w.mine = mine[i]
		} else if len(now) == 1 {
			w.err = err
		} else if alone, err := c.db.Claim(ctx, c.server, keys[i:i+1]); err != nil { // one of them spoils it for all
			w.err = err
		} else {
			w.mine = alone[0]
		}
	}
}

// course is what this process knows of batches that it is taking.
type course struct {
	mu      sync.Mutex
	coming  map[control.Key]struct{} // in a request right now
	spooled map[control.Key]struct{} // in the spool, its claim failed: only that is missing
}

func newCourse() *course {
	return &course{coming: map[control.Key]struct{}{}, spooled: map[control.Key]struct{}{}}
}

// begin tells whether nobody else takes the batch now, and whether it is in the spool.
func (c *course) begin(k control.Key) (alone, spooled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, busy := c.coming[k]; busy {
		return false, false
	}
	c.coming[k] = struct{}{}
	_, spooled = c.spooled[k]
	return true, spooled
}

func (c *course) end(k control.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.coming, k)
}

func (c *course) isSpooled(k control.Key, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if is {
		c.spooled[k] = struct{}{}
	} else {
		delete(c.spooled, k)
	}
}
