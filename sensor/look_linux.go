package sensor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"vigil/decode"
	"vigil/detect/behavior"
)

// errOther is that of a name that another file has by now.
var errOther = errors.New("another file has the name")

func (s *sampler) look(l *look) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("look into a file: %w", err)
		}
	}()
	r, err := decode.Decode(l.record)
	if err != nil {
		return err
	}
	root, err := unix.Open(s.root(r.PID), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open the root: %w", err)
	}
	defer func() { _ = unix.Close(root) }()
	f, err := openSame(root, string(r.Text(l.wish.Text)), l.wish.Inode, l.wish.Device)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	begin, err := readPart(f, l.parts[0][:], 0)
	if err != nil {
		return err
	}
	middle, err := readPart(f, l.parts[1][:], max(info.Size()/2, behavior.Part))
	if err != nil {
		return err
	}
	l.content = behavior.Measure(begin, middle)
	return nil
}

// root is where the paths of a process begin: its own root when it lives in another
// mount namespace. When it has ended, ours is tried: a file is never taken for another.
func (s *sampler) root(pid uint32) string {
	var its unix.Stat_t
	if unix.Stat(fmt.Sprintf("/proc/%d/ns/mnt", pid), &its) == nil && (its.Ino != s.own.Ino || its.Dev != s.own.Dev) {
		return fmt.Sprintf("/proc/%d/root", pid)
	}
	return "/"
}

// openSame opens a regular file below a root that may be hostile: no symbolic link is
// followed (the kernel's paths have none) and nothing leads out of the root. It must be
// the very file, and is not touched before that is known: to open a device may act on it.
func openSame(root int, path string, inode, device uint64) (*os.File, error) {
	fd, err := unix.Openat2(root, path, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, fmt.Errorf("find it: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	var is unix.Stat_t
	if err := unix.Fstat(fd, &is); err != nil {
		return nil, err
	}
	if is.Mode&unix.S_IFMT != unix.S_IFREG || is.Ino != inode || !sameDevice(fd, is.Dev, device) {
		return nil, errOther
	}
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC // whoever holds a lease is not waited for
	name := fmt.Sprintf("/proc/self/fd/%d", fd)                    // this very file, whatever its name leads to now
	read, err := unix.Open(name, flags|unix.O_NOATIME, 0)
	if errors.Is(err, unix.EPERM) {
		read, err = unix.Open(name, flags, 0)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(read), filepath.Base(path)), nil
}

// sameDevice compares what stat says with the kernel's number: major << 20 | minor.
// Files of btrfs name their subvolume's device to stat, which the kernel's file has not.
func sameDevice(fd int, is, device uint64) bool {
	if uint64(unix.Major(is))<<20|uint64(unix.Minor(is)) == device {
		return true
	}
	var fs unix.Statfs_t
	return unix.Fstatfs(fd, &fs) == nil && fs.Type == unix.BTRFS_SUPER_MAGIC
}

// readPart fills b from there on, as far as the file goes.
func readPart(f *os.File, b []byte, at int64) ([]byte, error) {
	n, err := f.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}
