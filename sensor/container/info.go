package container

// Info is what is known of a cgroup. It never changes: what is learnt later comes
// as another Info, so one may be kept and read anywhere.
//
// A cgroup in no container has a path and nothing else.
type Info struct {
	CgroupID   uint64 // 0 when only the path could be read
	CgroupPath string // in the hierarchy, from its root

	ID       string // "" in no container
	Runtime  string // "" when neither path nor runtimes tell
	Rootless bool   // an unprivileged user made it, and chose what the path says

	Name, Image                   string
	PodUID, PodName, PodNamespace string
}

// newInfo is what a path tells.
func newInfo(cgroupID uint64, path string) *Info {
	info := &Info{CgroupID: cgroupID, CgroupPath: path}
	id, ok := Parse(path)
	if !ok {
		return info
	}
	info.ID, info.Runtime, info.PodUID, info.Rootless = id.Container, id.Runtime, id.PodUID, id.Rootless
	if info.Runtime == LXC || info.Runtime == Nspawn {
		info.Name = info.ID
	}
	return info
}

// asks tells whether a runtime may know more. Users' own runtimes are not asked:
// what listens on a socket that an unprivileged user made is that user's word.
func (i *Info) asks() bool {
	return i.ID != "" && i.Name == "" && !i.Rootless
}

// with is the Info with what a runtime told.
func (i *Info) with(d *details) *Info {
	next := *i
	next.Name, next.Image = d.name, d.image
	next.PodName, next.PodNamespace = d.podName, d.podNamespace
	if next.PodUID == "" {
		next.PodUID = d.podUID
	}
	if next.Runtime == "" {
		next.Runtime = d.runtime
	}
	return &next
}

// Stats say how a Resolver fares. The first three are what is; all else counts
// since the start.
type Stats struct {
	Cgroups    int // known
	Containers int // of them, cgroups in a container
	Waiting    int // cgroups whose runtime is yet to be asked

	Evicted    uint64 // forgotten though they may be in use: Settings.Max
	Unresolved uint64 // cgroups that no path was found for
	ScanCut    uint64 // directories that scans left out: Settings.Max, or unreadable
	Asked      uint64 // times that runtimes were asked about a container
	Named      uint64 // cgroups that a runtime knew
	Unnamed    uint64 // cgroups that no runtime knew, after all tries
}
