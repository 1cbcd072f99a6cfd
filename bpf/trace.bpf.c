//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What a process does to another: ptrace, process_vm_readv and process_vm_writev,
// signals across users.
//
// A megabyte written by PTRACE_POKEDATA is 131,072 calls, and strace reads each
// string of its target by process_vm_readv, so repeats are folded: the first
// record of a thread goes out at once; while it does the same to the same target
// with the same result, the repeats go out as one record with their number each
// second, before anything else that the thread is told of here, when it detaches
// and when it ends. Nothing is lost when the table of runs is full: every call is
// then a record.
#include "calls.h"
#include "kernel_more.h"

enum { RUN_WINDOW = 1000000000 }; // ns

struct run_key {
	u64 thread;
	u64 kind;
};

// A run begins with a whole record: that of the newest call.
struct run {
	struct event_header h;
	union {
		struct ptrace_event ptrace;
		struct process_vm_event vm; // bytes: of the calls not told yet
	};
	u64 opened;
	u32 number;  // the target as the caller names it
	u32 pending; // calls not told yet
};

enum { RUN_RECORD = __builtin_offsetof(struct run, opened) };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct run_key);
	__type(value, struct run);
} runs SEC(".maps");

static __always_inline void tell_run(struct run *r)
{
	if (!r->pending)
		return;
	r->h.count = r->pending;
	r->h.cpu = bpf_get_smp_processor_id();
	send_vital(&r->h, RUN_RECORD, RUN_RECORD);
	r->pending = 0;
	if (r->h.kind == KIND_PROCESS_VM)
		r->vm.bytes = 0;
}

static __always_inline void end_run(u64 thread, enum kind kind)
{
	struct run_key key = {thread, kind};
	struct run *r = bpf_map_lookup_elem(&runs, &key);
	if (!r)
		return;
	tell_run(r);
	bpf_map_delete_elem(&runs, &key);
}

// repeated takes a call into the run that it goes on with.
static __always_inline bool repeated(struct run *now)
{
	struct run_key key = {bpf_get_current_pid_tgid(), now->h.kind};
	struct run *r = bpf_map_lookup_elem(&runs, &key);
	if (!r)
		return false;
	bool same = r->number == now->number && r->h.exec_id == now->h.exec_id;
	if (now->h.kind == KIND_PTRACE)
		same = same && r->ptrace.request == now->ptrace.request && r->ptrace.result == now->ptrace.result;
	else
		same = same && r->vm.write == now->vm.write && r->vm.result == now->vm.result;
	if (!same) {
		tell_run(r);
		bpf_map_delete_elem(&runs, &key);
		return false;
	}
	r->pending++;
	r->h.time = now->h.time;
	if (now->h.kind == KIND_PTRACE)
		r->ptrace.address = now->ptrace.address;
	else
		r->vm.bytes += now->vm.bytes;
	if (now->h.time - r->opened >= RUN_WINDOW) {
		r->opened = now->h.time;
		tell_run(r);
	}
	return true;
}

static __always_inline void begin_run(struct run *now)
{
	struct run_key key = {bpf_get_current_pid_tgid(), now->h.kind};
	now->opened = now->h.time;
	now->pending = 0;
	if (now->h.kind == KIND_PROCESS_VM)
		now->vm.bytes = 0;
	bpf_map_update_elem(&runs, &key, now, BPF_ANY);
}

SEC("tp_btf/sched_process_exit")
int trace_exit(u64 *ctx)
{
	u64 thread = bpf_get_current_pid_tgid();
	hold();
	end_run(thread, KIND_PTRACE);
	end_run(thread, KIND_PROCESS_VM);
	let_go();
	return 0;
}

// own_namespace gives the PID namespace that the current process lives in, as
// task_active_pid_ns of kernel/pid.c.
static __always_inline struct pid_namespace___numbers *own_namespace(void)
{
	struct pid *pid = READ(current_task(), thread_pid);
	u32 level = READ(pid, level) & 31;
	struct upid *upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			    level * bpf_core_type_size(struct upid);
	return (void *)READ(upid, ns);
}

enum { TREE_DEPTH = 6 }; // 64^4 is above PID_MAX_LIMIT, 16^6 too

// task_of finds the task that the current process calls by a number, as
// find_task_by_vpid of kernel/pid.c: the namespace's tree (lib/xarray.c), whose
// inner entries end in binary 10, gives the pid, and that its task.
static __always_inline struct task_struct *task_of(u32 number)
{
	u64 entry = (u64)READ(own_namespace(), idr.idr_rt.xa_head);
	u32 mask = bpf_core_field_size(((struct xa_node *)0)->slots) / sizeof(void *) - 1;
	u64 index = number;

	for (int i = 0; i < TREE_DEPTH && (entry & 3) == 2; i++) {
		struct xa_node *node = (void *)(entry - 2);
		u32 shift = READ(node, shift) & 31;
		if (index >> shift > mask) // beyond the tree
			return NULL;
		void **slot = (void *)node + bpf_core_field_offset(struct xa_node, slots);
		if (bpf_probe_read_kernel(&entry, sizeof(entry), slot + (index >> shift)))
			return NULL;
		index &= (1ULL << shift) - 1;
	}
	if (!entry || entry & 3)
		return NULL;
	struct hlist_node *link = READ((struct pid___tasks *)entry, tasks[0].first);
	if (!link)
		return NULL;
	return (void *)link - bpf_core_field_offset(struct task_struct___more, pid_links);
}

