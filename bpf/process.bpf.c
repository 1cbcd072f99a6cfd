//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The life of processes: fork, exec, exit.
#include "calls.h"

enum { SIGNAL_GROUP_EXIT = 4 }; // include/linux/sched/signal.h

static __always_inline bool in_scope(u32 parent_pid)
{
	switch (scope) {
	case SCOPE_HOST:
		return true;
	case SCOPE_CGROUP:
		return in_scoped_cgroup();
	default:
		return bpf_map_lookup_elem(&processes, &parent_pid) != NULL;
	}
}

// Who forks is the parent, whomever the kernel gives the child to (CLONE_PARENT):
// else a process could leave its scope, and hide who it descends from.
static __always_inline bool may_fork(u32 parent_pid)
{
	if (parent_pid == self_pid)
		return scope == SCOPE_PROCESS && scope_pid == self_pid;
	return in_scope(parent_pid);
}

static __always_inline int on_fork(struct task_struct *child)
{
	struct {
		struct event_header h;
		struct fork_event e;
	} r = {};
	u64 id = bpf_get_current_pid_tgid();
	u32 pid = READ(child, tgid), ppid = id >> 32;

	if (READ(child, pid) != pid) // a thread
		return 0;
	if (!may_fork(ppid))
		return 0;
	struct process *pp = bpf_map_lookup_elem(&processes, &ppid);
	struct process p = {
		.parent_exec_id = pp ? pp->exec_id : exec_id_of(ppid, READ(current_task(), group_leader, start_boottime)),
		.start = READ(child, start_boottime),
		.image = READ(child, self_exec_id),
	};
	p.exec_id = exec_id_of(pid, p.start);
	if (bpf_map_update_elem(&processes, &pid, &p, BPF_ANY))
		count_lost(KIND_FORK, LOST_TABLE_FULL);
	if (!wanted(KIND_FORK))
		return 0;
	r.h.length = sizeof(r);
	r.h.kind = KIND_FORK;
	r.h.time = bpf_ktime_get_boot_ns();
	r.h.exec_id = p.parent_exec_id;
	r.h.parent_exec_id = pp ? pp->parent_exec_id : 0;
	r.h.cgroup_id = current_cgroup_id();
	r.h.pid = ppid;
	r.h.tid = (u32)id;
	r.h.uid = (u32)bpf_get_current_uid_gid();
	r.h.cpu = bpf_get_smp_processor_id();
	r.h.count = 1;
	r.e.child_exec_id = p.exec_id;
	r.e.child_pid = pid;
	r.e.ppid = READ(child, real_parent, tgid);
	send_vital(&r.h, sizeof(r), sizeof(r));
	return 0;
}

enum { PIDTYPE_TGID = 1 }; // include/linux/pid.h

// The full and the kprobe tier see a fork where copy_process has come to the point of
// no return and gives the new process its number: with interrupts off, so that nobody
// can take the program off its CPU, and nobody is skipped.
SEC("fentry/attach_pid")
int process_number(u64 *ctx)
{
	struct task_struct *child = (void *)ctx[0];

	if ((u32)ctx[1] != PIDTYPE_TGID || child->tgid == bpf_get_current_pid_tgid() >> 32)
		return 0;
	return on_fork(child);
}

SEC("kprobe/attach_pid")
int kprocess_number(struct pt_regs *ctx)
{
	struct task_struct *child = (void *)CALL_ARGUMENT1(ctx);

	if ((u32)CALL_ARGUMENT2(ctx) != PIDTYPE_TGID || READ(child, tgid) == bpf_get_current_pid_tgid() >> 32)
		return 0;
	return on_fork(child);
}

// The tracepoint tier sees it where the new process is put on a run queue for the first
// time, by who forked it: with interrupts off too.
SEC("tp_btf/sched_wakeup_new")
int process_fork(u64 *ctx)
{
	return on_fork((void *)ctx[0]);
}

static __always_inline u8 stdio_of(struct task_struct *task, u32 descriptor)
{
	struct file *file = file_of(task, descriptor);
	if (!file)
		return STDIO_CLOSED;
	u32 device = READ(file, f_inode, i_rdev), major = device >> 20;
	switch (READ(file, f_inode, i_mode) & 0170000) {
	case 0100000:
		return STDIO_FILE;
	case 0010000:
		return STDIO_PIPE;
	case 0140000:
		return STDIO_SOCKET;
	case 0020000: // include/uapi/linux/major.h: TTY 4, TTYAUX 5, UNIX98 PTY slaves 136 to 143
		if (major == 4 || major == 5 || (major >= 136 && major <= 143) || major == 229)
			return STDIO_TTY;
		if (device == (1 << 20 | 3))
			return STDIO_NULL;
	}
	return STDIO_OTHER;
}

static __always_inline void describe_namespaces(struct exec_event *e, struct task_struct *task)
{
	struct nsproxy *ns = READ(task, nsproxy);
	struct pid *pid = READ(task, thread_pid);
	u32 level = READ(pid, level);
	struct upid *upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			    (level & 31) * bpf_core_type_size(struct upid);

	e->mount_ns = READ(ns, mnt_ns, ns.inum);
	e->net_ns = READ(ns, net_ns, ns.inum);
	e->cgroup_ns = READ(ns, cgroup_ns, ns.inum);
	e->pid_ns = READ(upid, ns, ns.inum);
	e->ns_pid = READ(upid, nr);
}

