package container

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const (
	mountsV2 = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
25 22 0:22 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`
	mountsHybrid = `31 23 0:28 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
33 31 0:30 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids
`
	mountsV1 = `34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
36 31 0:33 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
`
	mountsVPN = mountsV2 + `90 25 0:40 / /run/vpn/net_cls rw - cgroup net_cls rw,net_cls
`
	mountsContainer = `700 650 0:22 /../.. /host/cgroup rw master:9 - cgroup2 cgroup rw
701 650 0:22 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate
`
	mountsSpace = `25 22 0:22 /a\040b /mnt/c\134d rw - cgroup2 cgroup2 rw
`
	cgroupsHybrid = `12:cpu,cpuacct:/user.slice
5:pids:/user.slice/user-0.slice/session-3.scope
1:name=systemd:/user.slice/user-0.slice/session-3.scope
0::/user.slice/user-0.slice/session-3.scope
`
)

func TestLocate(t *testing.T) {
	for name, c := range map[string]struct {
		mounts, cgroups string
		want            Hierarchy
	}{
		"v2":                 {mountsV2, "0::/init.scope\n", Hierarchy{ModeV2, "", 0, "sys/fs/cgroup", "/"}},
		"systemd hybrid":     {mountsHybrid, cgroupsHybrid, Hierarchy{ModeHybrid, "pids", 5, "sys/fs/cgroup/pids", "/"}},
		"v1":                 {mountsV1, "4:memory:/\n3:cpu,cpuacct:/\n", Hierarchy{ModeV1, "memory", 4, "sys/fs/cgroup/memory", "/"}},
		"v1 without memory":  {strings.Split(mountsV1, "\n")[0], cgroupsHybrid, Hierarchy{ModeV1, "cpu", 12, "sys/fs/cgroup/cpu,cpuacct", "/"}},
		"v2 with net_cls":    {mountsVPN, "0::/\n", Hierarchy{ModeV2, "", 0, "sys/fs/cgroup", "/"}},
		"inside a container": {mountsContainer, "0::/\n", Hierarchy{ModeV2, "", 0, "sys/fs/cgroup", "/"}},
		"escaped":            {mountsSpace, "0::/\n", Hierarchy{ModeV2, "", 0, "mnt/c\\d", "/a b"}},
	} {
		t.Run(name, func(t *testing.T) {
			root := newRoot(t)
			root.write("proc/self/mountinfo", c.mounts)
			root.write("proc/self/cgroup", c.cgroups)
			c.want.Mount = filepath.Join(root.path, c.want.Mount)
			if got, err := Locate(root.path); err != nil || got != c.want {
				t.Errorf("%+v, %v\nnot %+v", got, err, c.want)
			}
		})
	}
}

func TestLocateNothing(t *testing.T) {
	root := newRoot(t)
	root.write("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\nrubbish\n - \n")
	if _, err := Locate(root.path); !errors.Is(err, errNoHierarchy) {
		t.Error(err)
	}
	root.write("proc/self/mountinfo", mountsV1)
	root.write("proc/self/cgroup", "1:name=systemd:/\nx:memory:/\n3:memory\n")
	if _, err := Locate(root.path); err == nil {
		t.Error("a controller that nobody is in is taken")
	}
	if _, err := Locate(filepath.Join(root.path, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	r := newResolver(t, Settings{Root: filepath.Join(root.path, "none")})
	r.Observe(7, "/docker/"+idA) // what events tell is known all the same
	if info, ok := r.Lookup(7); !ok || info.ID != idA {
		t.Errorf("%+v", info)
	}
	if _, err := r.Hierarchy(); err == nil {
		t.Error("there is a hierarchy")
	}
}
