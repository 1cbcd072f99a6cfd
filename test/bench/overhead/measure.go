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
	"syscall"
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
		{"exec", 6000, func(t generator.Tally) uint64 { return t.Execs }},
		{"samefile", 100000, opens},
		{"write", 60000, opens},
		{"connect", 6000, func(t generator.Tally) uint64 { return t.Connects + t.Accepts }},
		{"getppid", 4000000, func(generator.Tally) uint64 { return 0 }},
	}
}

// A figure is one measurement. Its line is `figure SENSOR WORKLOAD OPERATIONS BUSY_NS WANTED SEEN`.
type figure struct {
	workload     string
	operations   uint64
	busy         time.Duration
	wanted, seen uint64
	from, to     time.Duration // by the clock, to tell what was seen meanwhile
}

// A sensor is one of those compared.
type sensor interface {
	start() error
	// mark is called before and after each workload, outside of what is measured.
	mark() error
	// stop fills in what was seen, and gives what was lost, of all figures together.
	stop(figures []figure) (lost uint64, err error)
}

// startUp is how long a sensor may still be busy with its start when it has said that it is ready.
const startUp = 30 * time.Second

// A stretch of a boot is some rounds under one sensor.
type stretch struct {
	sensor string
	rounds int
	part   int // of the workloads' operations: the peers take long enough for a part
}

// boot gives the stretches of a boot: auditd comes last, since once audit was enabled every
// process that is forked carries what it needs, and costs more.
func boot(rounds int) []stretch {
	half := (rounds + 1) / 2
	return []stretch{{"none", half, 1}, {"vigil", rounds, 1}, {"judging", rounds, 1}, {"none", half, 1}, {"bpftrace", rounds, 5}, {"auditd", rounds, 20}}
}

func measure(o options, out io.Writer) error {
	for _, dir := range []string{workDir, logDir} {
		if err := errors.Join(os.Mkdir(dir, 0o755), syscall.Mount("none", dir, "tmpfs", 0, "")); err != nil {
			return fmt.Errorf("make a file system in memory: %w", err)
		}
	}
	// The kernel still finishes its start.
	if err := errors.Join(settle(), checkClock()); err != nil {
		return err
	}
	var all []workload
	for _, w := range workloads() {
		if !o.has(w.name) {
			continue
		}
		all = append(all, w)
		// Once for nothing: the first use of a kernel's part is not like the second.
		w.count /= 20
		if _, _, err := one(o, w); err != nil {
			return err
		}
	}
	for _, s := range boot(o.rounds) {
		if !slices.Contains(o.sensors, s.sensor) {
			continue
		}
		if err := under(o, s, all, out); err != nil {
			return fmt.Errorf("%s: %w", s.sensor, err)
		}
	}
	return nil
}

// under measures the workloads under one sensor.
func under(o options, s stretch, all []workload, out io.Writer) error {
	sensor, err := newSensor(o, s.sensor)
	if err != nil {
		return err
	}
	if err := sensor.start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	time.Sleep(startUp)
	var figures, rests []figure
	for range s.rounds {
		for _, w := range all {
			w.count /= s.part
			if err := sensor.mark(); err != nil {
				return err
			}
			rest, f, err := one(o, w)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			if err := sensor.mark(); err != nil {
				return err
			}
			rests, figures = append(rests, rest), append(figures, f)
		}
	}
	lost, err := sensor.stop(figures)
	if err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	for _, f := range append(figures, rests...) {
		fmt.Fprintf(out, "figure %s %s %d %d %d %d\n", s.sensor, f.workload, f.operations, f.busy.Nanoseconds(), f.wanted, f.seen)
	}
	fmt.Fprintf(out, "lost %s %d\n", s.sensor, lost)
	return nil
}

// idle measures seconds in which nothing happens.
func idle() (figure, error) {
	const seconds = 10
	f := figure{workload: "idle", operations: seconds, from: clock()}
	before, err := busy()
	if err != nil {
		return f, err
	}
	time.Sleep(seconds * time.Second)
	after, err := busy()
	f.to, f.busy = clock(), after-before
	return f, err
}

// one measures the machine at rest, and then one workload. What a sensor does at rest counts
// while the workload runs, and not while it is waited for what the sensor does after that.
func one(o options, w workload) (rest, f figure, err error) {
	f = figure{workload: w.name, from: clock()}
	if err := settle(); err != nil {
		return rest, f, err
	}
	if rest, err = idle(); err != nil {
		return rest, f, err
	}
	before, err := busy()
	if err != nil {
		return rest, f, err
	}
	cmd := exec.Command(o.generator, w.name, "--count", strconv.Itoa(w.count), "--workers", "1", "--dir", workDir)
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	if err != nil {
		return rest, f, fmt.Errorf("generate: %w", err)
	}
	ended := clock()
	if err := settle(); err != nil {
		return rest, f, err
	}
	after, err := busy()
	if err != nil {
		return rest, f, err
	}
	f.to = clock()
	f.busy = after - before - time.Duration(float64(rest.busy)*float64(f.to-ended)/float64(rest.to-rest.from))
	var report generator.Report
	if err := json.Unmarshal(said, &report); err != nil {
		return rest, f, fmt.Errorf("read the generator's report: %w", err)
	}
	f.operations, f.wanted = report.Count, w.wanted(report.Did)
	return rest, f, nil
}
