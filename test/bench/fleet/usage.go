//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what a process took while it was watched.
type usage struct {
	cpu, own time.Duration // of the process, and of this one
	anon     int64         // the most memory of its own, bytes: RssAnon
	resident int64         // the most since it began, with what it maps of files: VmHWM
}

// watcher samples a process.
type watcher struct {
	pid      int
	cpu, own time.Duration // before
	end      chan struct{}
	done     sync.WaitGroup
	once     sync.Once

	usage usage
	err   error
}

func watchUsage(pid int) (*watcher, error) {
	w := &watcher{pid: pid, end: make(chan struct{})}
	var err error
	if w.cpu, err = processorTime(pid); err != nil {
		return nil, err
	}
	if w.own, err = processorTime(os.Getpid()); err != nil {
		return nil, err
	}
	w.done.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			if w.sample(); w.err != nil {
				return
			}
			select {
			case <-tick.C:
			case <-w.end:
				return
			}
		}
	})
	return w, nil
}

func (w *watcher) sample() {
	anon, resident, err := memory(w.pid)
	w.usage.anon, w.usage.resident, w.err = max(w.usage.anon, anon), resident, err
}

// stop ends the watch and gives what the process took.
func (w *watcher) stop() (usage, error) {
	w.once.Do(func() {
		close(w.end)
		w.done.Wait()
		cpu, err := processorTime(w.pid)
		own, err2 := processorTime(os.Getpid())
		w.usage.cpu, w.usage.own, w.err = cpu-w.cpu, own-w.own, errors.Join(w.err, err, err2)
	})
	return w.usage, w.err
}

// memory reads RssAnon and VmHWM.
func memory(pid int) (anon, resident int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(fields[1], 10, 64) // KiB in the two that are wanted
		switch fields[0] {
		case "RssAnon:":
			anon = n << 10
		case "VmHWM:":
			resident = n << 10
		}
	}
	if anon == 0 || resident == 0 {
		return 0, 0, fmt.Errorf("process %d: no memory in its status", pid)
	}
	return anon, resident, nil
}

// processorTime is the CPU time of a process, that of its threads that ended too.
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // proc(5): utime and stime are the 14th and 15th, this begins at the 3rd
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("process %d: its stat cannot be read", pid)
	}
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	const hertz = 100 // USER_HZ, on every architecture that Go has
	return time.Duration(ticks) * time.Second / hertz, nil
}

// diskBytes is what files below a place take on the disk.
func diskBytes(place string) (int64, error) {
	var all int64
	err := filepath.WalkDir(place, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // merged meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		var s unix.Stat_t
		if err := unix.Lstat(path, &s); err != nil && !errors.Is(err, syscall.ENOENT) {
			return err
		}
		all += s.Blocks * 512
		return nil
	})
	return all, err
}
