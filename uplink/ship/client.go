package ship

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"vigil/uplink/ship/protocol"
)

// Batch is one, as it lies in the spool.
type Batch struct {
	protocol.ID
	Events int
	Body   []byte
}

// Spool is the sensor's disk.
type Spool interface {
	// Next gives the oldest batch of a class that it has not given yet; it waits for one.
	Next(ctx context.Context, c protocol.Class) (Batch, error)
	// Release says that the server has a batch. Batches come in any order.
	Release(b Batch) error
	// Refuse says that the server will never take a batch: it is dropped, and counted.
	Refuse(b Batch, reason string) error
}

// Settings is what a client needs.
type Settings struct {
	Dir       string // the sensor's state: Enrol wrote it
	Server    string // https://HOST:PORT; "": where it was enrolled
	Spool     Spool
	InFlight  int   // batches of events on the way at once; 0: 4
	Bandwidth int64 // bytes of events a second; 0: no bound. Alerts never wait for it
	Proxy     Proxy
	Clock     Clock
	Log       *slog.Logger

	Queued func() int             // batches in the spool
	Drops  Drops                  // what the spool let go of
	Health func() protocol.Report // what the sensor says of itself
	// Apply makes the sensor follow a policy whole, or changes nothing and says why.
	Apply func(context.Context, protocol.Policy) error
}

// Drops is what a spool let go of and nobody was told yet.
type Drops interface {
	Untold() []protocol.Drop
	Told([]protocol.Drop)
}

// Client ships. Its zero value is not usable: Open.
type Client struct {
	Settings
	server    *url.URL
	http      *http.Client
	transport *http.Transport
	id        atomic.Pointer[identity]
	bandwidth bandwidth
	counts    counts
	policy    follower
}

// Open reads the identity that Enrol wrote.
func Open(s Settings) (*Client, error) {
	if s.InFlight == 0 {
		s.InFlight = 4
	}
	id, err := readIdentity(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("open shipping: %w", err)
	}
	c := &Client{Settings: s, bandwidth: bandwidth{perSecond: s.Bandwidth, now: s.Clock.Now}}
	c.id.Store(id)
	if c.server, err = serverURL(cmp.Or(s.Server, id.Server)); err != nil {
		return nil, fmt.Errorf("open shipping: %w", err)
	}
	c.transport, err = transport(c.server, &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: protocol.ServerName, RootCAs: id.pool, Time: s.Clock.Now,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.id.Load().pair, nil },
	}, s.Proxy)
	if err != nil {
		return nil, fmt.Errorf("open shipping: %w", err)
	}
	c.http = &http.Client{Transport: c.transport}
	return c, nil
}

// Sensor is this sensor's ID.
func (c *Client) Sensor() string { return c.id.Load().Sensor }

// Run ships until the context ends, and gives the error that ended it before: the spool's
// only. What the server or the network does is no end.
func (c *Client) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	run := func(name string, f func(context.Context) error) {
		all.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("ship: %s: %w", name, err))
			}
		})
	}
	run("alerts", func(ctx context.Context) error { return c.lane(ctx, protocol.Alerts) })
	for range c.InFlight {
		run("events", func(ctx context.Context) error { return c.lane(ctx, protocol.Events) })
	}
	run("policy", c.follow)
	run("upkeep", c.upkeep)
	all.Wait()
	c.transport.CloseIdleConnections()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (c *Client) address(path string) string { return c.server.JoinPath(path).String() }
