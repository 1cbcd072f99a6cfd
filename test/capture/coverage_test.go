//go:build linux

package capture

import (
	"testing"

	"vigil/bpf"
	"vigil/decode"
)

// Every kind is captured, or the kernel's reason is told. In the full tier on a
// kernel with trampolines, a kind may fall to a lower tier only for a known reason.
func TestCoverage(t *testing.T) {
	w := watch(t, settings(t), nil)
	for _, c := range w.Coverage() {
		kind := decode.Kind(c.Kind)
		switch {
		case c.Tier == bpf.TierNone && c.Missing == nil:
			t.Errorf("%s is not captured and nothing says why", kind)
		case c.Missing != nil:
			t.Logf("%-14s %-10s %.600s", kind, c.Tier, c.Missing)
		default:
			t.Logf("%-14s %-10s", kind, c.Tier)
		}
	}
}
