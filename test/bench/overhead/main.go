//go:build linux

// Overhead measures what sensing costs; `make bench-overhead` runs it by test/bench/overhead/run:
//
//	overhead measure    in a virtual machine that counts instructions: each workload alone and under
//	                    each sensor, as lines of figures
//	overhead table      those lines as a table, held against what the project promises
//	overhead native     on this machine, scoped: what Vigil adds to a workload and what it takes itself;
//	                    the sensor starts `overhead within`, which measures both
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which: measure, table, native?")
	}
	var o options
	flags := flag.NewFlagSet("overhead "+args[0], flag.ContinueOnError)
	flags.Func("workloads", "`names`, with spaces between", words(&o.workloads))
	flags.Func("sensors", "`names`, with spaces between", words(&o.sensors))
	flags.StringVar(&o.socket, "socket", "", "`path` where vigil answers")
	flags.StringVar(&o.result, "result", "", "`file` for what was measured")
	flags.IntVar(&o.rounds, "rounds", 2, "how often each is measured")
	flags.StringVar(&o.vigil, "vigil", "/vigil", "`path` of vigil")
	flags.StringVar(&o.generator, "generator", "/usr/bin/generator", "`path` of the generator")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "measure":
		return measure(o, os.Stdout)
	case "table":
		return table(os.Stdin, os.Stdout)
	case "native":
		return native(o, os.Stdout)
	case "within":
		return within(o, flags.Args())
	default:
		return fmt.Errorf("no such command: %s", args[0])
	}
}

// table prints what was measured; it fails when that proves nothing, or breaks a promise.
func table(from io.Reader, to io.Writer) error {
	r, err := parse(from)
	if err != nil {
		return err
	}
	if err := r.print(to); err != nil {
		return err
	}
	if failures := r.failures(); failures != nil {
		return errors.New(strings.Join(failures, "\noverhead: "))
	}
	return nil
}

type options struct {
	workloads, sensors []string
	rounds             int
	vigil, generator   string
	socket, result     string
}

func words(to *[]string) func(string) error {
	return func(s string) error {
		*to = strings.Fields(s)
		return nil
	}
}

// has tells whether a workload is asked for.
func (o options) has(workload string) bool { return slices.Contains(o.workloads, workload) }
