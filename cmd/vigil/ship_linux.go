package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil/detect"
	"vigil/sensor"
	"vigil/uplink/feed"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/spool"
)

// shipper is a sink that brings what is seen to a server, by way of the disk.
type shipper struct {
	feed   *feed.Feed
	way    *feed.Way
	spool  *spool.Spool
	client *ship.Client
	log    *slog.Logger
	line   []byte
	now    time.Time             // of the last flush: near enough for what waits a second
	ended  atomic.Pointer[error] // why nothing is shipped any more
}

// openShipper opens the way to the server that the state folder is enrolled at; the error
// is ship.ErrNotEnrolled when it is at none. The server may be elsewhere now, unless "".
func openShipper(dir, server string, c sensor.Shipping, s *sensor.Sensor, apply func(context.Context, protocol.Policy) error, log *slog.Logger) (*shipper, error) {
	h := &shipper{log: log, now: time.Now()}
	_, err := ship.Expires(dir)
	if err != nil { // before a spool is made
		return nil, err
	}
	proxy, err := c.ProxyURL()
	if err != nil {
		return nil, err
	}
	settings := spool.Settings{MaxBytes: int64(c.Spool), MaxAge: c.SpoolAge, Sync: spool.Sync(c.SpoolSync)}
	if h.spool, err = spool.Open(filepath.Join(dir, "spool"), settings, log); err != nil {
		return nil, err
	}
	h.way, h.feed = feed.NewWay(h.spool), feed.New(s.Meta(), h.spool, log)
	h.client, err = ship.Open(ship.Settings{
		Dir: dir, Server: server, Spool: h.way, Drops: h.way, Queued: h.way.Queued, Clock: ship.RealClock(), Log: log,
		Bandwidth: int64(c.Bandwidth), Proxy: ship.Proxy{URL: proxy},
		Health: func() protocol.Report { return h.health(s) }, Apply: apply,
	})
	if err != nil {
		return nil, errors.Join(err, h.spool.Close())
	}
	return h, nil
}

// run ships until the context ends, and the feed is closed; what is not shipped then stays
// on the disk.
func (h *shipper) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(h.feed.Run)
	g.Go(func() error { return h.way.Run(ctx) })
	g.Go(func() error {
		err := h.client.Run(ctx)
		if err != nil { // told now: the watch goes on, and ends perhaps in months
			h.ended.Store(&err)
			h.log.Error("nothing is shipped any more, what is seen stays on this disk: start vigil run again", "error", err)
		}
		return err
	})
	return errors.Join(g.Wait(), h.spool.Close())
}

// Take implements sensor.Sink.
func (h *shipper) Take(e *sensor.Event) { h.feed.Event(e.Record, e.Actor(), h.now) }

// Alert implements sensor.Sink.
func (h *shipper) Alert(a *detect.Alert, did detect.Activity, _ *sensor.Event) {
	line, err := a.AppendJSON(h.line[:0], did)
	if err != nil {
		h.log.Error("an alert cannot be written for the server", "alert", a.String(), "error", err)
		return
	}
	h.line = line
	h.feed.Alert(line)
}

// Flush implements sensor.Sink.
func (h *shipper) Flush() {
	h.now = time.Now()
	h.feed.Flush(h.now)
}

// upstream is how it fares, for the sensor's status.
func (h *shipper) upstream() *sensor.Upstream {
	c := h.client.Status()
	u := &sensor.Upstream{
		Server: c.Server, Sensor: c.Sensor, Policy: c.Policy, Version: c.Version, Refused: c.PolicyError, Shipped: c.Acknowledged,
		Acknowledged: c.LastAnswer, Lost: h.feed.Stats().Lost, Dropped: map[string]uint64{}, Error: c.LastError, ErrorAt: c.LastErrorAt, Expires: c.Expires,
	}
	for _, class := range h.spool.Stats().Classes {
		u.Waiting += class.Waiting.Batches
		u.WaitingBytes += class.Waiting.Bytes
		if !class.Oldest.IsZero() && (u.Oldest.IsZero() || class.Oldest.Before(u.Oldest)) {
			u.Oldest = class.Oldest
		}
		for why, n := range class.Dropped {
			u.Dropped[string(why)] += n.Events
		}
	}
	if err := h.ended.Load(); err != nil {
		u.Error = "nothing is shipped any more: " + oneLine(*err)
	}
	return u
}

// lost is how many events will never reach the server, since the start.
func (h *shipper) lost() uint64 { return h.feed.Stats().Lost + h.spool.Dropped().Events }

// health is what a sensor says of itself to its server. Lost is also what came so fast,
// or so large, that it never got into the spool: what got into it and was dropped is told
// by itself.
func (h *shipper) health(s *sensor.Sensor) protocol.Report {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	status, err := s.Status(ctx)
	if err != nil {
		return protocol.Report{Version: version}
	}
	text, err := json.Marshal(status)
	if err != nil {
		text = nil
	}
	return protocol.Report{Version: version, Tier: bestTier(status.Tiers), Lost: status.LostAll + h.feed.Stats().Lost, Health: text}
}

// bestTier is the one that most kinds are captured in.
func bestTier(tiers map[string]string) string {
	counts, best := map[string]int{}, ""
	for _, t := range tiers {
		if counts[t]++; counts[t] > counts[best] {
			best = t
		}
	}
	return best
}
