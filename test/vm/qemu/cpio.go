package qemu

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// An archive writes the format in which Linux takes its first file system:
// "newc", Documentation/driver-api/early-userspace/buffer-format.rst.
//
// Folders on the way to an entry are made as they are met; everything belongs
// to root and has the time 0, so that the same input gives the same bytes.
type archive struct {
	w      io.Writer
	inode  uint32
	length int64
	made   map[string]bool
}

// The types of a mode in an archive are those of stat(2).
const (
	typeDir     = 0o040000
	typeFile    = 0o100000
	typeSymlink = 0o120000
	typeChar    = 0o020000
)

func newArchive(w io.Writer) *archive {
	return &archive{w: w, made: map[string]bool{".": true}}
}

// dir adds a folder, unless it is there already.
func (a *archive) dir(name string, perm fs.FileMode) error {
	name = clean(name)
	if a.made[name] {
		return nil
	}
	if err := a.dir(path.Dir(name), 0o755); err != nil {
		return err
	}
	a.made[name] = true
	return a.entry(name, typeDir|mode(perm), 0, 0, nil)
}

// file adds a regular file with the size bytes that r has.
func (a *archive) file(name string, perm fs.FileMode, size int64, r io.Reader) error {
	if size > 0xffffffff {
		return fmt.Errorf("archive %s: %d bytes are more than the format holds", name, size)
	}
	return a.entry(name, typeFile|mode(perm), size, 0, r)
}

// text adds a regular file with the given content.
func (a *archive) text(name string, perm fs.FileMode, content string) error {
	return a.file(name, perm, int64(len(content)), strings.NewReader(content))
}

// symlink adds a symbolic link to target, which may be a folder that entries
// after it go through.
func (a *archive) symlink(name, target string) error {
	a.made[clean(name)] = true
	return a.entry(name, typeSymlink|0o777, int64(len(target)), 0, strings.NewReader(target))
}

// char adds a character device.
func (a *archive) char(name string, perm fs.FileMode, major, minor uint32) error {
	return a.entry(name, typeChar|mode(perm), 0, uint64(major)<<32|uint64(minor), nil)
}

// close writes the end of the archive; it does not close the writer.
func (a *archive) close() error {
	a.inode = 0
	return a.write("TRAILER!!!", 0, 0, 0, nil)
}

func (a *archive) entry(name string, mode uint32, size int64, device uint64, r io.Reader) error {
	name = clean(name)
	if err := a.dir(path.Dir(name), 0o755); err != nil {
		return err
	}
	a.inode++
	return a.write(name, mode, size, device, r)
}

// write puts one header with its name and data, each padded to four bytes.
func (a *archive) write(name string, mode uint32, size int64, device uint64, r io.Reader) error {
	const links, none = 1, 0
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		a.inode, mode, none, none, links, none, size, none, none,
		uint32(device>>32), uint32(device), len(name)+1, none, name)
	if err := a.pad(strings.NewReader(header), int64(len(header))); err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	if size == 0 {
		return nil
	}
	if err := a.pad(r, size); err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	return nil
}

// pad copies size bytes and then zeros up to a multiple of four.
func (a *archive) pad(r io.Reader, size int64) error {
	if _, err := io.CopyN(a.w, r, size); err != nil {
		return err
	}
	a.length += size
	rest := -a.length & 3
	a.length += rest
	_, err := a.w.Write(make([]byte, rest))
	return err
}

// clean gives the name as the format has it: without a leading slash.
func clean(name string) string {
	if name = path.Clean("/" + name); name == "/" {
		return "."
	}
	return name[1:]
}

// mode gives the permission bits as stat(2) has them.
func mode(perm fs.FileMode) uint32 {
	bits := uint32(perm.Perm())
	if perm&fs.ModeSetuid != 0 {
		bits |= 0o4000
	}
	if perm&fs.ModeSetgid != 0 {
		bits |= 0o2000
	}
	if perm&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	return bits
}
