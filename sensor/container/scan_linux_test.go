package container

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func (r root) inode(name string) uint64 {
	r.t.Helper()
	id, err := inode(filepath.Join(r.path, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func TestScan(t *testing.T) {
	root := newRoot(t)
	paths := []string{
		"/system.slice/ssh.service", "/system.slice/docker-" + idA + ".scope/init.scope", "/lxc.payload.web/system.slice",
	}
	for _, p := range paths {
		root.mkdir("sys/fs/cgroup" + p)
	}
	root.write("sys/fs/cgroup/system.slice/cgroup.procs", "")
	if err := os.Symlink("/", filepath.Join(root.path, "sys/fs/cgroup/system.slice/loop")); err != nil {
		t.Fatal(err)
	}
	r := newResolver(t, Settings{Root: root.path})
	if n, err := r.Scan(""); err != nil || n != 7 {
		t.Fatalf("%d, %v", n, err)
	}
	for _, p := range append(paths, "/system.slice", "/") {
		info, ok := r.Lookup(root.inode("sys/fs/cgroup" + p))
		if !ok || info.CgroupPath != p {
			t.Errorf("%s is %+v", p, info)
		}
	}
	if s := r.Stats(); s.Cgroups != 7 || s.Containers != 4 || s.ScanCut != 0 {
		t.Errorf("%+v", s)
	}

	small := newResolver(t, Settings{Root: root.path, Max: 3})
	if n, err := small.Scan(filepath.Join(root.path, "sys/fs/cgroup")); err != nil || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
	if s := small.Stats(); s.Cgroups != 3 || s.ScanCut == 0 || s.Evicted != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := r.Scan(filepath.Join(root.path, "none")); err == nil {
		t.Error("a scan of nothing goes well")
	}
}

func TestFromPID(t *testing.T) {
	root := newRoot(t)
	root.write("proc/self/mountinfo", mountsHybrid)
	root.write("proc/self/cgroup", cgroupsHybrid)
	root.write("proc/70/cgroup", "5:pids:/docker/"+idA+"\n1:name=systemd:/x\n0::/\n")
	root.write("proc/71/cgroup", "5:pids:/docker/"+idB+" (deleted)\n0::/\n")
	root.mkdir("sys/fs/cgroup/pids/docker/" + idA)
	r := newResolver(t, Settings{Root: root.path})
	id := root.inode("sys/fs/cgroup/pids/docker/" + idA)
	info, err := r.FromPID(70)
	if err != nil || info.ID != idA || info.CgroupID != id {
		t.Fatalf("%+v, %v", info, err)
	}
	if kept, ok := r.Lookup(id); !ok || kept != info {
		t.Errorf("%+v is not kept", info)
	}
	if info, err = r.FromPID(71); err != nil || info.ID != idB || info.CgroupID != 0 {
		t.Errorf("one that is gone: %+v, %v", info, err)
	}
	if _, err = r.FromPID(72); err == nil {
		t.Error("a process that is not there has a cgroup")
	}
}

// Inside a container a part of the hierarchy is mounted, and paths are of all of it.
func TestFromPIDOfAPart(t *testing.T) {
	root := newRoot(t)
	root.write("proc/self/mountinfo", "25 1 0:22 /docker/"+idA+" /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
	root.write("proc/7/cgroup", "0::/docker/"+idA+"/job\n")
	root.write("proc/8/cgroup", "0::/docker/"+idA+"0/job\n")
	root.mkdir("sys/fs/cgroup/job")
	r := newResolver(t, Settings{Root: root.path})
	if info, err := r.FromPID(7); err != nil || info.ID != idA || info.CgroupID != root.inode("sys/fs/cgroup/job") {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := r.FromPID(8); err != nil || info.CgroupID != 0 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := r.Scan(""); err != nil {
		t.Fatal(err)
	}
	if info, ok := r.Lookup(root.inode("sys/fs/cgroup/job")); !ok || info.CgroupPath != "/docker/"+idA+"/job" {
		t.Errorf("%+v", info)
	}
}

// Resolve tries once in a while only, and is right when the process has moved.
func TestResolve(t *testing.T) {
	c, root := &clock{}, newRoot(t)
	root.mkdir("sys/fs/cgroup/docker/" + idA)
	r := newResolver(t, Settings{Root: root.path, Now: c.now, Grace: time.Minute, Max: 16})
	id := root.inode("sys/fs/cgroup/docker/" + idA)
	if info := r.Resolve(id, 70); info != nil {
		t.Fatalf("%+v from nothing", info)
	}
	root.write("proc/70/cgroup", "0::/docker/"+idA+"\n")
	if info := r.Resolve(id, 70); info != nil {
		t.Error("it looks again at once")
	}
	if s := r.Stats(); s.Unresolved != 1 || s.Cgroups != 0 {
		t.Errorf("%+v", s)
	}
	c.advance(time.Minute)
	if info := r.Resolve(id, 70); info == nil || info.ID != idA {
		t.Errorf("after a while: %+v", info)
	}
	if info := r.Resolve(id+1_000_000, 70); info != nil {
		t.Errorf("a process elsewhere gives %+v", info)
	}
	for i := range uint64(100) {
		r.Resolve(1<<50+i, 70)
	}
	if info, ok := r.Lookup(id); !ok || info.ID != idA {
		t.Error("unknown cgroups push out known ones")
	}
	if n := testing.AllocsPerRun(100, func() { r.Resolve(1<<50+99, 70) }); n > 0 {
		t.Errorf("an unknown cgroup costs %v allocations an event", n)
	}
}

// The machine's own cgroups: what the kernel says by ID, by process and by walk agrees.
func TestKernelAgrees(t *testing.T) {
	r := newResolver(t, Settings{})
	if _, err := r.Hierarchy(); err != nil {
		t.Skip(err)
	}
	own, err := r.FromPID(uint32(os.Getpid()))
	if err != nil || own.CgroupID == 0 {
		t.Skipf("this process' cgroup is not visible here: %+v, %v", own, err)
	}
	line, err := readMembership("/proc/self/cgroup", r.hierarchy.Controller)
	if err != nil || own.CgroupPath != line.path {
		t.Errorf("%+v, and %+v, %v", own, line, err)
	}
	if n, err := r.Scan(""); err != nil || n < 1 {
		t.Errorf("%d, %v", n, err)
	}
	if info, ok := r.Lookup(own.CgroupID); !ok || info.CgroupPath != own.CgroupPath {
		t.Errorf("the walk found %+v, not %+v", info, own)
	}
	path, err := r.pathOf(own.CgroupID)
	if err != nil && os.Geteuid() != 0 {
		t.Skipf("no file handles for others than root: %v", err)
	}
	if err != nil || path != own.CgroupPath {
		t.Errorf("the handle gives %q, %v, not %q", path, err, own.CgroupPath)
	}
	if _, err := r.pathOf(1 << 60); err == nil {
		t.Error("an ID that is none has a path")
	}
	fresh := newResolver(t, Settings{})
	if info := fresh.Resolve(own.CgroupID, 0); info == nil || info.CgroupPath != own.CgroupPath {
		t.Errorf("Resolve gives %+v", info)
	}
}

func BenchmarkResolveByHandle(b *testing.B) {
	r := newResolver(b, Settings{})
	own, err := r.FromPID(uint32(os.Getpid()))
	if err != nil || own.CgroupID == 0 {
		b.Skip(err)
	}
	for b.Loop() {
		if _, err := r.pathOf(own.CgroupID); err != nil {
			b.Skip(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	root := newRoot(b)
	for i := range 500 {
		root.mkdir(fmt.Sprintf("sys/fs/cgroup/a.slice/%d.service", i))
	}
	r := newResolver(b, Settings{Root: root.path})
	for b.Loop() {
		if _, err := r.Scan(""); err != nil {
			b.Fatal(err)
		}
	}
}
