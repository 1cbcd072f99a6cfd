//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The processes that run already when the sensor starts.
#include "record.h"

struct bpf_iter_meta;
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} CORE;

// started_by says whether pid is the task or one of its ancestors.
static __always_inline bool started_by(struct task_struct *task, u32 pid)
{
	for (int i = 0; i < 32; i++) {
		u32 tgid = READ(task, tgid);
		if (tgid == pid)
			return true;
		if (tgid <= 1)
			return false;
		task = READ(task, real_parent);
	}
	return false;
}

static __always_inline bool under_cgroup(struct task_struct *task)
{
	struct cgroup *cgroup = READ(task, cgroups, dfl_cgrp);
	for (int i = 0; i < 32; i++) {
		struct kernfs_node *kn = READ(cgroup, kn);
		if (READ(kn, id) == scope_cgroup)
			return true;
		struct cgroup_subsys_state *parent = READ(cgroup, self.parent);
		if (!parent)
			return false;
		cgroup = (void *)parent - bpf_core_field_offset(struct cgroup, self);
	}
	return false;
}

// A process whose threads have all ended is only waited for: it has no identity any more.
static __always_inline bool has_ended(struct task_struct *task)
{
	return READ(task, signal, live.counter) == 0;
}

// process_seed tells of each process that runs already. Reading the iterator runs it.
SEC("iter/task")
int process_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct exec_scratch *s = exec_scratch_of();
	u16 flags = 0;

	if (!task || !s)
		return 0;
	u32 pid = READ(task, tgid);
	if (READ(task, pid) != pid || pid == self_pid || has_ended(task))
		return 0;
	if (scope == SCOPE_PROCESS && !started_by(task, scope_pid))
		return 0;
	if (scope == SCOPE_CGROUP && !under_cgroup(task))
		return 0;
	struct task_struct *parent = READ(task, real_parent);
	struct process p = {
		.start = READ(task, start_boottime),
		.image = READ(task, self_exec_id),
		.parent_exec_id = task_exec_id(parent),
	};
	p.exec_id = exec_id_of(pid, p.start);
	long known = bpf_map_update_elem(&processes, &pid, &p, BPF_NOEXIST);
	if (!known && has_ended(task)) { // meanwhile: its end found nothing to take away
		bpf_map_delete_elem(&processes, &pid);
		return 0;
	}
	struct process *entry = bpf_map_lookup_elem(&processes, &pid);
	if (known && !entry)
		count_lost(KIND_PROCESS, LOST_TABLE_FULL);

	struct event_header *h = (void *)s->record;
	struct exec_event *e = (void *)(h + 1);
	__builtin_memset(h, 0, sizeof(*h) + sizeof(*e));
	h->length = sizeof(*h) + sizeof(*e);
	h->kind = KIND_PROCESS;
	h->time = bpf_ktime_get_boot_ns();
	h->exec_id = entry ? entry->exec_id : p.exec_id;
	h->parent_exec_id = entry ? entry->parent_exec_id : p.parent_exec_id;
	h->cgroup_id = task_cgroup_id(task);
	h->pid = h->tid = pid;
	h->uid = READ(task, cred, uid.val);
	h->cpu = bpf_get_smp_processor_id();
	h->count = 1;
	e->start = p.start;
	e->flags = EXEC_SEEDED;
	struct file *image = READ(task, mm, exe_file);
	struct fs_struct *fs = READ(task, fs);
	describe_exec(e, task, image ? READ(image, f_inode) : NULL);
	if (image) {
		h->flags |= file_flags(READ(image, f_path.dentry), READ(image, f_path.mnt), READ(image, f_inode));
		e->len[EXEC_PATH] = add_exec_path(h, &image->f_path, &flags);
		h->flags |= flags;
	}
	if (fs) {
		e->len[EXEC_CWD] = add_exec_path(h, &fs->pwd, &flags);
		if (flags || is_nameless(READ(fs, pwd.dentry)))
			e->flags |= EXEC_CWD_DETACHED;
	}
	e->len[EXEC_COMM] = add_exec_text(s->record, h, task->comm, 16);
	send_vital(h, h->length, EXEC_RECORD_SIZE);
	return 0;
}