struct target {
	u64 exec_id; // 0: not found
	u32 pid;     // in the first namespace; as the caller named it when it is not found
};

static __always_inline struct target target_of(u32 number)
{
	struct task_struct *task = task_of(number);
	struct target t = {.pid = number};

	if (task) {
		t.pid = READ(task, tgid);
		t.exec_id = task_exec_id(task);
	}
	return t;
}

// include/uapi/linux/ptrace.h
enum {
	PTRACE_TRACEME = 0,
	PTRACE_POKETEXT = 4,
	PTRACE_POKEDATA = 5,
	PTRACE_POKEUSR = 6,
	PTRACE_KILL = 8,
	PTRACE_SETREGS = 13,
	PTRACE_SETFPREGS = 15,
	PTRACE_ATTACH = 16,
	PTRACE_DETACH = 17,
	PTRACE_SETREGSET = 0x4205,
	PTRACE_SEIZE = 0x4206,
};

static __always_inline bool is_poke(u64 request)
{
	switch (request) {
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
	case PTRACE_POKEUSR:
	case PTRACE_SETREGS:
	case PTRACE_SETFPREGS:
	case PTRACE_SETREGSET:
		return true;
	}
	return false;
}

// Requests that take hold of a process or change it; reading it and letting it run are not told.
SYSCALL(ptrace)
{
	u64 request = ARGUMENT1(regs);
	bool poke = is_poke(request);
	struct run r = {};

	if (request == PTRACE_DETACH || request == PTRACE_KILL)
		end_run(bpf_get_current_pid_tgid(), KIND_PTRACE);
	if (!poke && request != PTRACE_TRACEME && request != PTRACE_ATTACH && request != PTRACE_SEIZE)
		return 0;
	if (!identify(&r.h, KIND_PTRACE, sizeof(r.ptrace)))
		return 0;
	r.number = ARGUMENT2(regs);
	r.ptrace.request = request;
	r.ptrace.result = result;
	r.ptrace.address = request == PTRACE_TRACEME ? 0 : ARGUMENT3(regs);
	if (result < 0)
		r.h.flags |= EVENT_FAILED;
	if (repeated(&r))
		return 0;
	if (request == PTRACE_TRACEME) { // its parent becomes the tracer
		r.ptrace.target_pid = r.h.pid;
		r.ptrace.target_exec_id = r.h.exec_id;
	} else {
		struct target t = target_of(r.number);
		r.ptrace.target_pid = t.pid;
		r.ptrace.target_exec_id = t.exec_id;
	}
	send_vital(&r.h, RUN_RECORD, RUN_RECORD);
	if (poke)
		begin_run(&r);
	return 0;
}

static __always_inline int on_process_vm(u32 number, u32 write, long result)
{
	struct run r = {};

	if (!identify(&r.h, KIND_PROCESS_VM, sizeof(r.vm)))
		return 0;
	r.number = number;
	r.vm.write = write;
	if (result < 0) {
		r.vm.result = result;
		r.h.flags |= EVENT_FAILED;
	} else {
		r.vm.bytes = result;
	}
	if (repeated(&r))
		return 0;
	struct target t = target_of(number);
	if (t.exec_id == r.h.exec_id) // itself
		return 0;
	r.vm.target_pid = t.pid;
	r.vm.target_exec_id = t.exec_id;
	send_vital(&r.h, RUN_RECORD, RUN_RECORD);
	begin_run(&r);
	return 0;
}

SYSCALL(process_vm_readv) { return on_process_vm(ARGUMENT1(regs), 0, result); }
SYSCALL(process_vm_writev) { return on_process_vm(ARGUMENT1(regs), 1, result); }

// is_sent says whether a process sent a signal: kill, tgkill, sigqueue. The codes
// left out (include/uapi/asm-generic/siginfo.h) are the kernel's for timers,
// message queues and input; a sender of rt_sigqueueinfo can choose them too.
static __always_inline bool is_sent(struct kernel_siginfo *info)
{
	if ((u64)info <= 1) // SEND_SIG_NOINFO, SEND_SIG_PRIV
		return false;
	int code = READ(info, si_code);
	switch (code) {
	case -2:  // SI_TIMER
	case -3:  // SI_MESGQ
	case -4:  // SI_ASYNCIO
	case -5:  // SI_SIGIO
	case -60: // SI_ASYNCNL
		return false;
	}
	return code <= 0;
}

// Raised in the sender's context (kernel/signal.c, __send_signal_locked), after the permission was checked.
SEC("tp_btf/signal_generate")
int signal_sent(u64 *ctx)
{
	struct task_struct *target = (void *)ctx[2];
	struct {
		struct event_header h;
		struct signal_event e;
	} r = {};
	u32 uid = bpf_get_current_uid_gid(), target_uid = READ(target, cred, uid.val);

	if (uid == target_uid || !is_sent((void *)ctx[1]))
		return 0;
	u32 pid = READ(target, tgid); // a process may run its threads as different users
	if (pid == bpf_get_current_pid_tgid() >> 32)
		return 0;
	if (!identify(&r.h, KIND_SIGNAL, sizeof(r.e)))
		return 0;
	r.e.target_exec_id = task_exec_id(target);
	r.e.target_pid = pid;
	r.e.target_uid = target_uid;
	r.e.signal = ctx[0];
	send_vital(&r.h, sizeof(r), sizeof(r));
	return 0;
}
