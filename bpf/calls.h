// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// System calls, one body in three tiers. SYSCALL(name) { ... } is given the
// user's registers and the result; it runs at the return of the call, when its
// arguments have been faulted in and descriptors are open:
//   fexit_sys_<name>      full tier: costs other calls nothing
//   kretprobe_sys_<name>  kprobe tier: kprobe_sys_enter remembers the registers
//   exit_sys_<name>       tracepoint tier: sys_exit jumps here by number
// SYSCALL_ENTER(name) is the same at the entry, for what is gone at the return.
#ifndef VIGIL_CALLS_H
#define VIGIL_CALLS_H

#include "record.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 512);
	__type(key, u32);
	__type(value, u32);
} calls_exit SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 512);
	__type(key, u32);
	__type(value, u32);
} calls_enter SEC(".maps");

// What a kprobe saw at the entry of a function, for its kretprobe: arguments by thread.
struct entry {
	u64 argument[5];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u64); // thread
	__type(value, struct entry);
} entries SEC(".maps");

// The same for system calls, whose kretprobe must not find the entry of a function
// that ran inside of them.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u64); // thread
	__type(value, u64); // the user's registers
} call_entries SEC(".maps");

#define SYSCALL(name) SYSCALL_AS(HELD, name)

// SYSCALL_FREE is for a body with global functions, which the verifier lets nobody
// call between hold and let_go before Linux 6.14: they do it themselves.
#define SYSCALL_FREE(name) SYSCALL_AS(NOT_HELD, name)

#define NOT_HELD(section, name, work) \
	SEC(section)                  \
	int name(u64 *ctx)            \
	{                             \
		work;                 \
		return 0;             \
	}

#define SYSCALL_AS(PROGRAM, name)                                                               \
	static __attribute__((noinline)) int on_sys_##name(struct pt_regs *regs, long result); \
	PROGRAM("fexit/sys", fexit_sys_##name, on_sys_##name((void *)ctx[0], ctx[1]))           \
	PROGRAM("tp_btf/sys_exit", exit_sys_##name, on_sys_##name((void *)ctx[0], ctx[1]))      \
	SEC("kretprobe/sys")                                                                    \
	int kretprobe_sys_##name(struct pt_regs *ctx)                                           \
	{                                                                                       \
		u64 key = bpf_get_current_pid_tgid();                                           \
		u64 *e = bpf_map_lookup_elem(&call_entries, &key);                              \
		return e ? on_sys_##name((void *)*e, CALL_RESULT(ctx)) : 0;                     \
	}                                                                                       \
	static __attribute__((noinline)) int on_sys_##name(struct pt_regs *regs, long result)

#define SYSCALL_ENTER(name)                                                              \
	static __attribute__((noinline)) int on_enter_##name(struct pt_regs *regs);     \
	HELD("fentry/sys", fentry_sys_##name, on_enter_##name((void *)ctx[0]))           \
	HELD("tp_btf/sys_enter", enter_sys_##name, on_enter_##name((void *)ctx[0]))      \
	SEC("kprobe/sys")                                                                \
	int kprobe_sys_##name(struct pt_regs *ctx)                                       \
	{                                                                                \
		return on_enter_##name((void *)CALL_ARGUMENT1(ctx));                     \
	}                                                                                \
	static __attribute__((noinline)) int on_enter_##name(struct pt_regs *regs)

// is_compat tells a 32-bit system call, whose numbers and registers differ.
static __always_inline bool is_compat(void)
{
#if defined(__TARGET_ARCH_x86)
	// TS_COMPAT, arch/x86/include/asm/thread_info.h
	return READ(current_task(), thread_info.status) & 2;
#else
	// TIF_32BIT, arch/arm64/include/asm/thread_info.h
	return READ(current_task(), thread_info.flags) >> 22 & 1;
#endif
}

SEC("tp_btf/sys_exit")
int sys_exit(u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	if (watched() && !is_compat())
		bpf_tail_call(ctx, &calls_exit, SYSCALL_NUMBER(regs));
	return 0;
}

SEC("tp_btf/sys_enter")
int sys_enter(u64 *ctx)
{
	if (watched() && !is_compat())
		bpf_tail_call(ctx, &calls_enter, ctx[1]);
	return 0;
}

SEC("kprobe/sys")
int kprobe_sys_enter(struct pt_regs *ctx)
{
	u64 key = bpf_get_current_pid_tgid();
	u64 e = CALL_ARGUMENT1(ctx);
	if (watched())
		bpf_map_update_elem(&call_entries, &key, &e, BPF_ANY);
	return 0;
}

SEC("kprobe/function")
int kprobe_enter(struct pt_regs *ctx)
{
	u64 key = bpf_get_current_pid_tgid();
	struct entry e = { .argument = { CALL_ARGUMENT1(ctx), CALL_ARGUMENT2(ctx), CALL_ARGUMENT3(ctx),
					 CALL_ARGUMENT4(ctx), CALL_ARGUMENT5(ctx) } };
	if (watched())
		bpf_map_update_elem(&entries, &key, &e, BPF_ANY);
	return 0;
}

// entry_of gives a kretprobe what its kprobe saw; NULL when it was not watched.
static __always_inline struct entry *entry_of(void)
{
	u64 key = bpf_get_current_pid_tgid();
	return bpf_map_lookup_elem(&entries, &key);
}

#endif
