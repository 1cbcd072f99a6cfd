package container

import (
	"strings"
	"testing"
)

const (
	idA   = "3f1a2b9c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8"
	idB   = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	uid   = "9f0a1b2c-3d4e-4f5a-8b6c-7d8e9f0a1b2c"
	uidUS = "9f0a1b2c_3d4e_4f5a_8b6c_7d8e9f0a1b2c"
	hash  = "0123456789abcdef0123456789abcdef"
	user  = "/user.slice/user-1000.slice/user@1000.service"
)

func TestParse(t *testing.T) {
	for path, want := range map[string]ID{
		// Docker
		"/system.slice/docker-" + idA + ".scope":            {Docker, idA, "", false},
		"/system.slice/docker-" + idA + ".scope/init.scope": {Docker, idA, "", false},
		"/docker/" + idA: {Docker, idA, "", false},
		"/docker/" + idA + "/system.slice/ssh.service":     {Docker, idA, "", false},
		"/custom.slice/docker-" + idA + ".scope":           {Docker, idA, "", false},
		"/system.slice:docker:" + idA:                      {Docker, idA, "", false},
		"/ecs/9ee1b1f3-7a7e-4b4c-8b3f-4a5b6c7d8e9f/" + idA: {Docker, idA, "", false},
		"/ecs/" + idA:         {Docker, idA, "", false},
		"/actions_job/" + idA: {"", idA, "", false},
		user + "/app.slice/docker-" + idA + ".scope":                       {Docker, idA, "", true},
		"/user.slice/user-0.slice/user@0.service/docker-" + idA + ".scope": {Docker, idA, "", false},
		// containerd, nerdctl
		"/default/" + idA:                              {Containerd, idA, "", false},
		"/k8s.io/" + idA:                               {Containerd, idA, "", false},
		"/system.slice/nerdctl-" + idA + ".scope":      {Containerd, idA, "", false},
		user + "/user.slice/nerdctl-" + idA + ".scope": {Containerd, idA, "", true},
		// Kubernetes
		"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uidUS + ".slice/cri-containerd-" + idA + ".scope":                                                            {Containerd, idA, uid, false},
		"/kubepods.slice/kubepods-pod" + uidUS + ".slice/docker-" + idA + ".scope":                                                                                                       {Docker, idA, uid, false},
		"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uidUS + ".slice/crio-" + idA + ".scope":                                                                    {CRIO, idA, uid, false},
		"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uidUS + ".slice/crio-" + idA + ".scope/container":                                                          {CRIO, idA, uid, false},
		"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uidUS + ".slice/crio-" + idA:                                                                               {CRIO, idA, uid, false},
		"/kubepods/besteffort/pod" + uid + "/" + idA:                                                                                                                                     {"", idA, uid, false},
		"/kubepods/burstable/pod" + uid + "/crio-" + idA:                                                                                                                                 {CRIO, idA, uid, false},
		"/kubepods/burstable/pod" + hash + "/" + idA:                                                                                                                                     {"", idA, hash, false},
		"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + hash + ".slice/cri-containerd-" + idA + ".scope":                                                             {Containerd, idA, hash, false},
		"/system.slice/containerd.service/kubepods-burstable-pod" + uidUS + ".slice:cri-containerd:" + idA:                                                                               {Containerd, idA, uid, false},
		"/docker/" + idB + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" + uidUS + ".slice/cri-containerd-" + idA + ".scope": {Containerd, idA, uid, false},
		"/system.slice/docker-" + idB + ".scope/kubepods/burstable/pod" + uid + "/" + idA:                                                                                                {"", idA, uid, false},
		"/../../kubepods-burstable.slice/kubepods-burstable-pod" + uidUS + ".slice/cri-containerd-" + idA + ".scope":                                                                     {Containerd, idA, uid, false},
		"/kubepods/burstable/pod" + uid + "/" + idB + "/docker/" + idA:                                                                                                                   {Docker, idA, uid, false},
		"/kubepods/burstable/podnotauid/" + idA:                                                                                                                                          {"", idA, "", false},
		"/machine.slice/machine-lxc\\x2d50642\\x2dk8s\\x2dnode.scope/libvirt/kubepods.slice/kubepods-pod" + uidUS + ".slice/crio-" + idA + ".scope":                                      {CRIO, idA, uid, false},
		// Podman
		"/machine.slice/libpod-" + idA + ".scope":                                                 {Podman, idA, "", false},
		"/machine.slice/libpod-" + idA + ".scope/container":                                       {Podman, idA, "", false},
		"/machine.slice/machine-libpod_pod_" + idB + ".slice/libpod-" + idA + ".scope/container":  {Podman, idA, "", false},
		"/libpod_parent/libpod-" + idA:                                                            {Podman, idA, "", false},
		"/libpod_parent/libpod_pod_" + idB + "/libpod-" + idA:                                     {Podman, idA, "", false},
		"/system.slice/web.service/libpod-payload-" + idA:                                         {Podman, idA, "", false},
		user + "/user.slice/libpod-" + idA + ".scope/container":                                   {Podman, idA, "", true},
		user + "/user.slice/user-libpod_pod_" + idB + ".slice/libpod-" + idA + ".scope/container": {Podman, idA, "", true},
		user + "/app.slice/redis.service/libpod-payload-" + idA:                                   {Podman, idA, "", true},
		// LXC, LXD, Proxmox, libvirt
		"/lxc.payload.web-1":                                            {LXC, "web-1", "", false},
		"/lxc.payload.web-1/system.slice/ssh.service":                   {LXC, "web-1", "", false},
		"/lxc.payload/web":                                              {LXC, "web", "", false},
		"/lxc/101/ns/init.scope":                                        {LXC, "101", "", false},
		"/lxc.payload.web/docker/" + idA:                                {Docker, idA, "", false},
		"/lxc.payload.outer/lxc/inner":                                  {LXC, "inner", "", false},
		"/lxc/lxc/ns":                                                   {LXC, "lxc", "", false},
		"/lxc/docker/ns":                                                {LXC, "docker", "", false},
		"/osctl/pool.tank/user-owned/lxc.payload.ct1":                   {LXC, "ct1", "", false},
		"/machine.slice/machine-lxc\\x2d12345\\x2ddemo.scope/libvirt":   {LXC, "demo", "", false},
		"/machine.slice/machine-lxc\\x2d1\\x2dk8s\\x2dcp.scope/libvirt": {LXC, "k8s-cp", "", false},
		// systemd-nspawn
		"/machine.slice/machine-debian.scope":                                           {Nspawn, "debian", "", false},
		"/machine.slice/machine-debian.scope/payload/system.slice/cron.service":         {Nspawn, "debian", "", false},
		"/machine.slice/machine-my\\x2dbox.scope/payload":                               {Nspawn, "my-box", "", false},
		"/machine.slice/systemd-nspawn@web.service/payload/init.scope":                  {Nspawn, "web", "", false},
		"/lxc.payload.outer/machine.slice/machine-in.scope/supervisor":                  {LXC, "outer", "", false},
		"/machine.slice/machine-a.scope/payload/machine.slice/machine-b.scope/payload":  {Nspawn, "b", "", false},
		"/machine.slice/machine-a.scope/payload/system.slice/x.service/supervisor/deep": {Nspawn, "a", "", false},
		// containers in containers
		"/docker/" + idB + "/docker/" + idA:                                            {Docker, idA, "", false},
		"/system.slice/docker-" + idB + ".scope/system.slice/docker-" + idA + ".scope": {Docker, idA, "", false},
		"/docker/" + idB + "/machine.slice/libpod-conmon-" + idA + ".scope":            {Docker, idB, "", false},
		"/docker/" + idB + user + "/user.slice/libpod-" + idA + ".scope":               {Podman, idA, "", true},
		"/docker/" + idB + user + "/app.slice/thing.service":                           {Docker, idB, "", false},
		"//docker//" + idA + "/":                                                       {Docker, idA, "", false},
	} {
		got, ok := Parse(path)
		if !ok || got != want {
			t.Errorf("%s\n is %+v, %v\nnot %+v", path, got, ok, want)
		}
	}
}

