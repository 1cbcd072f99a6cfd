package join

import "testing"

func TestLimitFor(t *testing.T) {
	for live, want := range map[uint64]int64{0: memoryLimit, 100 << 20: memoryLimit, 300 << 20: 450 << 20} {
		if got := limitFor(live); got != want {
			t.Errorf("with %d MiB in use the limit is %d MiB, want %d", live>>20, got>>20, want>>20)
		}
	}
}
