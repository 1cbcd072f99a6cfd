//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// vigil is this project's sensor, told to see the whole machine.
type vigil struct {
	path  string
	flags []string
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
	args := append([]string{v.path, "run", "--quiet", "--scope", "host", "--socket", vigilSocket}, v.flags...)
	v.run, err = start(logDir+"/vigil.log", args...)
	if err != nil {
		return err
	}
	return v.run.until(func() bool {
		_, err := v.status()
		return err == nil
	})
}

func (v *vigil) status() (vigilStatus, error) { return askStatus(v.path, vigilSocket) }

func askStatus(vigil, socket string) (s vigilStatus, err error) {
	said, err := exec.Command(vigil, "status", "--json", "--socket", socket).Output()
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
	if err = errors.Join(err, v.run.end(os.Interrupt), os.RemoveAll(vigilRecord)); err != nil {
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
