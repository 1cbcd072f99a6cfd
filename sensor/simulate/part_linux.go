package simulate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// do plays the part, then starts what comes after it.
func (p *part) do() error {
	if p.Do == "rise" {
		return rise(p.Then)
	}
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
	case "connect", "ask", "listen", "raw_socket", "scan", "sweep", "probe", "let_in", "call":
		return p.network(in)
	case "mprotect", "mmap", "memfd", "vm_write", "ptrace_attach", "bpf", "module", "mount", "set", "kexec", "wait":
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
