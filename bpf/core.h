// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What every program shares: settings, maps, who did it, and the way out.
#ifndef VIGIL_CORE_H
#define VIGIL_CORE_H

#include "kernel.h"

enum {
	PATH_MAX = 4096,
	NAME_MAX = 255,
	ARGUMENTS_MAX = 8192,
	WALK_DEPTH = 96, // names in a path: bounded because Linux 5.10 unrolls the loop
};

enum scope {
	SCOPE_HOST = 0,
	SCOPE_PROCESS = 1, // a process and what it starts
	SCOPE_CGROUP = 2,
};

// Settings, fixed when the programs are loaded.
const volatile u64 boot_seed = 1;	  // from the boot ID
const volatile u32 self_pid = 0;	  // the sensor's thread group
const volatile u32 scope = SCOPE_HOST;
const volatile u32 scope_pid = 0;
const volatile u64 scope_cgroup = 0;	  // cgroup v2 ID
const volatile u32 scope_cgroup_level = 0;
const volatile s32 cgroup_controller = -1; // v1: whose hierarchy names containers; -1: v2
const volatile u32 arguments_max = 4096;

// Settings that may change while running.
volatile u64 kinds = ~0ULL; // bit per enum kind
volatile u32 reader_comes = 0; // the reader comes by itself: nobody need wake it

// What the reader looks at before it asks for more.
volatile u64 losses = 0; // each was counted in `lost`

struct process {
	u64 exec_id;
	u64 parent_exec_id;
	u64 start;
	u64 image; // the kernel's count of what it executed: task_struct.self_exec_id
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u32); // thread group
	__type(value, struct process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} vital SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} bulk SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KIND_COUNT * LOST_REASONS);
	__type(key, u32);
	__type(value, u64);
} lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RING_COUNT);
	__type(key, u32);
	__type(value, u64);
} ring_lost SEC(".maps");

static __always_inline void count_many_lost(u32 kind, u32 reason, u32 events)
{
	u32 key = kind * LOST_REASONS + reason;
	u64 *n = bpf_map_lookup_elem(&lost, &key);
	if (n)
		__sync_fetch_and_add(n, events);
	__sync_fetch_and_add(&losses, 1);
}

static __always_inline void count_lost(u32 kind, u32 reason)
{
	count_many_lost(kind, reason, 1);
}

static __always_inline bool wanted(enum kind kind)
{
	return kinds >> kind & 1;
}

// exec_id_of hashes (boot, process, start) to the identity of an image; the
// finalizer is that of SplitMix64 (Steele, Lea, Flood 2014).
static __always_inline u64 exec_id_of(u32 pid, u64 start)
{
	u64 x = (boot_seed ^ ((u64)pid << 32)) + start;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return x ? x : 1;
}

static __always_inline u64 task_exec_id(struct task_struct *task)
{
	u32 pid = READ(task, tgid);
	struct process *p = bpf_map_lookup_elem(&processes, &pid);
	if (p)
		return p->exec_id;
	return exec_id_of(pid, READ(task, group_leader, start_boottime));
}

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

static __always_inline u64 task_cgroup_id(struct task_struct *task)
{
	if (cgroup_controller >= 0) {
		struct cgroup_subsys_state *css = READ(task, cgroups, subsys[cgroup_controller & 15]);
		return READ(css, cgroup, kn, id);
	}
	return READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline u64 current_cgroup_id(void)
{
	if (cgroup_controller >= 0)
		return task_cgroup_id(current_task());
	return bpf_get_current_cgroup_id();
}

static __always_inline bool in_scoped_cgroup(void)
{
	return bpf_get_current_ancestor_cgroup_id(scope_cgroup_level) == scope_cgroup;
}

// identify_as fills a header for the current process, which is p; NULL: it is in no
// table. It says false when the process is out of scope.
static __always_inline bool identify_as(struct process *p, struct event_header *h, enum kind kind, u32 fixed)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 pid = id >> 32;

	h->flags = 0;
	if (p) {
		h->exec_id = p->exec_id;
		h->parent_exec_id = p->parent_exec_id;
	} else {
		if (scope == SCOPE_PROCESS || (scope == SCOPE_CGROUP && !in_scoped_cgroup()))
			return false;
		struct task_struct *task = current_task();
		h->exec_id = exec_id_of(pid, READ(task, group_leader, start_boottime));
		h->parent_exec_id = task_exec_id(READ(task, real_parent));
		h->flags = EVENT_NO_IDENTITY;
	}
	h->length = sizeof(*h) + fixed;
	h->kind = kind;
	h->time = bpf_ktime_get_boot_ns();
	h->cgroup_id = current_cgroup_id();
	h->pid = pid;
	h->tid = (u32)id;
	h->uid = (u32)bpf_get_current_uid_gid();
	h->cpu = bpf_get_smp_processor_id();
	h->count = 1;
	return true;
}

