package join

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryLimit is what Go's memory is held to, softly: rows on their way to the store are
// some 100 MiB that come and go, of which the collector would else leave as much again.
const memoryLimit = 224 << 20

// limitFor is the limit while so much is in use: thousands of connections can need more
// than memoryLimit, and the collector must not run all the time for what it cannot have.
func limitFor(live uint64) int64 { return max(memoryLimit, int64(live)*3/2) }

// limitMemory limits the process. Who sets GOMEMLIMIT knows better.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// followMemory raises and lowers the limit by what is in use, until the context ends.
func followMemory(ctx context.Context) error {
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	used := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	for sleep(ctx, 5*time.Second) == nil {
		metrics.Read(used)
		debug.SetMemoryLimit(limitFor(used[0].Value.Uint64() + used[1].Value.Uint64()))
	}
	return nil
}
