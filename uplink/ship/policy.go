package ship

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
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

func (f *follower) status() (good protocol.Policy, refused string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.good, f.refused
}

func (f *follower) set(p protocol.Policy, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen = p.Tag(); err != nil {
		f.refused = clip(fmt.Sprintf("%s: %s", p, err))
		return
	}
	f.good, f.refused = p, ""
}

// mostReason bounds what is told of a refusal, bytes: a rule can be long, and is quoted.
const mostReason = 1000

func clip(s string) string {
	if len(s) > mostReason {
		s = strings.ToValidUTF8(s[:mostReason], "") + " ..."
	}
	return s
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
	if err := c.resume(ctx); err != nil {
		return err
	}
	for failures := 0; ; {
		p, news, err := c.fetch(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			c.failed(fmt.Errorf("policy: %w", err))
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
		if err := c.apply(ctx, p); err != nil {
			return err
		}
		c.tell(ctx)
	}
}

// Kept gives the policy that a sensor of the state folder followed last, so that it can
// begin with it; none when its version is 0.
func Kept(dir string) (p protocol.Policy, err error) {
	text, err := os.ReadFile(filepath.Join(dir, policyFile))
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return protocol.Policy{}, fmt.Errorf("read the policy that was followed last: %w", err)
	}
	return p, nil
}

// resume applies what was followed when the sensor ended.
func (c *Client) resume(ctx context.Context) error {
	p, err := Kept(c.Dir)
	if err != nil { // the server gives it again
		c.failed(err)
		c.Log.Error("the host's own settings are followed", "error", err)
		return nil
	}
	if p.Version == 0 {
		return nil
	}
	err = c.Apply(ctx, p)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.policy.set(p, err); err != nil {
		c.Log.Error("the policy that was followed last cannot be followed now: the host's own settings are", "policy", p.Name, "version", p.Version, "error", err)
	}
	c.tell(ctx)
	return nil
}

// apply follows a policy, and keeps it when that goes well: else what was followed stays.
// Its error is that of the context only.
func (c *Client) apply(ctx context.Context, p protocol.Policy) error {
	err := c.Apply(ctx, p)
	if ctx.Err() != nil { // the sensor ends: nothing is said of the policy
		return ctx.Err()
	}
	if c.policy.set(p, err); err != nil {
		c.Log.Error("a policy cannot be followed: the last good one stays", "policy", p.Name, "version", p.Version, "error", err)
		return nil
	}
	text, err := json.Marshal(p)
	if err == nil {
		err = replaceFile(filepath.Join(c.Dir, policyFile), text)
	}
	if err != nil {
		c.failed(fmt.Errorf("keep the policy: %w", err))
		c.Log.Error("a policy is followed and cannot be kept for the next start", "error", err)
		return nil
	}
	c.Log.Info("policy followed", "policy", p.Name, "version", p.Version)
	return nil
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
