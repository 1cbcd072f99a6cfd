//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

func newSensor(o options, name string) (sensor, error) {
	switch name {
	case "none":
		return nothing{}, nil
	case "vigil":
		return &vigil{path: o.vigil, flags: []string{"--no-judge", "--record", vigilRecord}}, nil // as the others: all is written down, none judges
	case "judging":
		return &vigil{path: o.vigil}, nil // as a service runs: it judges, and tells of alerts
	case "bpftrace":
		return &bpftrace{}, nil
	case "auditd":
		return &auditd{}, nil
	default:
		return nil, fmt.Errorf("no such sensor: %s", name)
	}
}

// nothing is the machine by itself.
type nothing struct{}

func (nothing) start() error                  { return nil }
func (nothing) mark() error                   { return nil }
func (nothing) stop([]figure) (uint64, error) { return 0, nil }

// A program is a sensor's process.
type program struct {
	*exec.Cmd
	said string // file of what it says on standard error
	done chan struct{}
	err  error
}

func start(said string, args ...string) (*program, error) {
	log, err := os.Create(said)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	p := &program{Cmd: exec.Command(args[0], args[1:]...), said: said, done: make(chan struct{})}
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.Wait()
		close(p.done)
	}()
	return p, nil
}

// until waits for ready, while the program runs.
func (p *program) until(ready func() bool) error {
	for range 1200 {
		if ready() {
			return nil
		}
		select {
		case <-p.done:
			return p.failed("ended")
		case <-time.After(250 * time.Millisecond):
		}
	}
	return p.failed("is not ready")
}

func (p *program) end(signal os.Signal) error {
	if err := p.Process.Signal(signal); err != nil {
		return p.failed(err.Error())
	}
	<-p.done
	if p.err != nil {
		return p.failed(p.err.Error())
	}
	return nil
}

func (p *program) failed(what string) error {
	text, _ := os.ReadFile(p.said)
	return fmt.Errorf("%s: %s: %s", p.Path, what, strings.TrimSpace(string(text)))
}
