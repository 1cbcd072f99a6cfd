package sensor

// memo remembers a few answers for as long as one batch: most events of one ask for
// the same users and containers.
type memo[V any] struct {
	keys  [memoSize]uint64
	known [memoSize]bool
	v     [memoSize]V
}

const memoSize = 16

// of gives the answer, asking once.
func (m *memo[V]) of(key uint64, ask func() V) *V {
	i := key % memoSize
	if !m.known[i] || m.keys[i] != key {
		m.keys[i], m.known[i], m.v[i] = key, true, ask()
	}
	return &m.v[i]
}

func (m *memo[V]) forget() { clear(m.known[:]) }
