package bpf

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/cilium/ebpf"
)

// The head of a record in the ring, kernel/bpf/ringbuf.c (5.8 and later).
const (
	ringBusy    = 1 << 31
	ringDiscard = 1 << 30
	ringHead    = 8 // bytes
)

// Ring reads a BPF ring buffer in place: records are views into the mapped
// memory, and the kernel gets the room back only when a batch is done.
// One goroutine may use it at a time.
type Ring struct {
	consumer, producer *uint64
	data               []byte // mapped twice in a row, so that no record is torn
	mask               uint64
	pages              [2][]byte
}

// OpenRing maps a ring buffer. The map may be closed afterwards: the mapping keeps it.
func OpenRing(m *ebpf.Map) (*Ring, error) {
	page, size := os.Getpagesize(), int(m.MaxEntries())
	consumer, err := syscall.Mmap(m.FD(), 0, page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map ring consumer page: %w", err)
	}
	rest, err := syscall.Mmap(m.FD(), int64(page), page+2*size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("map ring: %w", err), syscall.Munmap(consumer))
	}
	r := &Ring{
		consumer: (*uint64)(unsafe.Pointer(&consumer[0])),
		producer: (*uint64)(unsafe.Pointer(&rest[0])),
		data:     rest[page:],
		mask:     uint64(size - 1),
		pages:    [2][]byte{consumer, rest},
	}
	return r, nil
}

// Size is the ring's capacity, bytes.
func (r *Ring) Size() int { return int(r.mask + 1) }

// Queued is how much of the ring is in use now, bytes.
func (r *Ring) Queued() int {
	return int(atomic.LoadUint64(r.producer) - atomic.LoadUint64(r.consumer))
}

// End is the position behind the last record begun until now, for Read.
func (r *Ring) End() uint64 { return atomic.LoadUint64(r.producer) }

// Read hands each record up to the position end to take, in order, and then
// gives their room back. A record that its CPU is still writing is waited for
// (it is a matter of nanoseconds: the copy runs in the kernel). The view is
// valid only during the call. It returns how many records it handed out.
func (r *Ring) Read(end uint64, take func(record []byte)) int {
	at, n := atomic.LoadUint64(r.consumer), 0
	released := at
	for at < end {
		head := (*uint32)(unsafe.Pointer(&r.data[at&r.mask]))
		length := atomic.LoadUint32(head)
		if length&ringBusy != 0 {
			runtime.Gosched()
			continue
		}
		size := uint64(length &^ (ringBusy | ringDiscard))
		if length&ringDiscard == 0 {
			from := at&r.mask + ringHead
			take(r.data[from : from+size : from+size])
			n++
		}
		at += (ringHead + size + 7) &^ 7
		// Give room back in steps: a producer must not find the ring full of
		// what has been read already.
		if at-released > r.mask>>3 {
			atomic.StoreUint64(r.consumer, at)
			released = at
		}
	}
	atomic.StoreUint64(r.consumer, at)
	return n
}

// Close unmaps the ring.
func (r *Ring) Close() error {
	var errs []error
	for _, p := range r.pages {
		errs = append(errs, syscall.Munmap(p))
	}
	return errors.Join(errs...)
}
