package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"vigil/bpf"
	"vigil/decode"
)

// diagnosis is what doctor says of one kind.
type diagnosis struct {
	Kind     string   `json:"kind"`
	Tier     string   `json:"tier"`
	Programs []string `json:"programs,omitempty"`
	Missing  string   `json:"missing,omitempty"`
	Mend     string   `json:"mend,omitempty"`
}

// facts are what decides about capturing on a host.
type facts struct {
	Kernel   string   `json:"kernel"`
	BTF      bool     `json:"btf"`
	Lockdown string   `json:"lockdown"`
	LSM      []string `json:"lsm"`
	Root     bool     `json:"root"`
}

// Run checks what this host lets a sensor see. It loads every program in a scope
// that has no process, and takes them away again.
func (d *doctorCommand) Run(c *console) error {
	f := gather()
	tier, ok := bpf.ParseTier(d.Tier)
	if !ok {
		return misuse{fmt.Errorf("tier: %q is none: give full, kprobe or tracepoint", d.Tier)}
	}
	capture, err := bpf.Load(bpf.Settings{
		Tier: tier, SelfPID: uint32(os.Getpid()), Scope: bpf.ScopeProcess, ScopePID: uint32(os.Getpid()), BootSeed: 1,
		CgroupController: -1, ArgumentsMax: 4096, VitalBytes: 4096, BulkBytes: 4096, Processes: 64,
	})
	if err != nil {
		return fmt.Errorf("nothing can be captured on this host: %w", err)
	}
	var rows []diagnosis
	for _, k := range capture.Coverage() {
		row := diagnosis{Kind: decode.Kind(k.Kind).String(), Tier: k.Tier.String(), Programs: k.Programs}
		if k.Missing != nil {
			row.Missing, _, _ = strings.Cut(k.Missing.Error(), "\n")
			row.Mend = mend(k.Missing)
		}
		rows = append(rows, row)
	}
	if err := capture.Close(); err != nil {
		return err
	}
	if d.JSON {
		return printJSON(c.out, struct {
			Host  facts       `json:"host"`
			Kinds []diagnosis `json:"kinds"`
		}{f, rows})
	}
	return printDiagnosis(c, f, rows)
}

func printDiagnosis(c *console, f facts, rows []diagnosis) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "kernel\t%s\n", f.Kernel)
	fmt.Fprintf(w, "BTF\t%v\n", f.BTF)
	fmt.Fprintf(w, "lockdown\t%s\n", f.Lockdown)
	fmt.Fprintf(w, "LSM\t%s\n\n", strings.Join(f.LSM, ","))
	fmt.Fprintf(w, "KIND\tTIER\tHOOK OR REASON\n")
	for _, r := range rows {
		detail := strings.Join(r.Programs, " ")
		if r.Mend != "" {
			detail += " — not in a better tier: " + r.Mend
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Kind, r.Tier, detail)
	}
	return w.Flush()
}

// mend says what would help against an error of loading.
func mend(err error) string {
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return "the kernel refuses trampolines and kprobes here, or the sensor lacks CAP_BPF and CAP_PERFMON: run it as root on a host whose kernel allows them"
	case errors.Is(err, os.ErrNotExist), strings.Contains(err.Error(), "not found"):
		return "this kernel has no such function or tracepoint: a newer or fuller one would"
	case strings.Contains(err.Error(), "unsupported"):
		return "this kernel's verifier cannot pass the arguments: a newer one can"
	}
	return "the kernel refused: see --json for its words"
}

func gather() facts {
	f := facts{Lockdown: "unknown (mount securityfs on /sys/kernel/security)", LSM: []string{"unknown (mount securityfs on /sys/kernel/security)"}, Root: os.Geteuid() == 0}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		f.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	_, err := os.Stat("/sys/kernel/btf/vmlinux")
	f.BTF = err == nil
	if text, err := os.ReadFile("/sys/kernel/security/lockdown"); err == nil {
		f.Lockdown = strings.TrimSpace(string(text))
		if _, rest, ok := strings.Cut(f.Lockdown, "["); ok {
			f.Lockdown, _, _ = strings.Cut(rest, "]")
		}
	}
	if text, err := os.ReadFile("/sys/kernel/security/lsm"); err == nil {
		f.LSM = strings.Split(strings.TrimSpace(string(text)), ",")
	}
	return f
}
