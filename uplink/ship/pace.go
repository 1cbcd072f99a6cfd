package ship

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Clock is time and chance, as tests set them.
type Clock struct {
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
	Random func() float64 // from 0 to below 1
}

// RealClock is that of the machine.
func RealClock() Clock {
	return Clock{time.Now, func(ctx context.Context, d time.Duration) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, rand.Float64}
}

// backoff is how long to wait after the nth failure in a row: up to first, doubled each
// time, up to most, and by chance anything between a tenth and the whole of it, so that a
// fleet does not come back all at once.
func backoff(n int, first, most time.Duration, random func() float64) time.Duration {
	d := most
	if n < 16 {
		d = min(first<<n, most)
	}
	return d/10 + time.Duration(random()*float64(d-d/10))
}

// bandwidth bounds bytes a second. Who is to wait is told how long: the bytes are taken
// at once, so that those who ask at the same time take turns.
type bandwidth struct {
	perSecond int64 // 0: no bound
	now       func() time.Time

	mu   sync.Mutex
	free time.Time // when all that was taken has gone out
}

func (b *bandwidth) take(n int) time.Duration {
	if b.perSecond == 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.free.Before(now) {
		b.free = now
	}
	wait := b.free.Sub(now)
	b.free = b.free.Add(time.Duration(float64(n) / float64(b.perSecond) * float64(time.Second)))
	return wait
}