// misses are paths of no container, many of which look like one's.
func misses() []string {
	return []string{
		"", "/", "docker", "/docker", "/docker/", "/lxc", "/lxc.payload", "/lxc.payload.", "/system.slice",
		"/init.scope", "/system.slice/docker.service", "/system.slice/docker.socket", "/system.slice/containerd.service",
		"/docker/buildx", "/system.slice/crio.service", "/system.slice/podman.service",
		"/docker/" + idA[1:], "/docker/" + idA + "0", "/docker/" + strings.ToUpper(idA), "/docker/" + idA[1:] + "g",
		"/system.slice/docker-" + idA[1:] + ".scope", "/system.slice/docker-" + idA + "0.scope", "/system.slice/docker-" + idA + ".slice",
		"/system.slice/docker-" + idA + ".service", "/system.slice/xdocker-" + idA + ".scope", "/system.slice/docker_" + idA + ".scope",
		"/system.slice/-" + idA + ".scope", "/system.slice/" + idA + ".scope", "/system.slice/var-lib-docker-overlay2-" + idA + "-merged.mount",
		"/system.slice/run-docker-netns-0123456789ab.mount", "/system.slice/:" + idA, "/system.slice/a:b:" + idA,
		user + "/app.slice/docker-desktop.service", user + "/app.slice/app-docker\\x2ddesktop-1234.scope", "/home/docker/containers/lxc/thing",
		"/kubepods.slice", "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uidUS + ".slice", "/kubepods/burstable/pod" + uid,
		"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + uidUS + ".slice/crio-conmon-" + idA + ".scope",
		"/kubepods/besteffort/pod" + uid + "/crio-conmon-" + idA, "/machine.slice/libpod-conmon-" + idA + ".scope", "/libpod_parent/conmon",
		"/machine.slice/machine-libpod_pod_" + idA + ".slice", "/libpod_parent/libpod_pod_" + idA, "/system.slice/web.service/runtime",
		"/lxc.monitor.web-1", "/lxc.monitor/101", "/opt/lxc/thing", "/machine.slice", "/machine.slice/machine-.scope", "/machine.slice/machine-web.service",
		"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", "/system.slice/machine-web.scope", "/machine.slice/systemd-nspawn@.service",
		"/machine.slice/machine-web.scope/supervisor", "/machine.slice/systemd-nspawn@web.service/supervisor", "/machine.slice/systemd-vmspawn@vm.service",
	}
}

