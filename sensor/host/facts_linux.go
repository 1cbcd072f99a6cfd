package host

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vigil/sensor/container"
)

// tree reads small files below a root.
type tree string

func (t tree) path(name string) string { return filepath.Join(string(t), name) }

// read gives a file's text without its last newline; "" when it cannot be read.
func (t tree) read(name string) string {
	f, err := os.Open(t.path(name))
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(text), "\n")
}

func (t tree) exists(name string) bool {
	_, err := os.Stat(t.path(name))
	return err == nil
}

// Gather tells the facts of the host whose file systems lie below root (usually
// /). What only a system call tells is asked of the running kernel.
func Gather(root string) Facts {
	t := tree(root)
	f := Facts{
		OS: t.osName(), Kernel: t.read("proc/sys/kernel/osrelease"), Arch: machine(),
		BootID: t.read("proc/sys/kernel/random/boot_id"),
		BTF:    t.exists("sys/kernel/btf/vmlinux"), Memlock: memlock(),
		CPUs: countCPUs(t.read("sys/devices/system/cpu/online")), Runtimes: container.Runtimes(root),
	}
	if f.CPUs == 0 {
		f.CPUs = runtime.NumCPU()
	}
	if !f.BTF {
		f.remedy("btf", "use a kernel that is built with CONFIG_DEBUG_INFO_BTF")
	}
	t.security(&f)
	t.sysctls(&f)
	t.kprobes(&f)
	t.capabilities(&f)
	t.cgroups(&f)
	return f
}

func (t tree) osName() string {
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		if pretty := prettyName(strings.NewReader(t.read(name))); pretty != "" {
			return pretty
		}
	}
	return "Linux"
}

func machine() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return runtime.GOARCH
	}
	return unix.ByteSliceToString(u.Machine[:])
}

func memlock() int64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit) != nil || limit.Cur > 1<<62 { // RLIM_INFINITY is all ones
		return -1
	}
	return int64(limit.Cur)
}

// security reads what securityfs tells.
func (t tree) security(f *Facts) {
	const mount = "mount -t securityfs securityfs /sys/kernel/security"
	list := t.read("sys/kernel/security/lsm")
	if list != "" {
		f.LSM = strings.Split(list, ",")
	} else if t == "/" {
		f.LSM = activeLSMs()
	}
	if f.LSM == nil {
		f.remedy("lsm", mount)
	}
	f.Lockdown = lockdown(t.read("sys/kernel/security/lockdown"))
	if f.Lockdown != Unknown {
		return
	}
	if f.LSM != nil && !slices.Contains(f.LSM, "lockdown") {
		f.Lockdown = LockdownNone // nobody is there to lock down
		return
	}
	f.remedy("lockdown", mount)
}

func (t tree) sysctls(f *Facts) {
	f.BPFJIT = Unknown
	switch t.read("proc/sys/net/core/bpf_jit_enable") {
	case "0":
		f.BPFJIT = Off
		f.remedy("bpf_jit", "sysctl net.core.bpf_jit_enable=1")
	case "1", "2": // 2: with traces in the kernel's log
		f.BPFJIT = On
	}
	f.UnprivilegedBPF = Unknown
	switch t.read("proc/sys/kernel/unprivileged_bpf_disabled") {
	case "0":
		f.UnprivilegedBPF = UnprivilegedAllowed
		f.remedy("unprivileged_bpf", "sysctl kernel.unprivileged_bpf_disabled=2, unless something on this host needs it")
	case "1":
		f.UnprivilegedBPF = UnprivilegedLocked
	case "2":
		f.UnprivilegedBPF = UnprivilegedDisabled
	}
}

// kprobes tells whether programs may attach to kprobes: perf has a PMU for them,
// or tracefs a file (kernel/trace/trace_kprobe.c; both come with CONFIG_KPROBE_EVENTS).
func (t tree) kprobes(f *Facts) {
	f.Kprobes = Unknown
	switch {
	case f.Lockdown == LockdownConfidentiality: // security/security.c, LOCKDOWN_KPROBES
		f.Kprobes = Off
		f.remedy("kprobes", "boot with lockdown=integrity or none")
	case t.read("sys/kernel/debug/kprobes/enabled") == "0":
		f.Kprobes = Off
		f.remedy("kprobes", "echo 1 > /sys/kernel/debug/kprobes/enabled")
	case t.exists("sys/bus/event_source/devices/kprobe"),
		t.exists("sys/kernel/tracing/kprobe_events"), t.exists("sys/kernel/debug/tracing/kprobe_events"):
		f.Kprobes = On
	case t.exists("sys/bus/event_source/devices"):
		f.Kprobes = Off
		f.remedy("kprobes", "use a kernel that is built with CONFIG_KPROBE_EVENTS")
	default:
		f.remedy("kprobes", "mount -t sysfs sysfs /sys")
	}
}

func (t tree) capabilities(f *Facts) {
	set := uint64(0)
	for line := range strings.SplitSeq(t.read("proc/self/status"), "\n") {
		if hex, ok := strings.CutPrefix(line, "CapEff:"); ok {
			set, _ = strconv.ParseUint(strings.TrimSpace(hex), 16, 64) // 0 when it is no number: nothing is had
		}
	}
	last, err := strconv.Atoi(t.read("proc/sys/kernel/cap_last_cap"))
	if err != nil {
		last = 63
	}
	f.Capabilities, f.Missing = capabilities(set, last)
	for _, n := range needed() {
		if slices.Contains(f.Missing, n.Fact) {
			f.remedy("missing_capabilities", "give the sensor "+n.Fact+": it serves to "+n.Do)
		}
	}
}