static __always_inline void describe_credentials(struct exec_event *e, const struct cred *cred)
{
	e->gid = READ(cred, gid.val);
	e->euid = READ(cred, euid.val);
	e->egid = READ(cred, egid.val);
	bpf_core_read(&e->cap_effective, sizeof(u64), &cred->cap_effective);
	bpf_core_read(&e->cap_permitted, sizeof(u64), &cred->cap_permitted);
	bpf_core_read(&e->cap_inheritable, sizeof(u64), &cred->cap_inheritable);
	e->user_ns = READ(cred, user_ns, ns.inum);
}

static __always_inline u16 add_exec_path(struct event_header *h, const struct path *path, u16 *flags)
{
	struct exec_scratch *s = (void *)h;
	s->walk.dentry = (u64)READ(path, dentry);
	s->walk.mnt = (u64)READ(path, mnt);
	u64 r = append_exec_path(s, h->length);
	*flags = APPENDED_FLAGS(r);
	h->length += APPENDED_LENGTH(r);
	return APPENDED_LENGTH(r);
}

static __always_inline u16 add_exec_text(u8 *record, struct event_header *h, const char *text, u32 most)
{
	u32 at = h->length;
	if (at > EXEC_RECORD_SIZE)
		return 0;
	long n = bpf_probe_read_kernel_str(record + at, most, text);
	u32 length = n > 0 ? n - 1 : 0;
	h->length += length;
	return length;
}

// add_arguments copies what the new image was given, from its own memory.
static __always_inline u16 add_arguments(u8 *record, struct event_header *h, struct exec_event *e, struct mm_struct *mm)
{
	u64 from = READ(mm, arg_start), length = READ(mm, arg_end) - from;
	u32 at = h->length;
	if (length > arguments_max) {
		length = arguments_max;
		e->flags |= EXEC_ARGUMENTS_CUT;
	}
	if (length > ARGUMENTS_MAX || at > RECORD_FIXED + PATH_MAX)
		return 0;
	if (bpf_probe_read_user(record + at, length, (void *)from)) {
		h->flags |= EVENT_PATH_UNREADABLE;
		e->flags |= EXEC_ARGUMENTS_CUT;
		return 0;
	}
	h->length += length;
	return length;
}

static __always_inline void describe_exec(struct exec_event *e, struct task_struct *task, struct inode *image)
{
	const struct cred *cred = READ(task, cred);
	struct vfsmount *root = READ(task, fs, root.mnt);
	struct mount *m = mount_of(root);

	e->inode = READ(image, i_ino);
	e->device = READ(image, i_sb, s_dev);
	e->mode = READ(image, i_mode);
	e->owner = READ(image, i_uid.val);
	e->ppid = READ(task, real_parent, tgid);
	e->login_uid = READ(task, loginuid.val);
	e->session_id = READ(task, sessionid);
	// A root mounted over the root of another mount, as initramfs leaves it, is no chroot.
	struct mount *up = READ(m, mnt_parent);
	if (READ(root, mnt_root) != READ(task, fs, root.dentry) ||
	    (up != m && READ(m, mnt_mountpoint) != READ(up, mnt.mnt_root)))
		e->flags |= EXEC_CHROOT;
	describe_credentials(e, cred);
	describe_namespaces(e, task);
	for (int i = 0; i < 3; i++)
		e->stdio[i] = stdio_of(task, i);
}

static __always_inline int on_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	struct exec_scratch *s = exec_scratch_of();
	if (!s)
		return 0;
	struct event_header *h = (void *)s->record;
	struct exec_event *e = (void *)(h + 1);
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct process *known = bpf_map_lookup_elem(&processes, &pid);
	u16 flags = 0;

	if (pid == self_pid || !wanted(KIND_EXEC) || !identify_as(known, h, KIND_EXEC, sizeof(*e)))
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->previous_exec_id = h->exec_id;
	e->start = READ(task, group_leader, start_boottime);
	struct process p = {
		.exec_id = exec_id_of(pid, h->time),
		.parent_exec_id = h->parent_exec_id,
		.start = e->start,
		.image = READ(task, self_exec_id),
	};
	tell_last(KIND_EXEC, exec_id_of(pid, p.image));
	if (known) // in place: the process has no other threads now
		*known = p;
	else if (bpf_map_update_elem(&processes, &pid, &p, BPF_ANY))
		count_lost(KIND_EXEC, LOST_TABLE_FULL);
	h->exec_id = p.exec_id;

	struct file *image = READ(bprm, file);
	const char *filename = READ(bprm, filename), *interp = READ(bprm, interp);
	describe_exec(e, task, READ(image, f_inode));
	e->argc = READ(bprm, argc);
	if (BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		e->flags |= EXEC_SECURE;
	if (READ(bprm, fdpath))
		e->flags |= EXEC_BY_DESCRIPTOR;
	h->flags |= file_flags(READ(image, f_path.dentry), READ(image, f_path.mnt), READ(image, f_inode));

	e->len[EXEC_PATH] = add_exec_path(h, &image->f_path, &flags);
	h->flags |= flags;
	e->len[EXEC_ARGUMENTS] = add_arguments(s->record, h, e, READ(task, mm));
	struct fs_struct *fs = READ(task, fs);
	e->len[EXEC_CWD] = add_exec_path(h, &fs->pwd, &flags);
	if (flags || is_nameless(READ(fs, pwd.dentry)))
		e->flags |= EXEC_CWD_DETACHED;
	e->len[EXEC_FILENAME] = add_exec_text(s->record, h, filename, PATH_MAX);
	if (interp != filename) {
		e->flags |= EXEC_SCRIPT;
		e->len[EXEC_INTERPRETER] = add_exec_text(s->record, h, interp, 256);
	}
	struct tty_struct *tty = READ(task, signal, tty);
	if (tty)
		e->len[EXEC_TTY] = add_exec_text(s->record, h, tty->name, 64);
	e->len[EXEC_COMM] = add_exec_text(s->record, h, task->comm, 16);

	send_vital(h, h->length, EXEC_RECORD_SIZE);
	return 0;
}

