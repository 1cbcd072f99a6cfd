package simulate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// do plays the part, then starts what comes after it.
func (p *part) do() error {
	in := os.Stdin
	err := p.act(&in)
	if err == nil && p.Then != nil {
		if !p.Then.Socket {
			in = os.Stdin
		}
		err = start(p.Then, in, os.Stdout)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.Do, err)
	}
	return nil
}

// act does it; in becomes what the next program may have as its standard input.
func (p *part) act(in **os.File) error {
	if strings.HasPrefix(p.Path, "/proc/self/") {
		p.Path = fmt.Sprintf("/proc/%d/%s", os.Getpid(), strings.TrimPrefix(p.Path, "/proc/self/"))
	}
	switch p.Do {
	case "":
		null, err := os.OpenFile(os.DevNull, os.O_RDONLY, 0)
		if err == nil {
			*in = null
		}
		return nil
	case "connect", "ask", "listen", "raw_socket", "scan", "sweep", "probe", "let_in":
		return p.network(in)
	case "mprotect", "mmap", "memfd", "vm_write", "ptrace_attach", "bpf", "module", "mount", "wait":
		return p.kernel()
	}
	return p.file()
}

func (p *part) file() error {
	switch p.Do {
	case "create":
		flags := os.O_CREATE | os.O_WRONLY
		if strings.HasPrefix(p.Path, "/proc/") {
			flags = os.O_RDWR
		}
		f, err := os.OpenFile(p.Path, flags, 0o600)
		if err != nil || flags == os.O_RDWR {
			return errors.Join(err, closed(f))
		}
		_, err = f.WriteString("# made by vigil simulate\n")
		return errors.Join(err, f.Close())
	case "read":
		f, err := os.Open(p.Path)
		return errors.Join(err, closed(f))
	case "rename":
		return os.Rename(p.From, p.Path)
	case "symlink":
		return os.Symlink(p.From, p.Path)
	case "link":
		return os.Link(p.From, p.Path)
	case "delete":
		return os.Remove(p.Path)
	case "chmod":
		mode, err := strconv.ParseUint(p.Text, 8, 32)
		if err != nil {
			return err
		}
		return unix.Chmod(p.Path, uint32(mode))
	case "truncate":
		return os.Truncate(p.Path, 0)
	case "setxattr": // struct vfs_cap_data, revision 2, no capability at all: linux/capability.h
		return unix.Setxattr(p.Path, p.Text, append(binary.LittleEndian.AppendUint32(nil, 0x02000000), make([]byte, 16)...), 0)
	case "copy":
		return copySelf(p.Path)
	case "lock":
		return p.lock()
	case "overwrite":
		return p.overwrite()
	}
	return errors.ErrUnsupported
}

func closed(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

// lock gives forty files of its own another ending.
func (p *part) lock() error {
	if err := os.MkdirAll(p.Path, 0o755); err != nil {
		return err
	}
	for i := range 40 {
		name := fmt.Sprintf("%s/report%d.docx", p.Path, i)
		if err := os.WriteFile(name, []byte("nothing"), 0o600); err != nil {
			return err
		}
		if err := os.Rename(name, name+".locked"); err != nil {
			return err
		}
	}
	return nil
}

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
