package simulate

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	room = "/tmp/vigil" // where copies lie that need no other place
	self = room + "/self"
)

// stage is where a playbook plays: mounts and a network that nobody else sees.
type stage struct {
	covered []string
	null    *os.File
	listens []io.Closer
	hosts   []string
}

// play raises the curtain, plays, and leaves; what was mounted ends with the process.
func play(name string) error {
	p, err := Find(name)
	if err != nil {
		return err
	}
	s, err := newStage()
	if err != nil {
		return fmt.Errorf("simulate %s: %w", name, err)
	}
	if err := errors.Join(p.act(s), s.close()); err != nil {
		return fmt.Errorf("simulate %s: %w", name, err)
	}
	return nil
}

// newStage takes the thread into namespaces of its own, in which everything
// happens: the goroutine stays on it for the rest of the process's life.
func newStage() (*stage, error) {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("unshare mounts and network: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("make mounts private: %w", err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	program, hidden := openSelf() // before /tmp is covered: it may lie there
	s := &stage{null: null}
	if err := s.cover("/tmp"); err != nil {
		return nil, err
	}
	if err := os.Mkdir(room, 0o755); err != nil {
		return nil, err
	}
	if hidden != nil { // where it lies only others may look, or it was deleted
		err = copySelf(self)
	} else {
		err = errors.Join(bindSelf(program), program.Close())
	}
	return s, errors.Join(err, link("lo", ""))
}

// bindSelf lets this program lie where only the stage sees it, and nobody can change it:
// what is bound from there cannot be changed either.
func bindSelf(program *os.File) error {
	if err := bind(program, self); err != nil {
		return err
	}
	var st unix.Statfs_t
	if err := unix.Statfs(self, &st); err != nil {
		return err
	}
	kept := uintptr(st.Flags) & (unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC) // a user's own namespace may not take them away
	if err := unix.Mount("", self, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|kept, ""); err != nil {
		return fmt.Errorf("make %s read-only: %w", self, err)
	}
	return nil
}

// openSelf opens this program where it lies. By /proc/self/exe it would be on a mount of
// others, which cannot be bound.
func openSelf() (*os.File, error) {
	path, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// bind lets a file lie at a path as well: the kernel need not read, and an emulator not
// translate, a program twice.
func bind(file *os.File, path string) error {
	at, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", file.Fd()), path, "", unix.MS_BIND, ""); err != nil {
		return errors.Join(fmt.Errorf("bind %s: %w", path, err), at.Close())
	}
	return at.Close()
}

func (s *stage) close() error {
	var err error
	for _, c := range s.listens {
		err = errors.Join(err, c.Close())
	}
	return errors.Join(err, s.null.Close())
}

// cover puts an empty file system in memory over a directory.
func (s *stage) cover(dir string) error {
	if err := unix.Mount("vigil", dir, "tmpfs", 0, "size=256m"); err != nil {
		return fmt.Errorf("cover %s: %w", dir, err)
	}
	s.covered = append(s.covered, dir)
	return nil
}

// ready makes the directory of a path one that may be written to: it lies on a file
// system of the stage's own.
func (s *stage) ready(path string) error {
	if !slices.ContainsFunc(s.covered, func(dir string) bool { return strings.HasPrefix(path, dir+"/") }) {
		dir := filepath.Dir(path)
		for {
			if _, err := os.Stat(dir); err == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		switch dir {
		case "/", "/usr", "/usr/lib", "/lib", "/lib64", "/proc", "/sys":
			return fmt.Errorf("nothing may be written below %s: it cannot be covered", dir)
		}
		if err := s.cover(dir); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Dir(path), 0o755)
}

// event lets a copy of this program do its part under a name.
func (s *stage) event(image string, arguments []string, p part) error {
	return s.run("", program{Image: image, Arguments: arguments, Part: p})
}

// prepare makes what a part needs.
func (s *stage) prepare(p *part) error {
	if p.Path != "" && !strings.HasPrefix(p.Path, "/proc/") {
		if err := s.ready(p.Path); err != nil {
			return err
		}
		if _, err := os.Stat(p.Path); err != nil && needs(p.Do) { // the running copy itself may lie there
			if err := os.WriteFile(p.Path, []byte("made by vigil simulate\n"), 0o644); err != nil {
				return err
			}
		}
	}
	if p.Do == "overwrite" {
		return writeTexts(p.Path)
	}
	if p.Do == "rename" || p.Do == "link" {
		p.From = filepath.Dir(p.Path) + "/vigil-from"
		if err := os.WriteFile(p.From, nil, 0o644); err != nil {
			return err
		}
	}
	if p.Host != "" {
		return s.listen(p.Host, p.Port)
	}
	return nil
}

// needs tells which parts need their file to be there.
func needs(do string) bool {
	switch do {
	case "delete", "read", "chmod", "truncate", "setxattr", "module":
		return true
	}
	return false
}

// run runs a program, below another where a parent is named.
func (s *stage) run(parent string, p program) error {
	if parent != "" {
		child := p
		p = program{Image: parent, Part: part{Then: &child}}
	}
	if err := s.provide(&p); err != nil {
		return err
	}
	if p.Held {
		return start(&p, os.Stdin, os.Stdout)
	}
	return start(&p, s.null, os.Stdout)
}

// pipe runs a program whose output is the input of another.
func (s *stage) pipe(from, to program) error {
	if err := errors.Join(s.provide(&from), s.provide(&to)); err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	err = errors.Join(start(&from, s.null, write), write.Close())
	if err == nil {
		err = start(&to, read, os.Stdout)
	}
	return errors.Join(err, read.Close())
}

// provide makes what a program, and those that it starts, need.
func (s *stage) provide(p *program) error {
	for ; p != nil; p = p.Part.Then {
		if err := errors.Join(s.prepare(&p.Part), s.place(p)); err != nil {
			return err
		}
	}
	return nil
}

// place makes this program lie where the image is to lie.
func (s *stage) place(p *program) error {
	if p.Memfd {
		return nil
	}
	within := func(dir string) bool { return strings.HasPrefix(p.Image, dir) }
	if !slices.ContainsFunc([]string{"/tmp/", "/var/tmp/", "/dev/shm/", "/home/", "/root/", "/var/www/"}, within) {
		p.Image = room + "/" + filepath.Base(p.Image)
	}
	if err := s.ready(p.Image); err != nil {
		return err
	}
	if info, err := os.Stat(p.Image); err == nil && info.Size() > 1<<20 {
		return nil
	}
	_ = os.Remove(p.Image) // what a part needed there, if anything
	if p.Copied || p.Deleted {
		return copySelf(p.Image)
	}
	program, err := os.Open(self)
	if err != nil {
		return err
	}
	return errors.Join(bind(program, p.Image), program.Close())
}

// listen makes an address that of the stage's own network, and answers there.
func (s *stage) listen(host string, port int) error {
	if !slices.Contains(s.hosts, host) {
		s.hosts = append(s.hosts, host)
		if err := link("lo:"+strconv.Itoa(len(s.hosts)), host); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if errors.Is(err, unix.EADDRINUSE) {
		return nil
	} else if err != nil {
		return err
	}
	s.listens = append(s.listens, l)
	return nil // the kernel completes connections without accept
}

// link sets an interface up, with an address if one is given: netdevice(7).
func link(name, address string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	ask, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if address != "" {
		if err := ask.SetInet4Addr(net.ParseIP(address).To4()); err != nil {
			return fmt.Errorf("address %s: %w", address, err)
		}
		if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, ask); err != nil {
			return fmt.Errorf("give %s the address %s: %w", name, address, err)
		}
	}
	ask.SetUint16(unix.IFF_UP | unix.IFF_LOOPBACK | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ask); err != nil {
		return fmt.Errorf("set %s up: %w", name, err)
	}
	return nil
}

// copySelf writes this program to a file.
func copySelf(path string) (err error) {
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	return copyTo(to)
}

func copyTo(to io.Writer) error {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	_, err = io.Copy(to, from)
	return err
}
