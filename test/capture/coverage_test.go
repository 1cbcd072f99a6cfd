//go:build linux

package capture

import (
	"testing"

	"vigil/bpf"
	"vigil/decode"
)

// Every kind is captured on every kernel of the matrix, in some tier: the one
// asked for, or a lower one with the kernel's reason.
func TestCoverage(t *testing.T) {
	w := watch(t, settings(t), nil)
	for _, c := range w.Coverage() {
		kind := decode.Kind(c.Kind)
		switch {
		case c.Tier == bpf.TierNone:
			t.Errorf("%s is not captured: %v", kind, c.Missing)
		case c.Missing != nil:
			t.Logf("%-14s %-10s %.600s", kind, c.Tier, c.Missing)
		default:
			t.Logf("%-14s %-10s", kind, c.Tier)
		}
	}
}
