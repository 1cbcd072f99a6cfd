package join

import (
	"runtime/debug"
	"testing"
)

// A server that takes in as much as it can needs no more than 300 MiB, and has it all.
func TestMemory(t *testing.T) {
	const events = 1 << 18
	records := batches(20, events, fullBatch)
	w := newWay(t)
	debug.FreeOSMemory()
	most := watch(t)
	w.take(t, records, fullBatch, 1)
	got := most()
	t.Logf("%.0f MiB", got)
	if got >= 300 && !race {
		t.Errorf("%.0f MiB, want less than 300", got)
	}
	if rows := w.store.Stats().Rows; rows != events {
		t.Errorf("%d rows in the store, want %d", rows, events)
	}
}
