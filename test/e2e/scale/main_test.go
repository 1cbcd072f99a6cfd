//go:build linux

package scale

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// TestMain is a sensor when it is started as one.
func TestMain(m *testing.M) {
	if order := os.Getenv(orderVariable); order != "" {
		if err := runSensor(order); err != nil {
			fmt.Fprintln(os.Stderr, "sensor:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// size is how much a course has of everything.
type size struct {
	events int           // that the spools of all sensors acknowledge, at least
	rate   int           // events a second that a sensor sees
	cut    time.Duration // how long the network is, at least
	disk   int           // bytes of the disk of one sensor's spool
	bound  int64         // bytes that another's may have
}

const sensors = 5

func sized() size {
	if os.Getenv("VIGIL_SCALE") == "full" {
		return size{events: 2_000_000, rate: 4_000, cut: time.Minute, disk: 1280 << 10, bound: 1280 << 10}
	}
	return size{events: 200_000, rate: 2_000, cut: 10 * time.Second, disk: 192 << 10, bound: 128 << 10}
}

// patience bounds each wait: on a machine that others use, too.
const patience = 2 * time.Minute

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
