//go:build !linux

package controltest

import "os/exec"

func giveAway(string) error { return nil }

func run(dir string, c *exec.Cmd) { c.Dir = dir }
