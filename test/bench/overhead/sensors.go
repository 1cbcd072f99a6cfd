//go:build linux

package main

import (
	"encoding/json"
	"errors"
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
		return &vigil{path: o.vigil}, nil
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

// vigil is this project's sensor, told to see the whole machine and to record it.
type vigil struct {
	path  string
	run   *program
	marks []vigilStatus
}

type vigilStatus struct {
	Events  map[string]uint64 `json:"events"`
	Lost    uint64            `json:"lost_total"`
	Damaged uint64            `json:"damaged"`
}

const (
	vigilSocket = logDir + "/vigil.sock"
	vigilRecord = logDir + "/vigil.rec"
)

func (v *vigil) start() (err error) {
	v.run, err = start(logDir+"/vigil.log", v.path, "run", "--quiet", "--record", vigilRecord, "--scope", "host", "--socket", vigilSocket)
	if err != nil {
		return err
	}
	return v.run.until(func() bool {
		_, err := v.status()
		return err == nil
	})
}

func (v *vigil) status() (s vigilStatus, err error) {
	said, err := exec.Command(v.path, "status", "--json", "--socket", vigilSocket).Output()
	if err != nil {
		return s, fmt.Errorf("ask for the status: %w", err)
	}
	return s, json.Unmarshal(said, &s)
}

func (v *vigil) mark() error {
	s, err := v.status()
	v.marks = append(v.marks, s)
	return err
}

func (v *vigil) stop(figures []figure) (uint64, error) {
	last, err := v.status()
	if err = errors.Join(err, v.run.end(os.Interrupt), os.Remove(vigilRecord)); err != nil {
		return 0, err
	}
	for i := range figures {
		before, after := v.marks[2*i].Events, v.marks[2*i+1].Events
		for _, kind := range vigilKinds(figures[i].workload) {
			figures[i].seen += after[kind] - before[kind]
		}
	}
	return last.Lost + last.Damaged, nil
}

// vigilKinds are those that a workload is made of.
func vigilKinds(workload string) []string {
	switch workload {
	case "exec":
		return []string{"exec"}
	case "samefile", "write":
		return []string{"file_open"}
	case "connect":
		return []string{"connect", "accept"}
	default:
		return nil
	}
}