// identify fills a header for the current process. It says false when the event
// is not wanted: the kind is off, the process is out of scope or the sensor's own.
static __always_inline bool identify(struct event_header *h, enum kind kind, u32 fixed)
{
	if (!wanted(kind))
		return false;
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	if (pid == self_pid)
		return false;
	return identify_as(bpf_map_lookup_elem(&processes, &pid), h, kind, fixed);
}

extern void bpf_preempt_disable(void) __ksym __weak; // Linux 6.10
extern void bpf_preempt_enable(void) __ksym __weak;

// hold keeps the task on its CPU until let_go. The kernel skips a program that is
// already running on the CPU, so one that is preempted makes others blind: kernels
// that preempt in the middle are told not to.
static __always_inline void hold(void)
{
	if (bpf_preempt_disable)
		bpf_preempt_disable();
}

static __always_inline void let_go(void)
{
	if (bpf_preempt_enable)
		bpf_preempt_enable();
}

// HELD is a program that holds its CPU while it works.
#define HELD(section, name, work) \
	SEC(section)              \
	int name(u64 *ctx)        \
	{                         \
		hold();           \
		work;             \
		let_go();         \
		return 0;         \
	}

// Where a kernel preempts within programs even hold does not help for certain: the
// task may be taken off its CPU before it holds and while it lets go, and until it is
// back the kernel skips the program for all others there. What must not be missed, and
// has no hook where nobody is taken off its CPU, has spares, programs on the same hook
// after it: each looks whether the event is told already, by the CPU's last and else by
// the process table, and does the work if not.
// The kernel counts what it skips, `spared` what spares took over.
struct turn {
	u64 told;   // the last event: made by exec_id_of
	u64 spared; // how many spares took over
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KIND_EXIT + 1);
	__type(key, u32); // enum kind
	__type(value, struct turn);
} turns SEC(".maps");

static __always_inline struct turn *turn_of(enum kind kind)
{
	u32 key = kind;
	return bpf_map_lookup_elem(&turns, &key);
}

static __always_inline bool told_last(enum kind kind, u64 event)
{
	struct turn *t = turn_of(kind);
	return t && t->told == event;
}

static __always_inline void tell_last(enum kind kind, u64 event)
{
	struct turn *t = turn_of(kind);
	if (t)
		t->told = event;
}

static __always_inline void count_spared(enum kind kind)
{
	struct turn *t = turn_of(kind);
	if (t)
		__sync_fetch_and_add(&t->spared, 1);
}

#define SPARE(section, name, kind, told, work) \
	SEC(section)                           \
	int name(u64 *ctx)                     \
	{                                      \
		if (told)                      \
			return 0;              \
		hold();                        \
		work;                          \
		count_spared(kind);            \
		let_go();                      \
		return 0;                      \
	}

#define WITH_SPARES(section, name, kind, told, work)       \
	HELD(section, name, work)                          \
	SPARE(section, name##_spare, kind, told, work)     \
	SPARE(section, name##_second_spare, kind, told, work)

// watched says whether the current process is in scope, for programs that only keep state.
static __always_inline bool watched(void)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	if (pid == self_pid)
		return false;
	if (scope == SCOPE_HOST)
		return true;
	return bpf_map_lookup_elem(&processes, &pid) != NULL;
}

// send puts a record of at most `most` bytes into a ring, or counts it as lost.
static __always_inline void send(void *ring, enum ring number, struct event_header *h, u32 size, u32 most)
{
	u32 key = number;
	u64 *n = bpf_map_lookup_elem(&ring_lost, &key);
	if (!n)
		return;
	h->ring = number;
	h->lost = (u32)*n;
	barrier_var(size); // Linux 5.10 forgets the bounds of what was spilled: check last
	if (size > most) {
		count_many_lost(h->kind, LOST_SCRATCH, h->count);
		return;
	}
	if (bpf_ringbuf_output(ring, h, size, reader_comes ? BPF_RB_NO_WAKEUP : 0)) {
		__sync_fetch_and_add(n, 1);
		count_many_lost(h->kind, LOST_RING_FULL, h->count); // a fold stands for many
	}
}

#define send_vital(h, size, most) send(&vital, RING_VITAL, h, size, most)
#define send_bulk(h, size, most) send(&bulk, RING_BULK, h, size, most)

#endif
