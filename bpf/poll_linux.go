package bpf

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
)

// pollMaps gives a file that is readable when a ring is. Go's own poller waits
// for it: a goroutine that sleeps there costs no thread, and none is woken to
// look after it, as happens around a blocking system call.
func pollMaps(maps ...*ebpf.Map) (*os.File, error) {
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("poll rings: %w", err)
	}
	for _, m := range maps {
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, m.FD(), &syscall.EpollEvent{Events: syscall.EPOLLIN}); err != nil {
			return nil, errors.Join(fmt.Errorf("poll rings: %w", err), syscall.Close(poll))
		}
	}
	if err := syscall.SetNonblock(poll, true); err != nil {
		return nil, errors.Join(fmt.Errorf("poll rings: %w", err), syscall.Close(poll))
	}
	return os.NewFile(uintptr(poll), "rings"), nil
}

// Wait sleeps until a ring has something to read, the deadline has come, or
// Interrupt is called.
func (c *Capture) Wait(deadline time.Time) error {
	if c.queued() {
		return nil
	}
	if err := c.poll.SetReadDeadline(deadline); err != nil {
		return fmt.Errorf("wait for the rings: %w", err)
	}
	raw, err := c.poll.SyscallConn()
	if err != nil {
		return fmt.Errorf("wait for the rings: %w", err)
	}
	err = raw.Read(func(uintptr) bool { return c.interrupted.Swap(false) || c.queued() })
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("wait for the rings: %w", err)
	}
	return nil
}

// Comes says whether the reader comes by itself: then the kernel wakes nobody, which
// saves programs and reader the cost of it. A program that saw it set may commit its
// record a moment after it is not any more: look once more before the next Wait.
func (c *Capture) Comes(byItself bool) error {
	var word uint32
	if byItself {
		word = 1
	}
	if err := c.words["reader_comes"].Set(word); err != nil {
		return fmt.Errorf("tell the kernel who wakes whom: %w", err)
	}
	return nil
}

// Interrupt ends a Wait that another goroutine is in, or is about to begin: what
// that sets as its deadline could undo ours, so that it is told in two ways.
func (c *Capture) Interrupt() error {
	c.interrupted.Store(true)
	return c.poll.SetReadDeadline(time.Unix(1, 0))
}

func (c *Capture) queued() bool { return c.Vital.Queued() > 0 || c.Bulk.Queued() > 0 }
