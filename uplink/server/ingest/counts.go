package ingest

import (
	"net/http"
	"sync/atomic"

	"vigil/uplink/ship/protocol"
)

// Counts is what the receiver did since it began.
type Counts struct {
	Batches, Events, Bytes atomic.Uint64
	AlertBatches           atomic.Uint64
	Replays                atomic.Uint64
	Refused                atomic.Uint64 // for good
	Deferred               atomic.Uint64 // asked to come again
}

// Counts gives them; they go on counting.
func (r *Receiver) Counts() *Counts { return &r.counts }

func (c *Counts) took(class protocol.Class, events, bytes int) {
	c.Batches.Add(1)
	c.Bytes.Add(uint64(bytes))
	if class == protocol.Alerts {
		c.AlertBatches.Add(1)
		return
	}
	c.Events.Add(uint64(events))
}

func (c *Counts) refuse(status int) {
	if status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
		c.Deferred.Add(1)
		return
	}
	c.Refused.Add(1)
}
