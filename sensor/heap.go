package sensor

import (
	"runtime/debug"
	"runtime/metrics"
)

// A collection looks at all that is in use, so that many small ones cost more than what
// they give back. The way of an event makes no garbage; what grows is the process table.
const (
	heapGrowth  = 3 << 20 // bytes that the heap may grow before the next collection
	leastGrowth = 12      // or hundredths of what is in use, if that is more
	mostGrowth  = 100
)

// heap keeps the sensor small at little cost: it sets how much garbage may gather.
type heap struct {
	live    [1]metrics.Sample
	percent int
}

func newHeap() *heap {
	h := &heap{percent: -1}
	h.live[0].Name = "/gc/heap/live:bytes"
	return h
}

// adjust follows what is in use.
func (h *heap) adjust() {
	metrics.Read(h.live[:])
	live := max(h.live[0].Value.Uint64(), 1)
	percent := int(min(max(heapGrowth*100/live, leastGrowth), mostGrowth))
	if percent != h.percent {
		h.percent = percent
		debug.SetGCPercent(percent)
	}
}
