//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"vigil/test/generator"
)

// Where the workloads write; sensors write elsewhere, to memory like it.
const (
	workDir = "/work"
	logDir  = "/sensors"
)

// A workload is a kind of the generator, with as many operations as make a figure that repeats.
type workload struct {
	name  string
	count int
	// wanted is what a sensor must have seen of it at least.
	wanted func(generator.Tally) uint64
}

func workloads() []workload {
	opens := func(t generator.Tally) uint64 { return t.OpensForWrite }
	return []workload{
		{"exec", 4000, func(t generator.Tally) uint64 { return t.Execs }},
		{"samefile", 100000, opens},
		{"write", 100000, opens},
		{"connect", 8000, func(t generator.Tally) uint64 { return t.Connects + t.Accepts }},
		{"getppid", 4000000, func(generator.Tally) uint64 { return 0 }},
	}
}

// A figure is one measurement. Its line is `figure SENSOR WORKLOAD OPERATIONS BUSY_NS WANTED SEEN`.
type figure struct {
	sensor, workload string
	operations       uint64
	busy             time.Duration
	wanted, seen     uint64

	from, to time.Duration // by the clock, to tell what was seen meanwhile
}

func (f figure) print(to io.Writer) {
	fmt.Fprintf(to, "figure %s %s %d %d %d %d\n", f.sensor, f.workload, f.operations, f.busy.Nanoseconds(), f.wanted, f.seen)
}

// A sensor is one of those compared.
type sensor interface {
	start() error
	// mark is called before and after each workload, outside of what is measured.
	mark() error
	// stop fills in what was seen, and gives what was lost, of all figures together.
	stop(figures []figure) (lost uint64, err error)
}

// order is that of a boot: with auditd last, since once audit was enabled every process
// that is forked carries what it needs, and costs more.
func order(rounds int) []string {
	var all []string
	for range rounds {
		all = append(all, "none", "vigil", "none", "bpftrace")
	}
	for range rounds {
		all = append(all, "auditd")
	}
	return all
}

func measure(o options, out io.Writer) error {
	for _, dir := range []string{workDir, logDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
	}
	// The kernel still finishes its start.
	if err := errors.Join(settle(), checkClock()); err != nil {
		return err
	}
	// Once for nothing: the first use of a kernel's part is not like the second.
	if _, err := session(o, "none", 20); err != nil {
		return err
	}
	for _, name := range order(o.rounds) {
		if !slices.Contains(o.sensors, name) {
			continue
		}
		figures, err := session(o, name, 1)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, f := range figures {
			f.print(out)
		}
	}
	return nil
}

// session measures the workloads under one sensor, a part of each.
func session(o options, name string, part int) ([]figure, error) {
	s, err := newSensor(o, name)
	if err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	var figures []figure
	for _, w := range workloads() {
		if !slices.Contains(o.workloads, w.name) {
			continue
		}
		w.count /= part
		if err := s.mark(); err != nil {
			return nil, err
		}
		f, err := one(o, w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		if err := s.mark(); err != nil {
			return nil, err
		}
		f.sensor = name
		figures = append(figures, f)
	}
	lost, err := s.stop(figures)
	if err != nil {
		return nil, fmt.Errorf("stop: %w", err)
	}
	if name != "none" {
		fmt.Printf("lost %s %d\n", name, lost)
	}
	return figures, nil
}

// one measures one workload.
func one(o options, w workload) (figure, error) {
	f := figure{workload: w.name, from: clock()}
	if err := settle(); err != nil {
		return f, err
	}
	before, err := busy()
	if err != nil {
		return f, err
	}
	cmd := exec.Command(o.generator, w.name, "--count", strconv.Itoa(w.count), "--workers", "1", "--dir", workDir)
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	if err != nil {
		return f, fmt.Errorf("generate: %w", err)
	}
	if err := settle(); err != nil {
		return f, err
	}
	after, err := busy()
	if err != nil {
		return f, err
	}
	f.to, f.busy = clock(), after-before
	var report generator.Report
	if err := json.Unmarshal(said, &report); err != nil {
		return f, fmt.Errorf("read the generator's report: %w", err)
	}
	f.operations, f.wanted = report.Count, w.wanted(report.Did)
	return f, nil
}
