package simulate

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

func (p *part) kernel() error {
	switch p.Do {
	case "mprotect":
		b, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			return err
		}
		b[0] = 0xc3 // never called
		return errors.Join(unix.Mprotect(b, unix.PROT_READ|unix.PROT_EXEC), unix.Munmap(b))
	case "mmap", "memfd":
		fd, err := unix.MemfdCreate(p.Text, unix.MFD_CLOEXEC)
		if err != nil {
			return err
		}
		defer func() { _ = unix.Close(fd) }()
		if p.Do == "memfd" {
			return nil
		}
		if err := unix.Ftruncate(fd, int64(os.Getpagesize())); err != nil {
			return err
		}
		b, err := unix.Mmap(fd, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
		if err != nil {
			return err
		}
		return unix.Munmap(b)
	case "bpf":
		return loadProgram()
	case "module":
		return refused(p.Path)
	case "mount":
		return mountNowhere(p.From, p.Text)
	case "set":
		return p.set()
	case "kexec":
		return kexec()
	case "wait":
		_, err := os.Stdin.Read(make([]byte, 1))
		if err != nil && err.Error() == "EOF" {
			return nil
		}
		return err
	}
	return reach(p.Do)
}

// loadProgram loads a filter that lets nothing through and is attached to nothing; it
// ends with its descriptor: bpf(2), linux/bpf.h.
func loadProgram() error {
	instructions := [...]uint64{0xb7, 0x95} // r0 = 0; exit
	license := [...]byte{'G', 'P', 'L', 0}
	var pins runtime.Pinner // the kernel is given their addresses as numbers
	defer pins.Unpin()
	pins.Pin(&instructions)
	pins.Pin(&license)
	attributes := struct {
		kind, count           uint32
		instructions, license uint64
		rest                  [13]uint64
	}{kind: 1, count: 2, instructions: pointer(&instructions[0]), license: pointer(&license[0])} // BPF_PROG_TYPE_SOCKET_FILTER
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attributes)), unsafe.Sizeof(attributes))
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}

func pointer[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// refused offers the kernel a file that is no module; it must not take it.
func refused(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err == nil {
		return errors.New("the kernel took a file that is no module")
	}
	return nil
}

// set writes to a setting of the kernel over which, in the stage's mounts, lies this
// process's own name: the value becomes the name, and the setting stays what it is.
func (p *part) set() error {
	if err := unix.Mount("/proc/self/comm", p.Path, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("cover %s: %w", p.Path, err)
	}
	f, err := os.OpenFile(p.Path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(p.Text)
	return errors.Join(err, f.Close())
}

// kexec asks for another kernel, which nobody may without the capability that this thread
// gives up before: kexec_load(2). Nor are there so many segments, or such flags.
func kexec() error {
	runtime.LockOSThread() // for good: whoever has capabilities is a thread
	var none [2]unix.CapUserData
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
		return fmt.Errorf("give up capabilities: %w", err)
	}
	const many = 1 << 16
	_, _, errno := unix.Syscall6(unix.SYS_KEXEC_LOAD, 0, many, 0, ^uintptr(0), 0, 0)
	if errno != unix.EPERM && errno != unix.ENOSYS { // a kernel may not have it at all
		return errors.Join(errors.New("the kernel did not refuse as it should"), errno)
	}
	return nil
}
