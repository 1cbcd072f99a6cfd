package join

import (
	"os"
	"runtime/debug"
)

// memoryLimit is what Go's heap is held to, softly: rows on their way to the store are
// some 100 MiB that come and go, of which the collector would else leave as much again.
const memoryLimit = 224 << 20

// limitMemory limits the process. Who sets GOMEMLIMIT knows better.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
