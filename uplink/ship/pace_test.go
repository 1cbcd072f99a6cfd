package ship

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	low, high := func() float64 { return 0 }, func() float64 { return 0.999999 }
	for n, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second} {
		if got := backoff(n, time.Second, 8*time.Second, high).Round(time.Millisecond); got != want {
			t.Errorf("after %d failures at most %v, want %v", n+1, got, want)
		}
		if got := backoff(n, time.Second, 8*time.Second, low); got != want/10 {
			t.Errorf("after %d failures at least %v, want %v", n+1, got, want/10)
		}
	}
	if got := backoff(1000, time.Second, time.Minute, high); got > time.Minute {
		t.Errorf("after a thousand failures %v", got)
	}
}

func TestBandwidth(t *testing.T) {
	now := time.Unix(0, 0)
	b := bandwidth{perSecond: 1000, now: func() time.Time { return now }}
	for i, want := range []time.Duration{0, 500 * time.Millisecond, time.Second} {
		if got := b.take(500); got != want {
			t.Errorf("batch %d waits %v, want %v", i, got, want)
		}
	}
	now = now.Add(time.Hour)
	if got := b.take(500); got != 0 {
		t.Errorf("after a quiet hour a batch waits %v", got)
	}
	if got := b.take(1); got != 500*time.Millisecond {
		t.Errorf("a quiet hour saves up: the next waits %v", got)
	}
}
