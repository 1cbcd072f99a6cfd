package host

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// plant writes a root of files; a text that begins with "-> " is a link.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = errors.Join(err, os.Symlink(target, path))
		} else {
			err = errors.Join(err, os.WriteFile(path, []byte(text), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func debian() map[string]string {
	return map[string]string{
		"etc/os-release":                               "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
		"proc/sys/kernel/osrelease":                    "6.1.0-40-amd64\n",
		"proc/sys/kernel/random/boot_id":               "9f0a1b2c-3d4e-4f5a-8b6c-7d8e9f0a1b2c\n",
		"proc/sys/kernel/cap_last_cap":                 "40\n",
		"proc/sys/kernel/unprivileged_bpf_disabled":    "2\n",
		"proc/sys/net/core/bpf_jit_enable":             "1\n",
		"proc/self/status":                             "Name:\tvigil\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n",
		"proc/self/cgroup":                             "0::/system.slice/vigil.service\n",
		"proc/self/mountinfo":                          "25 1 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		"proc/self/ns/pid":                             "-> pid:[4026531836]",
		"sys/kernel/btf/vmlinux":                       "",
		"sys/kernel/security/lsm":                      "lockdown,capability,landlock,yama,apparmor,bpf",
		"sys/kernel/security/lockdown":                 "[none] integrity confidentiality\n",
		"sys/devices/system/cpu/online":                "0-7\n",
		"sys/bus/event_source/devices/kprobe/type":     "8\n",
		"sys/bus/event_source/devices/tracepoint/type": "2\n",
	}
}

func TestGather(t *testing.T) {
	got := Gather(plant(t, debian()))
	if len(got.Capabilities) != 41 {
		t.Errorf("%v", got.Capabilities)
	}
	if got.Arch == "" || got.Memlock == 0 {
		t.Errorf("%+v", got)
	}
	want := Facts{
		OS: "Debian GNU/Linux 12 (bookworm)", Kernel: "6.1.0-40-amd64", Arch: got.Arch, CPUs: 8,
		BootID: "9f0a1b2c-3d4e-4f5a-8b6c-7d8e9f0a1b2c", BTF: true, BPFJIT: On, Kprobes: On,
		UnprivilegedBPF: UnprivilegedDisabled, Lockdown: LockdownNone, Memlock: got.Memlock,
		LSM:          []string{"lockdown", "capability", "landlock", "yama", "apparmor", "bpf"},
		Capabilities: got.Capabilities, Missing: []string{}, Cgroups: "v2", HostPIDs: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nnot %+v", got, want)
	}
	text, err := json.Marshal(got)
	if err != nil || !strings.Contains(string(text), `"missing_capabilities":[]`) {
		t.Errorf("%s, %v", text, err)
	}
}

// Each change of a good host gives its fact, and a remedy where there is one.
func TestGatherChanges(t *testing.T) {
	id := strings.Repeat("ab12", 16)
	for name, c := range map[string]struct {
		file, text string // "" removes it, and all below it
		fact       func(Facts) string
		want       string
		remedy     string
	}{
		"integrity":            {"sys/kernel/security/lockdown", "none [integrity] confidentiality", func(f Facts) string { return f.Lockdown }, "integrity", ""},
		"no securityfs":        {"sys/kernel/security", "", func(f Facts) string { return f.Lockdown }, Unknown, "lockdown"},
		"no lsm file":          {"sys/kernel/security/lsm", "", func(f Facts) string { return strings.Join(f.LSM, " ") }, "", "lsm"},
		"no lockdown module":   {"sys/kernel/security/lockdown", "", func(f Facts) string { return f.Lockdown }, Unknown, "lockdown"},
		"confidentiality":      {"sys/kernel/security/lockdown", "none integrity [confidentiality]", func(f Facts) string { return f.Kprobes }, Off, "kprobes"},
		"no kprobe PMU":        {"sys/bus/event_source/devices/kprobe", "", func(f Facts) string { return f.Kprobes }, Off, "kprobes"},
		"no sysfs":             {"sys/bus", "", func(f Facts) string { return f.Kprobes }, Unknown, "kprobes"},
		"kprobes switched off": {"sys/kernel/debug/kprobes/enabled", "0\n", func(f Facts) string { return f.Kprobes }, Off, "kprobes"},
		"no BTF":               {"sys/kernel/btf", "", func(f Facts) string { return map[bool]string{true: "BTF", false: "none"}[f.BTF] }, "none", "btf"},
		"JIT off":              {"proc/sys/net/core/bpf_jit_enable", "0\n", func(f Facts) string { return f.BPFJIT }, Off, "bpf_jit"},
		"JIT unknown":          {"proc/sys/net", "", func(f Facts) string { return f.BPFJIT }, Unknown, ""},
		"BPF for all":          {"proc/sys/kernel/unprivileged_bpf_disabled", "0\n", func(f Facts) string { return f.UnprivilegedBPF }, UnprivilegedAllowed, "unprivileged_bpf"},
		"BPF locked":           {"proc/sys/kernel/unprivileged_bpf_disabled", "1\n", func(f Facts) string { return f.UnprivilegedBPF }, UnprivilegedLocked, ""},
		"BPF unknown":          {"proc/sys/kernel/unprivileged_bpf_disabled", "", func(f Facts) string { return f.UnprivilegedBPF }, Unknown, ""},
		"few capabilities":     {"proc/self/status", "CapEff:\t0000008000280004\n", func(f Facts) string { return strings.Join(f.Missing, " ") }, "CAP_PERFMON CAP_SYS_RESOURCE CAP_NET_ADMIN", "missing_capabilities"},
		"no cgroups":           {"proc/self/mountinfo", "", func(f Facts) string { return f.Cgroups }, Unknown, "cgroups"},
		"in Docker":            {"proc/self/cgroup", "0::/system.slice/docker-" + id + ".scope\n", func(f Facts) string { return f.Inside }, "docker", ""},
		"in a parent's child":  {"proc/self/cgroup", "0::/ci/" + id + "\n", func(f Facts) string { return f.Inside }, Unknown, ""},
		"Docker's mark":        {".dockerenv", "x", func(f Facts) string { return f.Inside }, "docker", ""},
		"Podman's mark":        {"run/.containerenv", "x", func(f Facts) string { return f.Inside }, "podman", ""},
		"systemd's mark":       {"run/systemd/container", "systemd-nspawn\n", func(f Facts) string { return f.Inside }, "systemd-nspawn", ""},
		"a pod":                {"var/run/secrets/kubernetes.io/serviceaccount/token", "x", func(f Facts) string { return f.Inside }, Unknown, ""},
		"own PIDs":             {"proc/self/ns/pid", "-> pid:[4026532222]", func(f Facts) string { return f.Inside }, Unknown, "host_pids"},
		"no release":           {"etc/os-release", "", func(f Facts) string { return f.OS }, "Linux", ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := debian()
			for f := range files {
				if c.text == "" && strings.HasPrefix(f, c.file) {
					delete(files, f)
				}
			}
			if c.text != "" {
				files[c.file] = c.text
			}
			got := Gather(plant(t, files))
			if c.fact(got) != c.want {
				t.Errorf("it is %q, not %q", c.fact(got), c.want)
			}
			if (c.remedy == "") != (len(got.Remedies) == 0) || c.remedy != "" && got.Remedy(c.remedy) == "" {
				t.Errorf("remedies: %+v", got.Remedies)
			}
		})
	}
	files := debian()
	files[".dockerenv"], files["proc/1/ns/mnt"], files["proc/self/ns/mnt"] = "", "-> mnt:[4026531841]", "-> mnt:[4026531841]"
	if got := Gather(plant(t, files)); got.Inside != "" {
		t.Errorf("a machine made from an image is inside of %q", got.Inside)
	}
	files["proc/self/ns/mnt"] = "-> mnt:[4026532500]"
	if got := Gather(plant(t, files)); got.Inside != "docker" {
		t.Errorf("a container with the host's PIDs is inside of %q", got.Inside)
	}
	files = debian()
	files["sys/kernel/security/lsm"] = "capability,yama"
	delete(files, "sys/kernel/security/lockdown")
	if got := Gather(plant(t, files)); got.Lockdown != LockdownNone {
		t.Errorf("without the module lockdown is %q", got.Lockdown)
	}
}

// The host that the test runs on: answers are of the known ones, and agree.
func TestThisHost(t *testing.T) {
	f := Gather("/")
	if f.Kernel == "" || f.Arch == "" || len(f.BootID) != 36 || f.CPUs < 1 || f.Memlock == 0 {
		t.Errorf("%+v", f)
	}
	for answer, known := range map[string][]string{
		f.Lockdown: {LockdownNone, LockdownIntegrity, LockdownConfidentiality, Unknown},
		f.Kprobes:  {On, Off, Unknown}, f.BPFJIT: {On, Off, Unknown}, f.Cgroups: {"v1", "v2", "hybrid", Unknown},
	} {
		if !slices.Contains(known, answer) {
			t.Errorf("%q is not in %q", answer, known)
		}
	}
	if f.Lockdown == Unknown && f.Remedy("lockdown") == "" {
		t.Error("lockdown is unknown, and nothing would help")
	}
	if text := tree("/").read("sys/kernel/security/lsm"); text != "" {
		if asked := activeLSMs(); asked != nil && strings.Join(asked, ",") != text {
			t.Errorf("the system call says %v, the file %s", asked, text)
		}
	}
}

func TestLSMNames(t *testing.T) {
	if got := lsmNames([]uint64{108, 100, 110, 109}); !slices.Equal(got, []string{"lockdown", "capability", "landlock", "bpf"}) {
		t.Errorf("%v", got)
	}
	for _, strange := range []uint64{0, 99, 114, 1 << 63} {
		if got := lsmNames([]uint64{100, strange}); got != nil {
			t.Errorf("%d gives %v", strange, got)
		}
	}
}

func BenchmarkGather(b *testing.B) {
	for b.Loop() {
		Gather("/")
	}
}
