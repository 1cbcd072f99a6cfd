package limit

import (
	"fmt"
	"testing"
	"time"
)

func TestTake(t *testing.T) {
	now := time.Unix(0, 0)
	b := New(2, time.Minute, 8, func() time.Time { return now })
	for range 2 {
		if _, ok := b.Take("a"); !ok {
			t.Fatal("a full bucket is empty")
		}
	}
	if wait, ok := b.Take("a"); ok || wait != time.Minute {
		t.Fatalf("an empty bucket: %v, wait %v", ok, wait)
	}
	if _, ok := b.Take("b"); !ok {
		t.Error("one key empties another's bucket")
	}
	now = now.Add(30 * time.Second)
	if wait, ok := b.Take("a"); ok || wait != 30*time.Second {
		t.Errorf("half a minute later: %v, wait %v", ok, wait)
	}
	now = now.Add(30 * time.Second)
	if _, ok := b.Take("a"); !ok {
		t.Error("a minute later the bucket is still empty")
	}
	b.Return("a")
	if _, ok := b.Take("a"); !ok {
		t.Error("what was returned is not there")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	b := New(2, time.Minute, 8, func() time.Time { return now })
	for range 2 {
		b.Take("attacked")
	}
	for i := range 1000 {
		b.Take(fmt.Sprint(i))
	}
	if len(b.all) > 8 {
		t.Errorf("%d keys, the most is 8", len(b.all))
	}
	if _, ok := b.Take("attacked"); ok {
		t.Error("many keys empty the memory of the one that is attacked")
	}
}
