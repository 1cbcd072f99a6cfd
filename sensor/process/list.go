package process

import "unsafe"

// links make a value a member of at most one list at a time.
type links[T any] struct{ prev, next *T }

type linked[T any] interface {
	*T
	around() *links[T]
}

// list is doubly linked through its members: it allocates nothing.
type list[T any, P linked[T]] struct {
	head, tail *T
	len        int
}

func (l *list[T, P]) pushBack(v *T) {
	a := P(v).around()
	a.prev, a.next = l.tail, nil
	if l.tail != nil {
		P(l.tail).around().next = v
	} else {
		l.head = v
	}
	l.tail = v
	l.len++
}

func (l *list[T, P]) pushFront(v *T) {
	a := P(v).around()
	a.prev, a.next = nil, l.head
	if l.head != nil {
		P(l.head).around().prev = v
	} else {
		l.tail = v
	}
	l.head = v
	l.len++
}

func (l *list[T, P]) remove(v *T) {
	a := P(v).around()
	if a.prev != nil {
		P(a.prev).around().next = a.next
	} else {
		l.head = a.next
	}
	if a.next != nil {
		P(a.next).around().prev = a.prev
	} else {
		l.tail = a.prev
	}
	a.prev, a.next = nil, nil
	l.len--
}

// pool hands out values and takes them back; new ones come in slabs, which are
// kept: the most that was ever in use stays allocated.
type pool[T any, P linked[T]] struct {
	free  *T
	made  int
	slabs [][]T // what keeps the values: they need not keep each other
	make  func(int) []T
}

const slab = 64

func (f *pool[T, P]) get() *T {
	if f.free == nil {
		values := f.make(slab)
		f.slabs = append(f.slabs, values)
		f.made += slab
		for i := range values {
			f.put(&values[i])
		}
	}
	v := f.free
	a := P(v).around()
	f.free, a.next = a.next, nil
	return v
}

func (f *pool[T, P]) put(v *T) {
	P(v).around().next = f.free
	f.free = v
}

func scanned[T any](n int) []T { return make([]T, n) }

// unscanned makes values in memory that the garbage collector takes for numbers: to follow
// the links of thousands of entries, each time that the heap has grown a little, costs more
// than all else that is done with a process. What such values point to must be kept by
// something else for as long.
func unscanned[T any](n int) []T {
	var v T
	words := make([]uint64, (uintptr(n)*unsafe.Sizeof(v)+7)/8)
	return unsafe.Slice((*T)(unsafe.Pointer(&words[0])), n)
}
