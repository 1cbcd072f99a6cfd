package controltest

import (
	"os"
	"os/exec"
	"syscall"
)

// nobody is the user and group without rights, on every Debian.
const nobody = 65534

// giveAway gives a folder to the user that run uses.
func giveAway(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(dir, nobody, nobody)
}

// run makes a program that of a user without rights: PostgreSQL refuses to run as root.

func run(dir string, c *exec.Cmd) {
	c.Dir = dir
	c.Env = append(os.Environ(), "HOME="+dir)
	if os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}
