package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"

	"vigil/bpf"
	"vigil/decode"
	"vigil/sensor/host"
)

// diagnosis is what doctor says of one kind.
type diagnosis struct {
	Kind     string   `json:"kind"`
	Tier     string   `json:"tier"`
	Programs []string `json:"programs,omitempty"`
	Missing  string   `json:"missing,omitempty"`
	Mend     string   `json:"mend,omitempty"`
}

// Run checks what this host lets a sensor see. It loads every program in a scope
// that has no process, and takes them away again.
func (d *doctorCommand) Run(c *console) error {
	f := host.Gather("/")
	tier, ok := bpf.ParseTier(d.Tier)
	if !ok {
		return misuse{fmt.Errorf("tier: %q is none: give full, kprobe or tracepoint", d.Tier)}
	}
	capture, err := bpf.Load(bpf.Settings{
		Tier: tier, SelfPID: uint32(os.Getpid()), Scope: bpf.ScopeProcess, ScopePID: uint32(os.Getpid()), BootSeed: 1,
		ArgumentsMax: 4096, VitalBytes: 4096, BulkBytes: 4096, Processes: 64,
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
			Host  host.Facts  `json:"host"`
			Kinds []diagnosis `json:"kinds"`
		}{f, rows})
	}
	return printDiagnosis(c, f, rows)
}

func printDiagnosis(c *console, f host.Facts, rows []diagnosis) error {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, fact := range describe(f) {
		line := strings.Join(fact.says, ", ")
		if mend := f.Remedy(fact.key); mend != "" {
			line += " — " + mend
		}
		fmt.Fprintf(w, "%s\t%s\n", fact.name, line)
	}
	fmt.Fprintf(w, "\nKIND\tTIER\tHOOK OR REASON\n")
	for _, r := range rows {
		detail := strings.Join(r.Programs, " ")
		if r.Mend != "" {
			detail += " — not in a better tier: " + r.Mend
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Kind, r.Tier, detail)
	}
	return w.Flush()
}

// fact is a line about the host: its name, its key in JSON, what is so.
type fact struct {
	name, key string
	says      []string
}

func describe(f host.Facts) []fact {
	btf := "no"
	if f.BTF {
		btf = "yes"
	}
	capabilities := "all that the sensor uses"
	if len(f.Missing) > 0 {
		capabilities = "missing " + strings.Join(f.Missing, ", ")
	}
	lsm := f.LSM
	if lsm == nil {
		lsm = []string{host.Unknown}
	}
	var runtimes []string
	for _, r := range f.Runtimes {
		says := strings.TrimSpace(r.Name + " " + r.Version)
		if r.Error != "" {
			says += " (" + r.Error + ")"
		}
		runtimes = append(runtimes, says)
	}
	if runtimes == nil {
		runtimes = []string{"none found"}
	}
	where := []string{"on the host"}
	if f.Inside != "" {
		where = []string{"in a container: " + f.Inside}
	}
	return []fact{
		{"system", "os", []string{f.OS}},
		{"kernel", "kernel", []string{f.Kernel, f.Arch, strconv.Itoa(f.CPUs) + " CPUs"}},
		{"BTF", "btf", []string{btf}},
		{"BPF JIT", "bpf_jit", []string{f.BPFJIT}},
		{"kprobes", "kprobes", []string{f.Kprobes}},
		{"unprivileged BPF", "unprivileged_bpf", []string{f.UnprivilegedBPF}},
		{"lockdown", "lockdown", []string{f.Lockdown}},
		{"LSM", "lsm", lsm},
		{"capabilities", "missing_capabilities", []string{capabilities}},
		{"cgroups", "cgroups", []string{f.Cgroups}},
		{"runs", "inside", where},
		{"container runtimes", "runtimes", runtimes},
	}
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