func TestParseMisses(t *testing.T) {
	for _, path := range misses() {
		if got, ok := Parse(path); ok || got != (ID{}) {
			t.Errorf("%s is said to be of %+v", path, got)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, path := range misses() {
			Parse(path)
		}
	}) - testing.AllocsPerRun(100, func() { misses() }); n > 0 {
		t.Errorf("a miss allocates: %v", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, path := range misses() {
		f.Add(path)
	}
	f.Add("/kubepods.slice/kubepods-pod" + uidUS + ".slice/docker-" + idA + ".scope")
	f.Add("/machine.slice/machine-lxc\\x2d1\\x2d\\xff.scope")
	f.Add("/docker/" + idB + user + "/user.slice/libpod-" + idA + ".scope")
	f.Fuzz(func(t *testing.T, path string) {
		got, ok := Parse(path)
		if ok != (got.Container != "") || !ok && got != (ID{}) {
			t.Fatalf("%v and %+v", ok, got)
		}
		if !ok {
			if n := testing.AllocsPerRun(1, func() { Parse(path) }); n > 0 {
				t.Fatalf("a miss allocates: %v", n)
			}
			return
		}
		switch got.Runtime {
		case LXC, Nspawn:
		case Docker, Containerd, CRIO, Podman, "":
			if !isID(got.Container) || !strings.Contains(path, got.Container) {
				t.Fatalf("%q is no ID in the path", got.Container)
			}
		default:
			t.Fatalf("runtime %q", got.Runtime)
		}
		if got.PodUID != "" && (!isUID(got.PodUID) || strings.Contains(got.PodUID, "_") && len(got.PodUID) == 36) {
			t.Fatalf("pod UID %q", got.PodUID)
		}
		if base := strings.TrimRight(path, "/"); strings.HasSuffix(base, "lxc") || strings.HasSuffix(base, "lxc.payload") {
			return // what lies below may be another container
		}
		if below, ok := Parse(path + "/init.scope"); !ok || below != got {
			t.Fatalf("a cgroup below is in %+v, not in %+v", below, got)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, path := range map[string]string{
		"docker": "/system.slice/docker-" + idA + ".scope",
		"pod":    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uidUS + ".slice/cri-containerd-" + idA + ".scope",
		"miss":   user + "/app.slice/app-gnome-org.gnome.Terminal-4711.scope",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(path)
			}
		})
	}
}
