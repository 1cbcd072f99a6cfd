package sensor

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// forget gives back what only the start needed: the kernel's types, tens of
// megabytes, the kernel programs, and the code and constants that read them. What of
// these is needed again comes back from the file.
func forget() error {
	debug.FreeOSMemory()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("give memory back: %w", err)
	}
	self, err := procfs.Self()
	if err != nil {
		return fmt.Errorf("give memory back: %w", err)
	}
	maps, err := self.ProcMaps()
	if err != nil {
		return fmt.Errorf("give memory back: %w", err)
	}
	for _, m := range maps {
		if m.Pathname != program {
			continue
		}
		// By number: the Go runtime knows nothing of this memory. (MADV_PAGEOUT, Linux 5.4, never loses what was written.)
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.StartAddr, m.EndAddr-m.StartAddr, unix.MADV_PAGEOUT); errno != 0 {
			return fmt.Errorf("give memory back: %w", errno)
		}
	}
	return nil
}
