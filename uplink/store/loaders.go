package store

import (
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// loaders keep rows until they are much, or flushed. Rows of a kind, of one sensor after
// the other, wait until they make full blocks, and those of the most frequent kinds until
// they make several: the engine makes a part of them, and parts cost by their number.
type loaders struct {
	engines *[classes]*engine
	mutex   sync.RWMutex
	kinds   map[string]*loader
	size    atomic.Int64 // of all
}

// mostLoaded is how many bytes they keep, as lines of JSON, before a kind is flushed
// whose block is full. In memory a row takes about one and a half times as much.
const mostLoaded = 24 << 20

// of gives the loader of a kind.
func (l *loaders) of(kind string) *loader {
	l.mutex.RLock()
	k := l.kinds[kind]
	l.mutex.RUnlock()
	if k != nil {
		return k
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if k = l.kinds[kind]; k == nil {
		k = &loader{engine: l.engines[ClassOf(kind)]}
		l.kinds[strings.Clone(kind)] = k
	}
	return k
}

// flush hands over what a loader has; its lock is held.
func (l *loaders) flush(k *loader) {
	l.size.Add(-int64(k.size))
	k.flush()
}

// flushAll hands over what all have. Nobody adds meanwhile.
func (l *loaders) flushAll() {
	var g errgroup.Group
	for _, k := range l.kinds {
		g.Go(func() error {
			l.flush(k)
			return nil
		})
	}
	_ = g.Wait() // none fails
}
