package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Scan observes every cgroup that exists, by walking a cgroup mount: "" is the
// hierarchy's. It gives how many it saw. Nearest to the root go first, so what
// finds no room lies deep.
func (r *Resolver) Scan(mount string) (int, error) {
	root := "/"
	if mount == "" {
		if r.located != nil {
			return 0, fmt.Errorf("scan cgroups: %w", r.located)
		}
		mount, root = r.hierarchy.Mount, r.hierarchy.Root
	}
	id, err := inode(mount)
	if err != nil {
		return 0, fmt.Errorf("scan cgroups: %w", err)
	}
	r.observe(id, root)
	seen := 1
	for level := []string{""}; len(level) > 0; {
		var next []string
		for _, path := range level {
			entries, err := os.ReadDir(filepath.Join(mount, path))
			if err != nil {
				if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENODEV) { // removed meanwhile
					r.cut()
				}
				continue
			}
			for _, e := range entries {
				if !e.IsDir() {
					continue
				}
				child := path + "/" + e.Name()
				if seen >= r.settings.Max {
					r.cut()
					continue
				}
				if id, err = inode(filepath.Join(mount, child)); err != nil {
					continue
				}
				r.observe(id, join(root, child))
				seen++
				next = append(next, child)
			}
		}
		level = next
	}
	return seen, nil
}

func (r *Resolver) cut() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.stats.ScanCut++
}

// join puts a path below the mount into the hierarchy.
func join(root, path string) string {
	if path == "" {
		return root
	}
	return strings.TrimSuffix(root, "/") + path
}

// FromPID finds the cgroup of a process and observes it. When the cgroup is gone,
// or not visible from here, the Info has its path only, and is not kept.
func (r *Resolver) FromPID(pid uint32) (*Info, error) {
	if r.located != nil {
		return nil, fmt.Errorf("find the container of process %d: %w", pid, r.located)
	}
	m, err := readMembership(filepath.Join(r.settings.Root, "proc", fmt.Sprint(pid), "cgroup"), r.hierarchy.Controller)
	if err != nil {
		return nil, fmt.Errorf("find the container of process %d: %w", pid, err)
	}
	below := m.path
	if r.hierarchy.Root != "/" {
		var ok bool
		if below, ok = strings.CutPrefix(m.path, r.hierarchy.Root); !ok || below != "" && below[0] != '/' {
			return newInfo(0, m.path), nil
		}
	}
	id, err := inode(filepath.Join(r.hierarchy.Mount, below))
	if err != nil {
		return newInfo(0, m.path), nil
	}
	return r.observe(id, m.path), nil
}

// inode is a directory's: in a cgroup mount of a 64-bit kernel it is the cgroup's
// ID (include/linux/kernfs.h, kernfs_ino).
func inode(path string) (uint64, error) {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return 0, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return st.Ino, nil
}
