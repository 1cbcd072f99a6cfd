package export

import (
	"math/rand/v2"
	"time"
)

// Clock is the time that exporters go by. Only the limit on one attempt (Timeout)
// goes by the system's.
type Clock interface {
	Now() time.Time
	After(time.Duration) <-chan time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Retry says how an attempt that failed is followed by others.
type Retry struct {
	First time.Duration // wait after the first; 0: 1 s
	Most  time.Duration // wait at most; 0: 1 min
	For   time.Duration // a batch is given up after that; 0: a day
}

func (r Retry) withDefaults() Retry {
	if r.First == 0 {
		r.First = time.Second
	}
	if r.Most == 0 {
		r.Most = max(time.Minute, r.First)
	}
	if r.For == 0 {
		r.For = 24 * time.Hour
	}
	return r
}

// longestWish bounds for how long a destination may tell us to stay away.
const longestWish = 10 * time.Minute

// wait is how long to wait after so many failures: doubling, between the half and the
// whole of it, so that many exporters do not come back at once. A destination's wish
// is granted.
func (r Retry) wait(failures int, wish time.Duration) time.Duration {
	d := r.Most
	if shift := failures - 1; shift < 32 && r.First<<shift>>shift == r.First {
		d = min(d, r.First<<shift)
	}
	d = d/2 + rand.N(d/2+1)
	return max(d, min(wish, longestWish))
}
