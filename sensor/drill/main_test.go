//go:build linux

package drill

import (
	"os"
	"testing"

	"vigil/sensor/simulate"
)

// TestMain makes the test program one that has playbooks.
func TestMain(m *testing.M) {
	if simulate.Part() {
		return
	}
	os.Exit(m.Run())
}
