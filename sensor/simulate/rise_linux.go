package simulate

import (
	"encoding/json"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// rise makes one thread of this process nobody's, for good. Another, which is root's
// still, then runs the next program in this one's place: nobody seems to have become root.
func rise(next *program) error {
	const nobody = 65534
	dropped := make(chan unix.Errno)
	go func() {
		runtime.LockOSThread()
		// Not unix.Setresuid, which is for all threads.
		_, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody)
		dropped <- errno
		select {} // the thread is there until the program is another
	}()
	if errno := <-dropped; errno != 0 {
		return fmt.Errorf("become nobody: %w", errno)
	}
	does, err := json.Marshal(next.Part)
	if err != nil {
		return err
	}
	return fmt.Errorf("become %s: %w", next.Image, unix.Exec(next.Image, []string{next.Image}, []string{variable + "=" + string(does)}))
}
