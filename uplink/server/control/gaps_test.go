package control_test

import (
	"path/filepath"
	"testing"

	"vigil/uplink/server/control"
)

// A sensor that leaves thousands of gaps does not keep others' batches from being claimed.
func TestGaps(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "control.db"), newClock())
	hostile, honest := enrol(t, d, "hostile"), enrol(t, d, "honest")
	const last = 20_001
	keys := []control.Key{{Sensor: honest, Epoch: 1, Sequence: 1}}
	for n := uint64(1); n <= last; n += 2 {
		keys = append(keys, control.Key{Sensor: hostile, Epoch: 1, Sequence: n})
	}
	for range 2 { // again, as after a crash
		mine, err := d.Claim(t.Context(), "A", keys)
		must(t, err)
		for i := range mine {
			if !mine[i] {
				t.Fatalf("%+v is another's", keys[i])
			}
		}
	}
	for n, want := range map[uint64]bool{1: true, 2: true, last - 1: false, last: true, last + 1: false} {
		got, err := d.Received(t.Context(), control.Key{Sensor: hostile, Epoch: 1, Sequence: n})
		must(t, err)
		if got != want {
			t.Errorf("received %d: %v", n, got)
		}
	}
}
