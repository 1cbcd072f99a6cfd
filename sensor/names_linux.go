package sensor

import (
	"log/slog"

	"vigil/decode"
	"vigil/sensor/container"
	"vigil/sensor/host"
)

// names turns numbers into names: users and containers. It may be asked from
// several goroutines.
type names struct {
	users      *host.Users
	containers *container.Resolver
	hierarchy  uint32 // whose cgroups name containers
}

// newNames knows the users and containers that are there.
func newNames(log *slog.Logger) *names {
	n := &names{users: host.NewUsers("/", nil), containers: container.New(log, container.Settings{})}
	if err := n.users.Stats().Error; err != nil {
		log.Warn("users have no names", "error", err)
	}
	h, err := n.containers.Hierarchy()
	if err == nil {
		n.hierarchy = uint32(h.ID)
		_, err = n.containers.Scan("")
	}
	if err != nil {
		log.Warn("containers that run already are not all known", "error", err)
	}
	return n
}

// controller is the v1 controller whose cgroups name containers; "": they are v2's.
func (n *names) controller() string {
	h, err := n.containers.Hierarchy()
	if err != nil {
		return ""
	}
	return h.Controller
}

// user gives the name of a user; "" when nobody has the number.
func (n *names) user(uid uint32) string { return n.users.Name(uid) }

// container gives what is known of a process's container, if it is in one.
func (n *names) container(cgroupID uint64, pid uint32) decode.Container {
	info, known := n.containers.Lookup(cgroupID)
	if !known {
		info = n.containers.Resolve(cgroupID, pid)
	}
	if info == nil || info.ID == "" {
		return decode.Container{}
	}
	return decode.Container{
		ID: info.ID, Name: info.Name, Image: info.Image, Runtime: info.Runtime,
		PodUID: info.PodUID, PodName: info.PodName, PodNamespace: info.PodNamespace,
	}
}

// observe learns of a cgroup before its first process runs, and of its end.
func (n *names) observe(r decode.Record) {
	c := r.Cgroup()
	switch {
	case c.Hierarchy != n.hierarchy:
	case c.Removed != 0:
		n.containers.Forget(c.ID)
	default:
		n.containers.Observe(c.ID, string(r.Text(decode.CgroupPathText)))
	}
}

func (n *names) close() error { return n.containers.Close() }
