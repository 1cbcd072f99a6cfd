package container

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fileidKernfs is the type of the file handles of kernfs: a node's ID, 64 bits in
// the machine's order (fs/kernfs/mount.c, since Linux 5.5).
const fileidKernfs = 0xfe

// errElsewhere is for a cgroup that is not below our mount.
var errElsewhere = errors.New("the cgroup is not visible from here")

// fromHandle finds a cgroup's path by its ID alone and observes it. It needs
// CAP_DAC_READ_SEARCH.
func (r *Resolver) fromHandle(cgroupID uint64) (*Info, error) {
	path, err := r.pathOf(cgroupID)
	if err != nil {
		return nil, fmt.Errorf("find cgroup %d: %w", cgroupID, err)
	}
	return r.observe(cgroupID, path), nil
}

func (r *Resolver) pathOf(cgroupID uint64) (string, error) {
	if r.located != nil {
		return "", r.located
	}
	at, err := unix.Open(r.hierarchy.Mount, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(at) }()
	handle := unix.NewFileHandle(fileidKernfs, binary.NativeEndian.AppendUint64(nil, cgroupID))
	fd, err := unix.OpenByHandleAt(at, handle, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }()
	full, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return "", err
	}
	below, ok := strings.CutPrefix(full, r.hierarchy.Mount)
	if !ok || below != "" && below[0] != '/' || strings.HasSuffix(below, " (deleted)") {
		return "", errElsewhere
	}
	return join(r.hierarchy.Root, below), nil
}