static __always_inline bool exec_is_told(struct task_struct *task)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 image = READ(task, self_exec_id);
	if (told_last(KIND_EXEC, exec_id_of(pid, image)))
		return true;
	struct process *p = bpf_map_lookup_elem(&processes, &pid);
	return p ? p->image == image : scope == SCOPE_PROCESS;
}

WITH_SPARES("tp_btf/sched_process_exec", process_exec, KIND_EXEC, exec_is_told((void *)ctx[0]),
	    on_exec((void *)ctx[0], (void *)ctx[2]))

struct exit_record {
	struct event_header h;
	struct exit_event e;
};

// send_exit tells how a process ended whose last thread is task.
static __always_inline void send_exit(struct exit_record *r, struct task_struct *task)
{
	struct signal_struct *signal = READ(task, signal);
	u32 code = READ(signal, flags) & SIGNAL_GROUP_EXIT ? READ(signal, group_exit_code) : READ(task, group_leader, exit_code);

	r->e.user_ns = READ(signal, utime) + READ(task, utime);
	r->e.system_ns = READ(signal, stime) + READ(task, stime);
	r->e.code = code >> 8 & 0xff;
	r->e.signal = code & 0x7f;
	r->e.core_dumped = code >> 7 & 1;
	send_vital(&r->h, sizeof(*r), sizeof(*r));
}

static __always_inline int on_exit(struct task_struct *task)
{
	struct exit_record r = {};
	u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (READ(task, signal, live.counter) != 0) // other threads go on
		return 0;
	r.e.start = READ(task, group_leader, start_boottime);
	tell_last(KIND_EXIT, exec_id_of(pid, r.e.start));
	bool told = identify(&r.h, KIND_EXIT, sizeof(r.e));
	// Two last threads may both see none alive: the one that takes the entry away reports.
	if (bpf_map_delete_elem(&processes, &pid) && !(r.h.flags & EVENT_NO_IDENTITY))
		return 0;
	if (told)
		send_exit(&r, task);
	return 0;
}

static __always_inline bool exit_is_told(struct task_struct *task)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	return READ(task, signal, live.counter) != 0 ||
	       told_last(KIND_EXIT, exec_id_of(pid, READ(task, group_leader, start_boottime))) ||
	       !bpf_map_lookup_elem(&processes, &pid);
}

HELD("tp_btf/sched_process_exit", process_exit, on_exit((void *)ctx[0]))
SPARE("tp_btf/sched_process_exit", process_exit_spare, KIND_EXIT, exit_is_told((void *)ctx[0]), on_exit((void *)ctx[0]))

// An exit that both missed is told when the kernel gives the process's memory back: in a
// soft interrupt, where nobody is taken off its CPU. An entry that is there still says
// that it was missed.
SEC("tp_btf/sched_process_free")
int process_free(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct exit_record r = {};
	u32 pid = task->tgid;

	if (task->pid != pid)
		return 0;
	struct process *p = bpf_map_lookup_elem(&processes, &pid);
	if (!p || p->start != task->start_boottime)
		return 0;
	r.h.exec_id = p->exec_id;
	r.h.parent_exec_id = p->parent_exec_id;
	if (bpf_map_delete_elem(&processes, &pid))
		return 0;
	count_spared(KIND_EXIT);
	if (!wanted(KIND_EXIT) || pid == self_pid)
		return 0;
	r.h.length = sizeof(r);
	r.h.kind = KIND_EXIT;
	r.h.time = bpf_ktime_get_boot_ns();
	r.h.cgroup_id = task_cgroup_id(task);
	r.h.pid = r.h.tid = pid;
	r.h.uid = READ(task, cred, uid.val);
	r.h.cpu = bpf_get_smp_processor_id();
	r.h.count = 1;
	r.e.start = task->start_boottime;
	send_exit(&r, task);
	return 0;
}
