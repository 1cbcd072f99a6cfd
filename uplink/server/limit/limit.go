// Package limit bounds how often something happens for each of many: a bucket a key, that
// fills with time. Its memory is bounded too.
package limit

import (
	"sync"
	"time"
)

// Buckets are those of one kind of thing. They are safe for use by many at once.
type Buckets struct {
	size  float64       // so many at once
	every time.Duration // one more after that
	most  int           // keys remembered
	now   func() time.Time

	mu  sync.Mutex
	all map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// New makes buckets of a size that gain one after every; at most so many keys are
// remembered.
func New(size int, every time.Duration, most int, now func() time.Time) *Buckets {
	return &Buckets{size: float64(size), every: every, most: most, now: now, all: map[string]*bucket{}}
}

// Take takes one of a key's bucket. When there is none it tells after how long there is.
func (b *Buckets) Take(key string) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.get(key)
	if e.left < 1 {
		return time.Duration((1 - e.left) * float64(b.every)), false
	}
	e.left--
	return 0, true
}

// Return gives one back: it was not what is bounded.
func (b *Buckets) Return(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.get(key)
	e.left = min(e.left+1, b.size)
}

func (b *Buckets) get(key string) *bucket {
	now := b.now()
	e := b.all[key]
	if e == nil {
		if len(b.all) >= b.most {
			b.forget(now)
		}
		e = &bucket{b.size, now}
		b.all[key] = e
	}
	b.fill(e, now)
	return e
}

func (b *Buckets) fill(e *bucket, now time.Time) {
	if passed := now.Sub(e.at); passed > 0 {
		e.left, e.at = min(e.left+float64(passed)/float64(b.every), b.size), now
	}
}

// forget lets go of the buckets that are full, and when none is of the fullest eighth or
// so: who fills the memory with keys cannot empty the bucket of one that is nearly empty.
func (b *Buckets) forget(now time.Time) {
	fullest := 0.0
	for _, e := range b.all {
		b.fill(e, now)
		fullest = max(fullest, e.left)
	}
	limit, gone := min(fullest, b.size), 0
	for key, e := range b.all {
		if e.left >= limit && (limit >= b.size || gone <= b.most/8) {
			delete(b.all, key)
			gone++
		}
	}
}
