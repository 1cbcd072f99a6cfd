package ship

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vigil/uplink/ship/protocol"
)

const policyFile = "policy.json"

// follower knows which policy is followed.
type follower struct {
	mu      sync.Mutex
	good    protocol.Policy // the last that could be applied
	seen    string          // tag of the last that was offered
	refused string          // why that is not followed
}

func (f *follower) status() (version int64, refused string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.good.Version, f.refused
}

func (f *follower) set(p protocol.Policy, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen = p.Tag(); err != nil {
		f.refused = err.Error()
		return
	}
	f.good, f.refused = p, ""
}

func (f *follower) tag() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// follow applies the last good policy, then waits for others until the context ends.
func (c *Client) follow(ctx context.Context) error {
	if c.Apply == nil {
		return nil
	}
	c.resume()
	for failures := 0; ; {
		p, news, err := c.fetch(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			c.counts.failed(c.Clock.Now(), fmt.Errorf("policy: %w", err))
			if err := c.pause(ctx, backoff(failures, firstWait, eventsWait, c.Clock.Random)); err != nil {
				return err
			}
			failures++
			continue
		}
		if failures = 0; !news {
			// A server that does not wait is not asked without a pause.
			if err := c.pause(ctx, backoff(0, 2*time.Second, 2*time.Second, c.Clock.Random)); err != nil {
				return err
			}
			continue
		}
		c.apply(p)
		c.tell(ctx)
	}
}

// resume applies what was followed when the sensor ended.
func (c *Client) resume() {
	text, err := os.ReadFile(filepath.Join(c.Dir, policyFile))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	var p protocol.Policy
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err == nil {
		err = c.Apply(p)
	}
	if err != nil {
		c.Log.Error("the last good policy cannot be followed", "error", err)
		return
	}
	c.policy.set(p, nil)
}

// apply follows a policy, and keeps it when that goes well: else what was followed stays.
func (c *Client) apply(p protocol.Policy) {
	err := c.Apply(p)
	if c.policy.set(p, err); err != nil {
		c.Log.Error("a policy cannot be followed: the last good one stays", "policy", p.Name, "version", p.Version, "error", err)
		return
	}
	text, err := json.Marshal(p)
	if err == nil {
		err = replaceFile(filepath.Join(c.Dir, policyFile), text)
	}
	if err != nil {
		c.Log.Error("a policy is followed and cannot be kept for the next start", "error", err)
		return
	}
	c.Log.Info("policy followed", "policy", p.Name, "version", p.Version)
}

// fetch asks for another policy than the last that was offered; the server waits with
// its answer until there is one.
func (c *Client) fetch(ctx context.Context) (p protocol.Policy, news bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, protocol.MaxWait+30*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address(protocol.PathPolicy), nil)
	if err != nil {
		return p, false, err
	}
	q.Header.Set("Prefer", fmt.Sprintf("wait=%d", protocol.MaxWait/time.Second))
	if tag := c.policy.tag(); tag != "" {
		q.Header.Set("If-None-Match", tag)
	}
	status, err := exchange(c.http, q, &p)
	return p, status == http.StatusOK, err
}
