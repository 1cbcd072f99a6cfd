//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// clock is the kernel's monotonic time, by which sensors stamp what they print.
func clock() time.Duration {
	const monotonic = 1
	var t syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&t)), 0)
	if errno != 0 {
		panic(errno) // of a clock that every kernel has
	}
	return time.Duration(t.Nano())
}

// busy is all time that the CPU, of which there must be one only, was not idle: of programs, the
// kernel and interrupts.
func busy() (time.Duration, error) {
	idle, err := idleTime()
	if err != nil {
		return 0, fmt.Errorf("read idle time: %w", err)
	}
	return clock() - idle, nil
}

// idleTime is to the nanosecond where the kernel's list of timers has it (it had until 7.2), else
// in hundredths of a second.
func idleTime() (time.Duration, error) {
	list, err := os.ReadFile("/proc/timer_list")
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	found := 0
	for line := range strings.Lines(string(list)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch strings.TrimSpace(name) {
		case ".idle_sleeptime", ".iowait_sleeptime":
			ns, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " nsecs"), 10, 64)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(ns)
			found++
		}
	}
	switch found {
	case 2:
		return sum, nil
	case 0:
		return idleHundredths()
	default:
		return 0, fmt.Errorf("/proc/timer_list has it %d times, of one CPU it would be 2", found)
	}
}

func idleHundredths() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	var user, nice, system, idle, wait int64
	if _, err := fmt.Sscanf(string(stat), "cpu %d %d %d %d %d", &user, &nice, &system, &idle, &wait); err != nil {
		return 0, err
	}
	return time.Duration(idle+wait) * time.Second / 100, nil
}

// settle waits until what a sensor still has to tell is told: longer than Vigil counts repeats,
// and then until nearly nothing runs any more. On an emulated machine that counts
// instructions to wait takes no time.
func settle() error {
	const (
		least, most, step = 7 * time.Second, 5 * time.Minute, 250 * time.Millisecond
		nearlyNothing     = step / 50
	)
	time.Sleep(least)
	for began := clock(); clock()-began < most; {
		before, err := busy()
		if err != nil {
			return err
		}
		time.Sleep(step)
		after, err := busy()
		if err != nil {
			return err
		}
		if after-before < nearlyNothing {
			return nil
		}
	}
	return errors.New("the machine does not come to rest")
}

// checkClock proves that busy says what it says: of a second of work, and of one of none.
func checkClock() error {
	const second = time.Second
	before, err := busy()
	if err != nil {
		return err
	}
	for began := clock(); clock()-began < second; {
	}
	worked, err := busy()
	if err != nil {
		return err
	}
	time.Sleep(second)
	rested, err := busy()
	if err != nil {
		return err
	}
	work, rest := worked-before, rested-worked
	if work < second*98/100 || work > second*102/100 || rest > second/50 {
		return fmt.Errorf("the clock is wrong: a second of work was %v, a second of rest %v", work, rest)
	}
	return nil
}
