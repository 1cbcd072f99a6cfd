package process

import "math/rand/v2"

// index finds entries by a 64-bit key: open addressing with linear probing and
// deletion by shifting back, so that neither churn nor time makes it longer to
// search. It allocates when it grows, never else.
type index struct {
	slots []slot // a power of two of them; the table keeps the entries
	shift uint   // 64 - log2(len(slots))
	salt  uint64 // odd; secret, so that nobody can aim at one place
	used  int
}

type slot struct {
	key   uint64
	entry *Process // nil: free
}

const indexMinimum = 1 << 13

func newIndex() index {
	return index{slots: unscanned[slot](indexMinimum), shift: 64 - 13, salt: rand.Uint64() | 1}
}

func (x *index) home(key uint64) uint64 { return (key * x.salt) >> x.shift }

func (x *index) get(key uint64) *Process {
	mask := uint64(len(x.slots) - 1)
	for i := x.home(key); ; i++ {
		s := &x.slots[i&mask]
		if s.entry == nil || s.key == key {
			return s.entry
		}
	}
}

// put adds the key, or gives it another entry.
func (x *index) put(key uint64, p *Process) {
	if (x.used+1)*4 > len(x.slots)*3 {
		x.grow()
	}
	mask := uint64(len(x.slots) - 1)
	for i := x.home(key); ; i++ {
		s := &x.slots[i&mask]
		if s.entry == nil {
			*s = slot{key, p}
			x.used++
			return
		}
		if s.key == key {
			s.entry = p
			return
		}
	}
}

// drop takes the key away if it leads to p.
func (x *index) drop(key uint64, p *Process) {
	mask := uint64(len(x.slots) - 1)
	i := x.home(key) & mask
	for x.slots[i].key != key || x.slots[i].entry == nil {
		if x.slots[i].entry == nil {
			return
		}
		i = (i + 1) & mask
	}
	if x.slots[i].entry != p {
		return
	}
	x.used--
	// Whoever probed past the hole moves into it, unless that is before its home.
	for j := (i + 1) & mask; x.slots[j].entry != nil; j = (j + 1) & mask {
		if (j-x.home(x.slots[j].key))&mask >= (j-i)&mask {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = slot{}
}

func (x *index) grow() {
	old := x.slots
	x.slots, x.used = unscanned[slot](2*len(old)), 0
	x.shift--
	for _, s := range old {
		if s.entry != nil {
			x.put(s.key, s.entry)
		}
	}
}
