package container

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Modes of a host's cgroups.
const (
	ModeV1     = "v1"
	ModeV2     = "v2"
	ModeHybrid = "hybrid" // v1 for the controllers, v2 beside them
)

// Hierarchy is the cgroup hierarchy that names containers on a host. Cgroup IDs
// are unique within one only: every kernfs root counts on its own (fs/kernfs/dir.c,
// __kernfs_new_node).
type Hierarchy struct {
	Mode       string `json:"mode"`
	Controller string `json:"controller,omitempty"` // of v1, as mounted; "" is v2
	ID         int    `json:"id"`                   // as in /proc/PID/cgroup; 0 is v2
	Mount      string `json:"mount"`                // where it is mounted
	Root       string `json:"root"`                 // the cgroup that is mounted there: not / inside of containers
}

// errNoHierarchy is for hosts without a cgroup mount that names containers.
var errNoHierarchy = errors.New("no cgroup hierarchy is mounted")

// controllers are those of v1 by which every runtime sets up containers, the best
// first. The presence of another alone, such as net_cls for a VPN, does not make
// a host one of v1.
func controllers() []string {
	return []string{"memory", "pids", "cpuset", "devices", "cpu"}
}

// mount is a line of mountinfo that is a cgroup mount.
type mount struct {
	root, point string
	v2          bool
	controllers []string
}

// Locate finds the hierarchy, by what is mounted below root (usually /). Where
// containers are in v1 hierarchies their cgroups of v2 may all be its root.
func Locate(root string) (Hierarchy, error) {
	mounts, err := readMounts(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return Hierarchy{}, fmt.Errorf("find the cgroup hierarchy: %w", err)
	}
	h, ok := choose(mounts)
	if !ok {
		return Hierarchy{}, fmt.Errorf("find the cgroup hierarchy: %w", errNoHierarchy)
	}
	h.Mount = filepath.Join(root, h.Mount)
	if h.Controller != "" {
		line, err := readMembership(filepath.Join(root, "proc/self/cgroup"), h.Controller)
		if err != nil {
			return Hierarchy{}, fmt.Errorf("find the cgroup hierarchy: %w", err)
		}
		h.ID = line.hierarchy
	}
	return h, nil
}

func choose(mounts []mount) (Hierarchy, bool) {
	var second *mount
	for i := range mounts {
		if mounts[i].v2 && (second == nil || second.root != "/" && mounts[i].root == "/") {
			second = &mounts[i]
		}
	}
	for _, c := range controllers() {
		for _, m := range mounts {
			if m.v2 || !slices.Contains(m.controllers, c) {
				continue
			}
			h := Hierarchy{Mode: ModeV1, Controller: c, Mount: m.point, Root: m.root}
			if second != nil {
				h.Mode = ModeHybrid
			}
			return h, true
		}
	}
	if second == nil {
		return Hierarchy{}, false
	}
	return Hierarchy{Mode: ModeV2, Mount: second.point, Root: second.root}, true
}

// maxLines bounds what is read of a file of /proc; a line takes at most 64 KiB.
const maxLines = 1 << 16

// readMounts reads the cgroup mounts of a mountinfo (proc_pid_mountinfo(5)).
func readMounts(path string) ([]mount, error) {
	var mounts []mount
	err := eachLine(path, func(line string) bool {
		before, after, ok := strings.Cut(line, " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 6 || len(rest) < 3 || rest[0] != "cgroup" && rest[0] != "cgroup2" {
			return true
		}
		mounts = append(mounts, mount{
			root: unquote(fields[3]), point: unquote(fields[4]),
			v2: rest[0] == "cgroup2", controllers: strings.Split(rest[2], ","),
		})
		return true
	})
	return mounts, err
}

// unquote undoes mountinfo's octal escapes of space, tab, newline and backslash.
func unquote(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// membership is a line of /proc/PID/cgroup.
type membership struct {
	hierarchy int
	path      string
}

// readMembership reads the line of a controller; "": of v2 (cgroups(7)).
func readMembership(path, controller string) (membership, error) {
	var found membership
	ok := false
	err := eachLine(path, func(line string) bool {
		number, rest, _ := strings.Cut(line, ":")
		names, cgroup, complete := strings.Cut(rest, ":")
		n, err := strconv.Atoi(number)
		if err != nil || !complete || cgroup == "" || cgroup[0] != '/' || !slices.Contains(strings.Split(names, ","), controller) {
			return true
		}
		found, ok = membership{n, strings.TrimSuffix(cgroup, " (deleted)")}, true
		return false
	})
	if err == nil && !ok {
		err = fmt.Errorf("%s has no line of the hierarchy", path)
	}
	return found, err
}

// eachLine calls f for each line until it says no.
func eachLine(path string, f func(string) bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(io.LimitReader(file, maxDocument))
	for n := 0; n < maxLines && lines.Scan(); n++ {
		if !f(lines.Text()) {
			return nil
		}
	}
	return lines.Err()
}
