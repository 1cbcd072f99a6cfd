//go:build !linux

package host

import "runtime"

// Gather tells what there is to tell off Linux; root is not used.
func Gather(string) Facts {
	return Facts{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Memlock: -1,
		BPFJIT: Unknown, Kprobes: Unknown, UnprivilegedBPF: Unknown, Lockdown: Unknown, Cgroups: Unknown,
		Capabilities: []string{}, Missing: []string{},
	}
}
