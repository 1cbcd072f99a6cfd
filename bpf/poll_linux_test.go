package bpf

import (
	"testing"
	"time"
)

// An Interrupt that comes before the Wait it is for ends that Wait, and no other.
func TestInterruptIsNotForgotten(t *testing.T) {
	poll, err := pollMaps()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = poll.Close() }()
	empty := func() *Ring { return &Ring{consumer: new(uint64), producer: new(uint64)} }
	c := &Capture{poll: poll, Vital: empty(), Bulk: empty()}
	for range 3 {
		if err := c.Interrupt(); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(time.Now().Add(time.Hour)); err != nil { // go test ends one that is stuck
			t.Fatal(err)
		}
		soon := time.Now().Add(time.Millisecond)
		if err := c.Wait(soon); err != nil || time.Now().Before(soon) {
			t.Errorf("a Wait that nobody interrupted ended before its deadline: %v", err)
		}
	}
}
