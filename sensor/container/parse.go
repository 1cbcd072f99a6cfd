package container

import "strings"

// Runtimes as ID, Info and Runtime name them.
const (
	Docker     = "docker"
	Containerd = "containerd"
	CRIO       = "cri-o"
	Podman     = "podman"
	LXC        = "lxc"
	Nspawn     = "systemd-nspawn"
	LXD        = "lxd"
	Incus      = "incus"
)

// ID is what a cgroup's path tells of the container in it.
type ID struct {
	Runtime   string // "" when the path does not tell: a bare ID below a parent that anybody may have named
	Container string // 64 hexadecimal digits; for LXC and systemd-nspawn the name
	PodUID    string // of the Kubernetes pod around it, in the form with dashes
	Rootless  bool   // below a user's own service manager: that user chose all names here
}

// Parse finds the container that a cgroup belongs to; the innermost one when
// containers lie in containers. Processes of the runtimes themselves (conmon,
// shims, LXC monitors, nspawn's supervisor) are in none. A miss allocates nothing.
//
// The forms are those of runc's and crun's drivers: "PREFIX-ID.scope" by systemd,
// "PARENT/ID" by cgroupfs, and "SLICE:PREFIX:ID" where a path meant for the first
// reached the second.
func Parse(path string) (ID, bool) {
	var w walk
	for rest := path; rest != ""; {
		var segment string
		segment, rest, _ = strings.Cut(rest, "/")
		if segment != "" {
			w.step(segment)
		}
	}
	if w.found.Container == "" {
		return ID{}, false
	}
	if strings.IndexByte(w.found.PodUID, '_') >= 0 { // a slice's name has dashes for levels only
		w.found.PodUID = strings.ReplaceAll(w.found.PodUID, "_", "-")
	}
	w.found.Container = unescape(w.found.Container)
	return w.found, true
}

// walk is where Parse stands: the path so far.
type walk struct {
	found, outer     ID
	previous, before string // the last segments: previous is nearer
	pod              string
	kubernetes       bool // below a cgroup of kubelet's
	rootless         bool
	fresh            bool // the last segment was found's
}

func (w *walk) step(s string) {
	if w.fresh && s == "supervisor" && w.found.Runtime == Nspawn {
		// systemd-nspawn's own process; its payload is beside it (src/nspawn/nspawn-cgroup.c).
		w.found = w.outer
	}
	w.fresh = false
	w.kubernetes = w.kubernetes || strings.Contains(s, "kubepods")
	if w.kubernetes {
		if uid := podUID(s); uid != "" {
			w.pod = uid
		}
	}
	if isUserManager(s) {
		w.rootless = true
	}
	runtime, id := w.match(s)
	if id != "" {
		w.outer = w.found
		w.found = ID{Runtime: runtime, Container: id, PodUID: w.pod, Rootless: w.rootless}
		w.fresh = true
		s = "" // its name is no parent's, be it "docker"
	}
	w.before, w.previous = w.previous, s
}

// match gives the container that begins with this segment.
func (w *walk) match(s string) (runtime, id string) {
	if runtime, id = prefixed(s); id != "" {
		return runtime, id
	}
	if isID(s) {
		return w.parent(), s
	}
	if name, ok := strings.CutPrefix(s, "lxc.payload."); ok { // LXC 4: src/lxc/cgroups/cgfsng.c
		return LXC, name
	}
	if w.previous == "lxc.payload" || w.previous == "lxc" && (w.before == "" || w.found.Container != "") {
		return LXC, s // before LXC 4, and Proxmox
	}
	return machine(w.previous, s)
}

// parent names the runtime of a bare ID.
func (w *walk) parent() string {
	switch {
	case w.previous == "docker", w.previous == "ecs", w.before == "ecs":
		return Docker
	case w.previous == "default", w.previous == "k8s.io": // containerd's namespaces, of nerdctl and ctr, and of CRI
		return Containerd
	}
	return ""
}

// prefixed reads PREFIX-ID, PREFIX-ID.scope and SLICE:PREFIX:ID.
func prefixed(s string) (runtime, id string) {
	s = strings.TrimSuffix(s, ".scope")
	at := len(s) - idLength
	if at < 2 || !isID(s[at:]) {
		return "", ""
	}
	prefix := s[:at-1]
	switch s[at-1] {
	case ':':
		prefix = prefix[strings.LastIndexByte(prefix, ':')+1:]
	case '-':
	default:
		return "", ""
	}
	switch prefix {
	case "docker":
		runtime = Docker
	case "cri-containerd", "nerdctl":
		runtime = Containerd
	case "crio":
		runtime = CRIO
	case "libpod", "libpod-payload": // the second with --cgroups=split, as quadlets have it
		runtime = Podman
	default: // crio-conmon, libpod-conmon and whatever else
		return "", ""
	}
	return runtime, s[at:]
}
