package ship

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vigil/uplink/ship/protocol"
)

// How long to wait between tries: alerts are few, and come back sooner.
const (
	firstWait  = 500 * time.Millisecond
	alertsWait = 5 * time.Second
	eventsWait = time.Minute
	sendTime   = 2 * time.Minute // one try
	finalTries = 3               // an answer that is final is asked for so often: bytes may have been damaged on the way
)

// lane ships batches of a class one by one.
func (c *Client) lane(ctx context.Context, class protocol.Class) error {
	for {
		b, err := c.Spool.Next(ctx, class)
		if err != nil {
			return err
		}
		if err := c.ship(ctx, b); err != nil {
			return err
		}
	}
}

// ship sends a batch until the server has it, or refuses it for good.
func (c *Client) ship(ctx context.Context, b Batch) error {
	most := eventsWait
	if b.Class == protocol.Alerts {
		most = alertsWait
	}
	for failures, finals := 0, 0; ; failures++ {
		wait := c.bandwidth.take(len(b.Body))
		if b.Class == protocol.Alerts {
			wait = 0
		}
		if err := c.pause(ctx, wait); err != nil {
			return err
		}
		err := c.send(ctx, b)
		if err == nil {
			c.counts.acknowledged(c.Clock.Now())
			return c.Spool.Release(b)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.failed(err)
		wait = backoff(failures, firstWait, most, c.Clock.Random)
		if no := (*refused)(nil); errors.As(err, &no) {
			if no.final() {
				finals++
			}
			if finals == finalTries {
				c.counts.refused.Add(1)
				c.Log.Error("the server refuses a batch for good", "epoch", b.Epoch, "sequence", b.Sequence, "error", err)
				return c.Spool.Refuse(b, fmt.Sprintf("refused with %d", no.status))
			}
			wait = max(wait, min(no.again, most))
		}
		if err := c.pause(ctx, wait); err != nil {
			return err
		}
	}
}

func (c *Client) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	return c.Clock.Sleep(ctx, d)
}

func (c *Client) send(ctx context.Context, b Batch) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address(protocol.PathBatches), bytes.NewReader(b.Body))
	if err != nil {
		return err
	}
	b.Write(q.Header, b.Body)
	q.Header.Set("Content-Type", "application/octet-stream")
	c.counts.sent(len(b.Body))
	defer c.counts.inFlight.Add(-1)
	_, err = exchange(c.http, q, nil)
	return err
}
