package store

import (
	"strings"
	"sync"
)

// loaders keep rows until they are much, or flushed: there is one for each kind, so that
// those of a kind, and of one sensor after the other, make full blocks.
type loaders struct {
	engines *[classes]*engine
	mutex   sync.RWMutex
	kinds   map[string]*loader
}

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
		k = l.engines[ClassOf(kind)].loader()
		l.kinds[strings.Clone(kind)] = k
	}
	return k
}

// flush hands over what all have. Nobody adds meanwhile.
func (l *loaders) flush() {
	var done sync.WaitGroup
	for _, k := range l.kinds {
		done.Go(k.flush)
	}
	done.Wait()
}
