package sensor

import (
	"errors"
	"fmt"
	"os/exec"

	"golang.org/x/sys/unix"
)

// smallPages has the kernel give this process no huge pages: it clears 2 MiB where a few
// kilobytes are asked for, and khugepaged looks through the heap again and again. Both
// cost more than the sensor itself while little happens. (PR_SET_THP_DISABLE, Linux 3.15)
func smallPages(on bool) error {
	set := uintptr(0)
	if on {
		set = 1
	}
	if err := unix.Prctl(unix.PR_SET_THP_DISABLE, set, 0, 0, 0); err != nil {
		return fmt.Errorf("choose the size of pages: %w", err)
	}
	return nil
}

// StartProgram starts a program that does not inherit what the sensor sets for itself.
func StartProgram(c *exec.Cmd) error {
	if err := smallPages(false); err != nil {
		return err
	}
	return errors.Join(c.Start(), smallPages(true))
}
