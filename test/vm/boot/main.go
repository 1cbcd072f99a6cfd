// Boot runs a command on a kernel of choice in an emulated machine:
//
//	boot -kernel 6.12 -file sensor.test:/sensor.test -- /sensor.test -test.v
//
// It prints what the command prints and exits with the command's status, or
// with 1 if the machine failed. (Under "go run", which exits with 1 for every
// status but 0, build it first where the status matters.)
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vigil/test/vm/qemu"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		if failure, ok := errors.AsType[*qemu.Failure](err); ok {
			fmt.Fprintf(os.Stderr, "boot: the console's last lines:\n%s\n", strings.Join(failure.Tail, "\n"))
		}
		fmt.Fprintln(os.Stderr, "boot:", err)
	}
	os.Exit(status)
}

// run gives the status to exit with, and the error to print before that.
func run(args []string) (int, error) {
	o, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0, nil
	}
	if err != nil {
		return 2, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := fetch(ctx, o.line, &o.machine); err != nil {
		return 1, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("timeout of %v", o.timeout))
	defer cancel()

	o.machine.Console = os.Stdout
	result, err := o.machine.Run(ctx)
	if err != nil {
		return 1, fmt.Errorf("%s: %w", o.line, err)
	}
	fmt.Fprintf(os.Stderr, "boot: %s: up in %.1fs, off after %.1fs, exit status %d\n",
		result.Kernel, result.Boot.Seconds(), result.Total.Seconds(), result.Status)
	return result.Status, nil
}

type options struct {
	line    string
	timeout time.Duration
	machine qemu.Machine
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	m := &o.machine
	flags := flag.NewFlagSet("boot [flags] -- COMMAND [ARGUMENT]...", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.line, "kernel", "6.12", "line of the kernel, as scripts/kernels knows it")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long the machine may run")
	flags.IntVar(&m.CPUs, "cpus", 2, "number of CPUs")
	flags.IntVar(&m.MemoryMB, "mem", 1024, "memory in `MiB`")
	flags.BoolVar(&m.Counted, "counted", false, "let the machine's clock count instructions, for measuring; it has one CPU then")
	flags.StringVar(&m.Append, "append", "", "further `words` for the kernel's command line")
	flags.StringVar(&m.Out, "out", "", "`folder` for what the command leaves in /out")
	flags.Func("load", "`modules`, with commas between, to load before the command, or all; the others come on demand", func(s string) error {
		m.Load = strings.Split(s, ",")
		return nil
	})
	flags.Func("file", "`host:guest` copies a static program, a file or a folder into the guest; repeat it", func(s string) error {
		host, guest, found := strings.Cut(s, ":")
		if !found || host == "" || !strings.HasPrefix(guest, "/") {
			return errors.New("want host:/guest")
		}
		m.Files = append(m.Files, qemu.File{Host: host, Guest: guest})
		return nil
	})
	flags.Func("env", "`NAME=value` for the command; repeat it", func(s string) error {
		if name, _, found := strings.Cut(s, "="); !found || name == "" {
			return errors.New("want NAME=value")
		}
		m.Env = append(m.Env, s)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if m.Command = flags.Args(); len(m.Command) == 0 {
		return o, errors.New("no command given")
	}
	if m.Counted {
		// Of several CPUs the clock would count the instructions of all.
		m.CPUs = 1
	}
	if m.CPUs < 1 || m.MemoryMB < 1 || o.timeout <= 0 {
		return o, errors.New("cpus, mem and timeout must be above 0")
	}
	return o, nil
}

// fetch has scripts bring the emulator and a line of the kernel.
func fetch(ctx context.Context, line string, m *qemu.Machine) error {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			return errors.New("find the module: no go.mod here or above")
		}
		root = filepath.Dir(root)
	}
	for _, command := range [][]string{{"qemu"}, {"kernels", line}} {
		cmd := exec.CommandContext(ctx, filepath.Join(root, "scripts", command[0]), command[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("bring the machine: %w", err)
		}
	}
	m.Kernel = filepath.Join(root, ".cache", "kernels", line)
	m.Emulator = filepath.Join(root, ".cache", "qemu", "usr", "bin", "qemu-system-x86_64")
	return nil
}
