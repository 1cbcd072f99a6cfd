//go:build !linux

package main

import (
	"errors"
	"os"
)

var errLinux = errors.New("this command needs Linux; on this system vigil can replay, and ask a sensor")

// Run says that it cannot.
func (r *runCommand) Run(*console) error { return errLinux }

// Run says that it cannot.
func (d *doctorCommand) Run(*console) error { return errLinux }

// Run says that it cannot.
func (s *simulateCommand) Run(*console) error { return errLinux }

// Run says that it cannot.
func (u *upCommand) Run(*console) error { return errLinux }

func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
