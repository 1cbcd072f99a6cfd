package host

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"

	"vigil/sensor/container"
)

// Unknown is the answer where the host does not show.
const Unknown = "unknown"

// Answers of Facts.Kprobes and Facts.BPFJIT.
const (
	On  = "on"
	Off = "off"
)

// Answers of Facts.Lockdown, besides Unknown.
const (
	LockdownNone            = "none"
	LockdownIntegrity       = "integrity"
	LockdownConfidentiality = "confidentiality"
)

// Answers of Facts.UnprivilegedBPF, besides Unknown (Documentation/admin-guide/sysctl/kernel.rst).
const (
	UnprivilegedAllowed  = "allowed"
	UnprivilegedDisabled = "disabled" // until the administrator allows it
	UnprivilegedLocked   = "locked"   // until the next boot
)

// Facts are what decides about capturing on a host.
type Facts struct {
	OS              string   `json:"os"`
	Kernel          string   `json:"kernel"`
	Arch            string   `json:"arch"`
	BootID          string   `json:"boot_id,omitempty"`
	CPUs            int      `json:"cpus"`             // online
	BTF             bool     `json:"btf"`              // the kernel describes its types
	BPFJIT          string   `json:"bpf_jit"`          // on, off, unknown
	Kprobes         string   `json:"kprobes"`          // on, off, unknown: whether BPF programs may attach to them
	UnprivilegedBPF string   `json:"unprivileged_bpf"` // allowed, disabled, locked, unknown
	Lockdown        string   `json:"lockdown"`         // none, integrity, confidentiality, unknown
	LSM             []string `json:"lsm"`              // active, in order; null: unknown
	Memlock         int64    `json:"memlock"`          // rlimit, bytes; -1: unlimited. Kernels before 5.11 charge BPF maps to it

	Capabilities []string `json:"capabilities"`         // effective, of this process
	Missing      []string `json:"missing_capabilities"` // of those that the sensor uses

	Cgroups  string              `json:"cgroups"`            // v1, v2, hybrid, unknown
	Inside   string              `json:"inside,omitempty"`   // the container that the sensor itself runs in: its runtime, or Unknown
	HostPIDs bool                `json:"host_pids"`          // it sees the host's process numbers
	Runtimes []container.Runtime `json:"runtimes,omitempty"` // of containers

	Remedies []Remedy `json:"remedies,omitempty"` // for what is unknown or missing
}

// Remedy says what a user can do about a fact.
type Remedy struct {
	Fact string `json:"fact"` // its name in JSON
	Do   string `json:"do"`
}

// Remedy gives what to do about a fact, by its name in JSON; "" when all is well.
func (f *Facts) Remedy(fact string) string {
	for _, r := range f.Remedies {
		if r.Fact == fact {
			return r.Do
		}
	}
	return ""
}

func (f *Facts) remedy(fact, do string) { f.Remedies = append(f.Remedies, Remedy{fact, do}) }

// needed are the capabilities that the sensor uses, and what for.
func needed() []Remedy {
	return []Remedy{
		{"CAP_BPF", "load its programs"},
		{"CAP_PERFMON", "attach them"},
		{"CAP_SYS_RESOURCE", "raise the memlock limit on kernels before 5.11"},
		{"CAP_SYS_PTRACE", "read what /proc tells of other users' processes"},
		{"CAP_NET_ADMIN", "watch and lock network ports"},
		{"CAP_SYS_ADMIN", "watch files and mounts"},
		{"CAP_DAC_READ_SEARCH", "read watched files, and find cgroups by number"},
	}
}

// capabilities names the bits of a set (include/uapi/linux/capability.h), and
// those of needed that it lacks. A kernel whose last capability is lower than one
// does not ask for it.
func capabilities(set uint64, last int) (have, missing []string) {
	names := []string{
		"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
		"SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
		"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
		"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
		"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
	}
	have, missing = []string{}, []string{}
	for bit := range 64 {
		if set&(1<<bit) == 0 {
			continue
		}
		if bit < len(names) {
			have = append(have, "CAP_"+names[bit])
		} else {
			have = append(have, "CAP_"+strconv.Itoa(bit)) // a newer kernel's
		}
	}
	for _, n := range needed() {
		bit := slices.Index(names, strings.TrimPrefix(n.Fact, "CAP_"))
		if bit <= last && set&(1<<bit) == 0 {
			missing = append(missing, n.Fact)
		}
	}
	return have, missing
}

// lockdown reads "none [integrity] confidentiality" (security/lockdown/lockdown.c).
func lockdown(text string) string {
	_, rest, _ := strings.Cut(text, "[")
	switch level, _, _ := strings.Cut(rest, "]"); level {
	case LockdownNone, LockdownIntegrity, LockdownConfidentiality:
		return level
	}
	return Unknown
}

// countCPUs reads a list such as "0-3,8" (lib/bitmap-str.c); 0 when it is none.
func countCPUs(list string) int {
	n := 0
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err != nil || err2 != nil || to < from {
			return 0
		}
		n += to - from + 1
	}
	return n
}

// prettyName reads PRETTY_NAME of an os-release (os-release(5)).
func prettyName(r io.Reader) string {
	name := ""
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		value, ok := strings.CutPrefix(lines.Text(), "PRETTY_NAME=")
		if !ok {
			continue
		}
		if unquoted, err := strconv.Unquote(value); err == nil {
			value = unquoted
		}
		name = strings.Trim(value, `'"`)
	}
	return name
}
