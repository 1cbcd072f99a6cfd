package simulate

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// reach does to a child of its own what injectors do to others: it attaches and lets
// go, or asks to write where nothing is.
func reach(do string) (err error) {
	runtime.LockOSThread() // who attaches is a thread
	defer runtime.UnlockOSThread()
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = read.Close() }()
	waits, err := json.Marshal(part{Do: "wait"})
	if err != nil {
		return errors.Join(err, write.Close())
	}
	child, err := os.StartProcess("/proc/self/exe", []string{"vigil-waits"}, &os.ProcAttr{
		Env: []string{variable + "=" + string(waits)}, Files: []*os.File{read, os.Stdout, os.Stderr},
	})
	if err != nil {
		return errors.Join(err, write.Close())
	}
	defer func() { // the child ends when nobody holds the other end of its input
		closed := write.Close()
		_, waited := child.Wait()
		err = errors.Join(err, closed, waited)
	}()
	if do == "vm_write" {
		const nowhere = 8
		word := []byte{0}
		local := unix.Iovec{Base: &word[0]}
		local.SetLen(1)
		if _, err := unix.ProcessVMWritev(child.Pid, []unix.Iovec{local}, []unix.RemoteIovec{{Base: nowhere, Len: 1}}, 0); !errors.Is(err, unix.EFAULT) {
			return errors.Join(errors.New("a write to nowhere was not refused"), err)
		}
		return nil
	}
	if err := unix.PtraceAttach(child.Pid); err != nil {
		return err
	}
	return letGo(child.Pid)
}

// letGo detaches once the stop that attaching asked for is there. The end of the exec that
// made the child may be told before it (ptrace(2), SIGTRAP): who lets go at that leaves a
// child behind that the stop then comes to.
func letGo(pid int) error {
	for {
		var status unix.WaitStatus
		if _, err := unix.Wait4(pid, &status, 0, nil); err != nil {
			return err
		}
		if !status.Stopped() {
			return errors.New("who was attached to has ended")
		}
		stop := status.StopSignal()
		if stop == unix.SIGSTOP {
			return unix.PtraceDetach(pid)
		}
		if stop == unix.SIGTRAP {
			stop = 0
		}
		if err := unix.PtraceCont(pid, int(stop)); err != nil {
			return err
		}
	}
}
