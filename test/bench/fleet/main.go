//go:build linux

// Fleet ships the events of many simulated sensors to one real `vigil server` on
// loopback, and tells what that took: `make bench-fleet` runs it by test/bench/fleet/run.
//
// A sensor is a uplink/ship.Client as hosts have it: it enrolled, and has a certificate, a
// connection and a policy of its own. Only its spool is in memory, and its events are made
// here. All ends by itself. It fails when an event that a sensor made is not in the store
// once, or when a limit is passed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// load is what the fleet does.
type load struct {
	sensors int
	lasts   time.Duration
	every   time.Duration // from burst to burst
	share   int           // one of so many sensors bursts
	burst   int           // events at once
}

func run(ctx context.Context, args []string) error {
	var l load
	var most limits
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	vigil := flags.String("vigil", "bin/vigil", "`path` of vigil")
	flags.IntVar(&l.sensors, "sensors", 2000, "how many")
	flags.DurationVar(&l.lasts, "for", 2*time.Minute, "how long they ship an event a second each")
	flags.DurationVar(&l.every, "every", 20*time.Second, "from burst to burst")
	flags.IntVar(&l.share, "share", 10, "one of so many sensors bursts")
	flags.IntVar(&l.burst, "burst", 500, "events at once")
	flags.DurationVar(&most.p99, "p99", time.Second, "limit of 99 of 100 batches, from its sensor to the acknowledgement")
	flags.Int64Var(&most.memory, "memory", 0, "limit of the server's memory, MiB (default 100, and one for every six sensors)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if most.memory == 0 {
		most.memory = 100 + int64(l.sensors)/6
	}
	r, err := measure(ctx, *vigil, l)
	if err != nil {
		return err
	}
	r.print(os.Stdout)
	return r.check(most)
}

// measure starts a server and a fleet, and gives what they did when both have ended.
func measure(ctx context.Context, vigil string, l load) (r *result, err error) {
	if err := raiseFiles(uint64(2*l.sensors + 500)); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "vigil-fleet-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := startServer(ctx, vigil, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	f := &fleet{load: l, server: s, dir: dir}
	return f.run(ctx)
}

// raiseFiles lets this process, and what it starts, open so many files.
func raiseFiles(n uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if now.Cur >= n {
		return nil
	}
	now.Cur, now.Max = n, max(now.Max, n)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		return fmt.Errorf("open %d files: %w", n, err)
	}
	return nil
}
