package batch_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// worked is how long this thread has run. Beside others on a busy machine, what a piece
// of work costs is seen in this and not in the time that passes.
func worked() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
