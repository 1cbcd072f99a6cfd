package ingest

import (
	"sync"

	"vigil/uplink/server/control"
)

// mostHeld bounds the memory of batches that wait in the spool to be claimed: some 30 MiB.
const mostHeld = 1 << 18

// held is what this process knows of batches that the control state does not know yet.
type held struct {
	mu      sync.Mutex
	coming  map[control.Key]struct{} // in a request right now
	spooled map[control.Key]struct{} // in the spool, or about to be; not claimed
}

func newHeld() *held {
	return &held{coming: map[control.Key]struct{}{}, spooled: map[control.Key]struct{}{}}
}

// begin tells whether nobody else takes the batch now, and whether it is in the spool.
func (h *held) begin(k control.Key) (alone, spooled bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, busy := h.coming[k]; busy {
		return false, false
	}
	h.coming[k] = struct{}{}
	_, spooled = h.spooled[k]
	return true, spooled
}

func (h *held) end(k control.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.coming, k)
}

// full tells that so much waits that no more events are taken.
func (h *held) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.spooled) >= mostHeld
}

func (h *held) add(k control.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spooled[k] = struct{}{}
}

func (h *held) remove(all ...control.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range all {
		delete(h.spooled, k)
	}
}

// of gives those of a sensor.
func (h *held) of(sensor string) (all []control.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k := range h.spooled {
		if k.Sensor == sensor {
			all = append(all, k)
		}
	}
	return all
}
