package host

import (
	"os"
	"strings"

	"vigil/sensor/container"
)

// initialPIDs is the PID namespace that the kernel boots with (include/linux/proc_ns.h,
// PROC_PID_INIT_INO).
const initialPIDs = "pid:[4026531836]"

func (t tree) cgroups(f *Facts) {
	f.Cgroups = Unknown
	if h, err := container.Locate(string(t)); err == nil {
		f.Cgroups = h.Mode
	} else {
		f.remedy("cgroups", "mount -t cgroup2 cgroup2 /sys/fs/cgroup")
	}
	pids, err := os.Readlink(t.path("proc/self/ns/pid"))
	f.HostPIDs = err == nil && pids == initialPIDs
	if f.Inside = t.cgroupOf(); f.Inside == "" && (!f.HostPIDs || !t.withInit()) {
		f.Inside = t.mark()
	}
	if f.Inside == "" && err == nil && !f.HostPIDs {
		f.Inside = Unknown
	}
	if f.Inside != "" && !f.HostPIDs {
		f.remedy("host_pids", "run the sensor's container in the host's PID namespace (--pid=host, hostPID: true)")
	}
}

// cgroupOf names the runtime of the container that this process' cgroup is in.
func (t tree) cgroupOf() string {
	for line := range strings.SplitSeq(t.read("proc/self/cgroup"), "\n") {
		if fields := strings.SplitN(line, ":", 3); len(fields) == 3 {
			if id, ok := container.Parse(fields[2]); ok {
				if id.Runtime != "" {
					return id.Runtime
				}
				return Unknown
			}
		}
	}
	return ""
}

// withInit tells whether this process sees the mounts that process 1 sees. Where
// that is the host's, marks of a runtime only tell where the root came from: a
// virtual machine may boot from an image of containers.
func (t tree) withInit() bool {
	own, err := os.Readlink(t.path("proc/self/ns/mnt"))
	if err != nil {
		return false
	}
	first, err := os.Readlink(t.path("proc/1/ns/mnt"))
	return err == nil && own == first
}

// mark names a runtime by what it leaves in its containers.
func (t tree) mark() string {
	switch mark := t.read("run/systemd/container"); { // https://systemd.io/CONTAINER_INTERFACE
	case t.exists(".dockerenv"):
		return container.Docker
	case t.exists("run/.containerenv"):
		return container.Podman
	case mark != "" && len(mark) < 64:
		return mark
	case t.exists("var/run/secrets/kubernetes.io/serviceaccount"):
		return Unknown
	}
	return ""
}
