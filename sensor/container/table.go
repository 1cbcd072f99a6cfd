package container

import (
	"math/bits"
	"sync/atomic"
)

// table finds entries by cgroup ID. Readers take no lock; writers hold the
// Resolver's. A reader that stands on an entry as it is removed goes on along
// the chain it was in.
type table struct {
	buckets []atomic.Pointer[entry]
	shift   int
}

// entry is one cgroup. All but id, next and info belong to the Resolver's lock.
type entry struct {
	id   uint64
	next atomic.Pointer[entry]
	info atomic.Pointer[Info] // nil: no path was found

	until  int64 // leaving or unresolved: when it goes, Unix ns
	tries  int
	asking bool

	list         *list
	older, newer *entry
}

func newTable(entries int) table {
	size := 1 << bits.Len(uint(max(entries, 16)-1))
	return table{buckets: make([]atomic.Pointer[entry], size), shift: 64 - bits.TrailingZeros(uint(size))}
}

// bucket spreads IDs, which the kernel counts up, by Fibonacci hashing (Knuth, TAOCP 6.4).
func (t *table) bucket(id uint64) *atomic.Pointer[entry] {
	return &t.buckets[id*0x9e3779b97f4a7c15>>t.shift]
}

func (t *table) get(id uint64) *entry {
	for e := t.bucket(id).Load(); e != nil; e = e.next.Load() {
		if e.id == id {
			return e
		}
	}
	return nil
}

// add puts in an entry whose ID is not there.
func (t *table) add(e *entry) {
	b := t.bucket(e.id)
	e.next.Store(b.Load())
	b.Store(e)
}

func (t *table) remove(e *entry) {
	for at := t.bucket(e.id); at.Load() != nil; at = &at.Load().next {
		if at.Load() == e {
			at.Store(e.next.Load())
			return
		}
	}
}

// list holds entries from the oldest to the newest.
type list struct {
	oldest, newest *entry
	length         int
}

// push makes an entry the newest of this list, and of no other.
func (l *list) push(e *entry) {
	e.leave()
	e.list, e.older = l, l.newest
	if l.newest != nil {
		l.newest.newer = e
	} else {
		l.oldest = e
	}
	l.newest = e
	l.length++
}

func (e *entry) leave() {
	l := e.list
	if l == nil {
		return
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		l.oldest = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		l.newest = e.older
	}
	e.list, e.older, e.newer = nil, nil, nil
	l.length--
}
