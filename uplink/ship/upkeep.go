package ship

import (
	"context"
	"fmt"
	"time"

	"vigil/uplink/ship/protocol"
)

// How often the sensor tells of itself, and looks whether there is something to tell.
const (
	reportEvery = time.Minute
	lookEvery   = 5 * time.Second
)

// upkeep tells the server of drops and of the sensor's health, and renews the
// certificate, until the context ends.
func (c *Client) upkeep(ctx context.Context) error {
	var reported, warned time.Time
	told := false // that the certificate is over
	for {
		if over := c.over(); over == nil {
			told = false
		} else if !c.enrolledAgain() {
			if !told {
				c.failed(over)
				c.Log.Error("nothing is shipped, what is seen stays on this disk", "error", over)
			}
			told = true
			if err := c.pause(ctx, backoff(0, lookEvery, lookEvery, c.Clock.Random)); err != nil {
				return err
			}
			continue
		}
		if c.Clock.Now().Sub(reported) >= reportEvery {
			c.tell(ctx)
			reported = c.Clock.Now()
		}
		if err := c.tellDrops(ctx); err != nil && ctx.Err() == nil {
			c.failed(fmt.Errorf("tell of drops: %w", err))
		}
		if !c.Clock.Now().Before(c.id.Load().renews()) {
			if err := c.renew(ctx); err != nil && ctx.Err() == nil {
				c.failed(fmt.Errorf("renew the certificate: %w", err))
				if now := c.Clock.Now(); now.Sub(warned) >= time.Hour {
					warned = now
					c.Log.Warn("the certificate is not renewed yet", "expires", c.id.Load().expires(), "error", err)
				}
			}
		}
		if err := c.pause(ctx, backoff(0, lookEvery, lookEvery, c.Clock.Random)); err != nil {
			return err
		}
	}
}

// tell reports the sensor's health; what is not told now is told by the next.
func (c *Client) tell(ctx context.Context) {
	if c.Health == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	m := c.Health()
	good, refused := c.policy.status()
	m.Policy, m.Follows, m.Refused = good.Version, good.Name, refused
	if err := post(ctx, c.http, c.address(protocol.PathReport), m, nil); err != nil {
		c.failed(fmt.Errorf("report: %w", err))
	}
}

// dropsAtOnce bounds one message.
const dropsAtOnce = 500

func (c *Client) tellDrops(ctx context.Context) error {
	if c.Drops == nil {
		return nil
	}
	all := c.Drops.Untold()
	for len(all) > 0 {
		n := min(len(all), dropsAtOnce)
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		err := post(ctx, c.http, c.address(protocol.PathDrops), all[:n], nil)
		cancel()
		if err != nil {
			return err
		}
		c.Drops.Told(all[:n])
		all = all[n:]
	}
	return nil
}

// renew gets a certificate for a new key; connections after it show the new one.
func (c *Client) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	key, err := protocol.NewKey()
	if err != nil {
		return err
	}
	text, err := protocol.EncodeKey(key)
	if err != nil {
		return err
	}
	request, err := protocol.Request(key)
	if err != nil {
		return err
	}
	var a protocol.Identity
	if err := post(ctx, c.http, c.address(protocol.PathRenew), protocol.Renew{Request: request}, &a); err != nil {
		return err
	}
	old := c.id.Load()
	next, err := old.of(a, text)
	if err != nil {
		return err
	}
	if next.Sensor != old.Sensor {
		return fmt.Errorf("the server answers with the certificate of %s", next.Sensor)
	}
	if err := next.write(c.Dir); err != nil {
		return err
	}
	c.id.Store(next)
	c.transport.CloseIdleConnections()
	return nil
}
