package ingest

import (
	"sync"

	"vigil/uplink/server/control"
)

// mostStreams bounds the memory of what sensors sent: some 20 MiB.
const mostStreams = 1 << 16

// stream is the batches of a sensor's epoch.
type stream struct {
	sensor string
	epoch  uint64
}

// ledger remembers what the control state says was received, so that it is asked once for
// a sensor and not for each batch. What another server claims meanwhile it does not know:
// such a batch is taken here too, and let go when it is claimed.
type ledger struct {
	mu      sync.Mutex
	all     map[stream]control.Ranges
	changes int // of the state: what was read before one is not kept after it
}

func newLedger() *ledger { return &ledger{all: map[stream]control.Ranges{}} }

// has tells whether a batch was received; read asks the control state.
func (l *ledger) has(k control.Key, read func() (control.Ranges, error)) (bool, error) {
	s := stream{k.Sensor, k.Epoch}
	l.mu.Lock()
	r, known := l.all[s]
	has, changes := r.Has(k.Sequence), l.changes
	l.mu.Unlock()
	if known {
		return has, nil
	}
	r, err := read()
	if err != nil {
		return false, err
	}
	has = r.Has(k.Sequence)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changes == changes {
		for other := range l.all {
			if len(l.all) < mostStreams {
				break
			}
			delete(l.all, other)
		}
		l.all[s] = r
	}
	return has, nil
}

// claimed adds what the control state says now.
func (l *ledger) claimed(keys []control.Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	for _, k := range keys {
		s := stream{k.Sensor, k.Epoch}
		if r, known := l.all[s]; known {
			l.all[s] = r.Add(control.Range{First: k.Sequence, Last: k.Sequence})
		}
	}
}

// forget makes the control state be asked again of a sensor's epoch.
func (l *ledger) forget(sensor string, epoch uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes++
	delete(l.all, stream{sensor, epoch})
}
