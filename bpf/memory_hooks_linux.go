package bpf

import "slices"

// memoryHooks: memory that becomes executable, and what prepares attacks in memory.
func memoryHooks() []hook {
	mmap := called(vigilKindKIND_MMAP, "mmap")
	mmap.tiers[TierFull] = []string{"memory_map"}
	mprotect := called(vigilKindKIND_MPROTECT, "mprotect", "pkey_mprotect")
	mprotect.tiers[TierFull] = []string{"fentry_sys_mprotect", "fentry_sys_pkey_mprotect?", "memory_protect"}
	mprotect.tiers[TierKprobe] = []string{"kprobe_sys_mprotect", "kprobe_sys_pkey_mprotect?", "kmemory_protect"}
	mprotect.note = "in the tracepoint tier the protection before and the file of the memory are unknown"
	return []hook{
		mmap,
		mprotect,
		called(vigilKindKIND_MEMFD, "memfd_create"),
		called(vigilKindKIND_USERFAULTFD, "userfaultfd"),
		called(vigilKindKIND_IO_URING, "io_uring_setup"),
	}
}

// kernelHooks: what changes the kernel.
func kernelHooks() []hook {
	module := called(vigilKindKIND_MODULE, "finit_module", "init_module")
	for tier := range module.tiers {
		module.tiers[tier] = append(module.tiers[tier], "module_load?")
	}
	module.note = "without the tracepoint module_load (a kernel without modules has none) attempts have no name"
	return []hook{
		module,
		called(vigilKindKIND_BPF, "bpf"),
		called(vigilKindKIND_KEXEC, "kexec_load", "kexec_file_load"),
	}
}

// identityHooks: whom a process runs as, what it sees of the host, and what it does to others.
func identityHooks() []hook {
	changes := []string{
		"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
		"setfsuid", "setfsgid", "capset", "unshare", "setns",
	}
	credentials := functions(vigilKindKIND_CREDENTIALS, []string{"credentials_commit"}, changes...)
	for _, c := range append(changes, "execve", "execveat") {
		credentials.tiers[TierTracepoint] = append(credentials.tiers[TierTracepoint], "enter_sys_"+c)
	}
	credentials.tiers[TierTracepoint] = append(credentials.tiers[TierTracepoint], "credentials_exec")
	return []hook{
		credentials,
		called(vigilKindKIND_NAMESPACE, "setns", "unshare"),
		traced(called(vigilKindKIND_PTRACE, "ptrace")),
		traced(called(vigilKindKIND_PROCESS_VM, "process_vm_readv", "process_vm_writev")),
		scheduled(vigilKindKIND_SIGNAL, "signal_sent"),
		scheduled(vigilKindKIND_CGROUP, "cgroup_made", "cgroup_removed"),
	}
}

// traced adds the program that tells the repeats of a thread that ends.
func traced(h hook) hook {
	for tier := range h.tiers {
		h.tiers[tier] = append(slices.Clip(h.tiers[tier]), "trace_exit")
	}
	return h
}
