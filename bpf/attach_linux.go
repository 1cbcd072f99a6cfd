package bpf

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// start attaches a loaded program by its type, once.
func (c *Capture) start(name string) error {
	key := "attached " + name
	if err, done := c.failed[key]; done {
		return err
	}
	if err := c.load(name); err != nil {
		return err
	}
	err := c.startProgram(name)
	if err != nil {
		err = fmt.Errorf("attach %s: %w", name, err)
	}
	c.failed[key] = err
	return err
}

func (c *Capture) startProgram(name string) error {
	program, spec := c.program(name), c.spec.Programs[name]
	call, isCall := syscallOf(name)
	switch {
	case isCall && dispatched(name):
		return c.dispatch(name, call)
	case spec.AttachType == ebpf.AttachTraceIter:
		return c.startIter(name)
	case spec.Type == ebpf.Kprobe:
		return c.startKprobe(name, call)
	default:
		l, err := link.AttachTracing(link.TracingOptions{Program: program})
		if err != nil {
			return err
		}
		c.links = append(c.links, l)
		return nil
	}
}

// startKprobe attaches a kprobe or kretprobe. A system call's result is known at
// its return, its arguments at its entry: the entry is remembered by a second program.
func (c *Capture) startKprobe(name, call string) error {
	symbol := c.spec.Programs[name].AttachTo
	attach := link.Kprobe
	if call != "" {
		symbol = syscallSymbol(call)
	}
	if strings.HasPrefix(c.spec.Programs[name].SectionName, "kretprobe/") {
		attach = link.Kretprobe
		enter := "kprobe_enter"
		if call != "" {
			enter = "kprobe_sys_enter"
		}
		if err := c.load(enter); err != nil {
			return err
		}
		l, err := link.Kprobe(symbol, c.program(enter), nil)
		if err != nil {
			return err
		}
		c.links = append(c.links, l)
	}
	l, err := attach(symbol, c.program(name), nil)
	if err != nil {
		return err
	}
	c.links = append(c.links, l)
	return nil
}

// dispatch puts a handler behind the system call tracepoint, which jumps by number.
func (c *Capture) dispatch(name, call string) error {
	side, _, _ := strings.Cut(name, "_sys_")
	dispatcher := "sys_" + side
	if err := c.load(dispatcher); err != nil {
		return err
	}
	number, ok := syscallNumber(call)
	if !ok {
		return fmt.Errorf("system call %s does not exist on this architecture", call)
	}
	if err := c.maps["calls_"+side].Put(number, c.program(name)); err != nil {
		return err
	}
	return c.start(dispatcher)
}

func (c *Capture) startIter(name string) error {
	swept := map[string]string{"fold_sweep": "folds", "datagram_sweep": "datagram_flows"}[name]
	waiting := map[string]string{"fold_sweep": "folds_waiting", "datagram_sweep": "datagrams_waiting"}[name]
	iter, err := link.AttachIter(link.IterOptions{Program: c.program(name), Map: c.maps[swept]})
	if err != nil {
		return err
	}
	if swept == "" {
		c.seed = iter
	} else {
		c.sweeps = append(c.sweeps, sweep{iter, c.words[waiting]})
	}
	c.links = append(c.links, iter)
	return nil
}

// Seed makes the kernel tell of every process that runs already, through the vital ring.
func (c *Capture) Seed() error { return run(c.seed, "seed the process table") }

// run runs an iterator by reading it to its end.
func run(iter *link.Iter, operation string) error {
	if iter == nil {
		return fmt.Errorf("%s: no BPF iterator (needs Linux 5.8)", operation)
	}
	r, err := iter.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("%s: %w", operation, errors.Join(err, r.Close()))
	}
	return r.Close()
}

// syscallOf finds the system call's name in a program's.
func syscallOf(program string) (string, bool) {
	_, call, ok := strings.Cut(program, "_sys_")
	return call, ok
}
