//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"vigil/test/generator"
)

// usage is one native measurement: processor time as the kernel accounts it to processes.
type usage struct {
	Operations uint64
	Workload   time.Duration // of the generator and what it started, with the sensor's part in the kernel
	Sensor     time.Duration // of the sensor's process, from the first operation until it has told all
	Lost       uint64
}

// nativeFactor is how much more a real machine does in the time of an emulated one.
const nativeFactor = 4

// native prints what the workloads cost on this machine, alone and under a sensor that sees
// only them: the least of the rounds. It holds nothing against a limit, for other work here
// moves the figures.
func native(o options, to io.Writer) error {
	dir, err := os.MkdirTemp("", "overhead-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "µs an operation, natively\tnone\tunder vigil\tvigil itself\tadded\trounds apart\tlost")
	for _, w := range workloads() {
		if !o.has(w.name) {
			continue
		}
		count := strconv.Itoa(min(w.count*nativeFactor, 10000000))
		work := []string{o.generator, w.name, "--count", count, "--workers", "1", "--dir", dir}
		var none, worked, sensed cell
		var lost uint64
		for range o.rounds {
			alone, err := generate(work)
			if err != nil {
				return err
			}
			watched, err := watched(o, dir, work)
			if err != nil {
				return fmt.Errorf("%s under vigil: %w", w.name, err)
			}
			each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(alone.Operations) }
			none.costs = append(none.costs, each(alone.Workload))
			worked.costs = append(worked.costs, each(watched.Workload))
			sensed.costs = append(sensed.costs, each(watched.Sensor))
			lost += watched.Lost
		}
		both := worked.least() + sensed.least()
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%+.1f %%\t%.0f %%\t%d\n", w.name, none.least(),
			worked.least(), sensed.least(), (both/none.least()-1)*100, max(none.spread(), worked.spread())*100, lost)
	}
	return table.Flush()
}

// generate runs the generator, which reports the processor time that it and its children took.
func generate(command []string) (usage, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	if err != nil {
		return usage{}, fmt.Errorf("generate: %w", err)
	}
	var r generator.Report
	if err := json.Unmarshal(said, &r); err != nil {
		return usage{}, fmt.Errorf("read the generator's report: %w", err)
	}
	us := r.Self.UserUS + r.Self.SystemUS + r.Children.UserUS + r.Children.SystemUS
	return usage{Operations: r.Count, Workload: time.Duration(us) * time.Microsecond}, nil
}

// watched runs the generator below a sensor that sees what it starts, by way of within.
func watched(o options, dir string, work []string) (s usage, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	result, socket, record := filepath.Join(dir, "result"), filepath.Join(dir, "socket"), filepath.Join(dir, "record")
	args := []string{
		"run", "--quiet", "--scope", "self", "--record", record, "--socket", socket, "--",
		self, "within", "-vigil", o.vigil, "-socket", socket, "-result", result,
	}
	said, err := exec.Command(o.vigil, append(args, work...)...).CombinedOutput()
	if err != nil {
		return s, fmt.Errorf("%w: %s", err, said)
	}
	text, err := os.ReadFile(result)
	if err != nil {
		return s, fmt.Errorf("%w: %s", err, said)
	}
	return s, errors.Join(json.Unmarshal(text, &s), os.Remove(record))
}

// within is the command below a sensor, its parent: it runs the generator, and takes the
// sensor's time from when it has started up until it has nothing left to do.
func within(o options, work []string) error {
	sensor := os.Getppid()
	if err := rest(sensor); err != nil {
		return err
	}
	const quiet = 3 * time.Second
	atRest, err := measured(sensor, func() error { time.Sleep(quiet); return nil })
	if err != nil {
		return err
	}
	var s usage
	var ended time.Time
	took, err := measured(sensor, func() (err error) {
		if s, err = generate(work); err != nil {
			return err
		}
		ended = time.Now()
		return rest(sensor)
	})
	if err != nil {
		return err
	}
	s.Sensor = took - time.Duration(float64(atRest)*float64(time.Since(ended))/float64(quiet))
	status, err := askStatus(o.vigil, o.socket)
	if err != nil {
		return err
	}
	s.Lost = status.Lost + status.Damaged
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(o.result, text, 0o644)
}

// measured is the processor time that a process takes meanwhile.
func measured(pid int, meanwhile func() error) (time.Duration, error) {
	before, err := ran(pid)
	if err != nil {
		return 0, err
	}
	if err := meanwhile(); err != nil {
		return 0, err
	}
	after, err := ran(pid)
	return after - before, err
}

// ran is how long the threads of a process have run. (Those of a Go program do not end.)
func ran(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, fmt.Errorf("read the sensor's time: %w", err)
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the sensor's time: %w", err)
		}
		sum += time.Duration(ns)
	}
	if sum == 0 {
		return 0, fmt.Errorf("read the sensor's time: /proc/%d has none", pid)
	}
	return sum, nil
}

// rest waits until a process hardly runs any more, and longer than Vigil counts repeats.
func rest(pid int) error {
	const least, step, hardly = 6, 500 * time.Millisecond, 10 * time.Millisecond
	for tries := range 240 {
		took, err := measured(pid, func() error { time.Sleep(step); return nil })
		if err != nil {
			return err
		}
		if tries >= least && took < hardly {
			return nil
		}
	}
	return errors.New("the sensor does not come to rest")
}
