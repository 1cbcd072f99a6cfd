package bpf

import "slices"

// Tier is how an event kind is captured.
type Tier uint8

// The tiers, best first, and TierNone for a kind that this kernel cannot give.
const (
	TierFull       Tier = iota // BPF trampolines on kernel functions
	TierKprobe                 // kprobes on the same functions
	TierTracepoint             // scheduler events and system calls
	TierNone
)

func (t Tier) String() string {
	return [...]string{"full", "kprobe", "tracepoint", "none"}[t]
}

// ParseTier finds a tier by its name.
func ParseTier(name string) (Tier, bool) {
	for t := TierFull; t < TierNone; t++ {
		if t.String() == name {
			return t, true
		}
	}
	return TierNone, false
}

// Kind is an event kind: enum kind of event.h, decode.Kind.
type Kind = vigilKind

// hook says which programs give a kind, per tier. A program ending in "?" may be
// missing: what it adds is then absent, which the note explains.
type hook struct {
	kind  Kind
	tiers [TierNone][]string
	note  string
}

// scheduled is a kind that all tiers take from the same BTF tracepoints.
func scheduled(kind Kind, programs ...string) hook {
	return hook{kind: kind, tiers: [TierNone][]string{programs, programs, programs}}
}

// called is a kind that is a system call: fexit, kretprobe or a filter behind sys_exit.
func called(kind Kind, calls ...string) hook {
	h := hook{kind: kind}
	for _, c := range calls {
		h.tiers[TierFull] = append(h.tiers[TierFull], "fexit_sys_"+c)
		h.tiers[TierKprobe] = append(h.tiers[TierKprobe], "kretprobe_sys_"+c)
		h.tiers[TierTracepoint] = append(h.tiers[TierTracepoint], "exit_sys_"+c)
	}
	return h
}

// functions is a kind seen at kernel functions, and by system calls in the tracepoint tier.
func functions(kind Kind, full []string, calls ...string) hook {
	h := called(kind, calls...)
	h.tiers[TierFull] = full
	h.tiers[TierKprobe] = nil
	for _, p := range full {
		h.tiers[TierKprobe] = append(h.tiers[TierKprobe], "k"+p)
	}
	return h
}

// hooks is the table of capture: a line an event kind.
func hooks() []hook {
	return slices.Concat(lifeHooks(), fileHooks(), networkHooks(), memoryHooks(), kernelHooks(), identityHooks())
}

// lifeHooks: what processes come and go.
func lifeHooks() []hook {
	return []hook{
		{kind: vigilKindKIND_FORK, tiers: [TierNone][]string{
			{"process_number"}, {"kprocess_number"}, {"process_fork"},
		}},
		scheduled(vigilKindKIND_EXEC, "process_exec", "process_exec_spare", "process_exec_second_spare"),
		scheduled(vigilKindKIND_EXIT, "process_exit", "process_exit_spare", "process_free"),
		scheduled(vigilKindKIND_PROCESS, "process_seed"),
		called(vigilKindKIND_RENAME_TASK, "prctl"),
	}
}
