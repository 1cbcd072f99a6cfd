package behavior

import "math/rand/v2"

const ways = 8

// slots is a table of bounded size by number. Each number has its place in one
// set of eight; a new one takes the place of the one least recently looked for.
// Nothing is allocated after it is made.
type slots[V any] struct {
	sets []struct {
		key  [ways]uint64 // 0: empty
		used [ways]uint64
		v    [ways]V
	}
	salt uint64 // nobody can choose numbers that meet in one set
	used bool   // something was ever kept
}

// newSlots makes room for so many, rounded up to a power of two.
func newSlots[V any](room int) slots[V] {
	n := 1
	for n*ways < room {
		n *= 2
	}
	s := slots[V]{salt: rand.Uint64()}
	s.sets = append(s.sets, make([]struct {
		key  [ways]uint64
		used [ways]uint64
		v    [ways]V
	}, n)...)
	return s
}

func (s *slots[V]) set(key uint64) int { return int(mix(key^s.salt) & uint64(len(s.sets)-1)) }

// find gives what is kept by a number; nil when nothing is.
func (s *slots[V]) find(key uint64) *V {
	if !s.used {
		return nil
	}
	set := &s.sets[s.set(key)]
	for i := range set.key {
		if set.key[i] == key && key != 0 {
			return &set.v[i]
		}
	}
	return nil
}

// at gives the place of a number, fresh and zero when it had none.
func (s *slots[V]) at(key, now uint64) (v *V, fresh bool) {
	if key == 0 {
		key = 1
	}
	s.used = true
	set := &s.sets[s.set(key)]
	oldest := 0
	for i := range set.key {
		if set.key[i] == key {
			set.used[i] = max(set.used[i], now)
			return &set.v[i], false
		}
		if set.used[i] < set.used[oldest] {
			oldest = i
		}
	}
	var zero V
	set.key[oldest], set.used[oldest], set.v[oldest] = key, now, zero
	return &set.v[oldest], true
}

func (s *slots[V]) drop(key uint64) {
	if !s.used {
		return
	}
	set := &s.sets[s.set(key)]
	for i := range set.key {
		if set.key[i] == key {
			set.key[i], set.used[i] = 0, 0
		}
	}
}

// clear forgets all.
func (s *slots[V]) clear() { clear(s.sets) }

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: OOPSLA 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// distinct counts different numbers: never too many, and hardly ever too few up to
// a hundred (a Bloom filter of two bits a number).
type distinct struct {
	bits [16]uint64
	n    uint16
}

// add tells whether the number is new.
func (d *distinct) add(hash uint64) bool {
	h := mix(hash)
	one, other := &d.bits[h>>6&15], &d.bits[h>>22&15]
	first, second := uint64(1)<<(h&63), uint64(1)<<(h>>16&63)
	if *one&first != 0 && *other&second != 0 {
		return false
	}
	*one |= first
	*other |= second
	d.n++
	return true
}
