//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What a process is called (prctl), whom it runs as and what it may do
// (credentials), and what it sees of the host (namespaces).
//
// Credentials are told where the kernel commits them, so that nothing that
// changes them is missed. The tracepoint tier compares what they are before and
// after each system call that can change them. A record names the image that
// asked: of an exec that raises privileges, the one before the exec.
#include "calls.h"
#include "kernel_more.h"

enum { PR_SET_NAME = 15 }; // include/uapi/linux/prctl.h

SYSCALL(prctl)
{
	struct {
		struct event_header h;
		struct rename_task_event e;
		char comm[16];
	} r = {};

	if (ARGUMENT1(regs) != PR_SET_NAME || result)
		return 0;
	if (!identify(&r.h, KIND_RENAME_TASK, sizeof(r.e)))
		return 0;
	bpf_get_current_comm(r.comm, sizeof(r.comm));
	u32 n = 0;
	for (; n < sizeof(r.comm) && r.comm[n]; n++)
		;
	r.e.len[RENAME_TASK_COMM] = n;
	r.h.length += n;
	send_vital(&r.h, r.h.length, sizeof(r));
	return 0;
}

static __always_inline void describe_ids(struct ids *i, const struct cred *cred)
{
	i->uid = READ(cred, uid.val);
	i->euid = READ(cred, euid.val);
	i->suid = READ(cred, suid.val);
	i->fsuid = READ(cred, fsuid.val);
	i->gid = READ(cred, gid.val);
	i->egid = READ(cred, egid.val);
	i->sgid = READ(cred, sgid.val);
	i->fsgid = READ(cred, fsgid.val);
	bpf_core_read(&i->cap_effective, sizeof(u64), &cred->cap_effective);
	bpf_core_read(&i->cap_permitted, sizeof(u64), &cred->cap_permitted);
	i->user_ns = READ(cred, user_ns, ns.inum);
	i->pad0 = 0;
}

static __always_inline bool same_ids(const struct ids *a, const struct ids *b)
{
	const u64 *x = (const void *)a, *y = (const void *)b;
	for (u32 i = 0; i < sizeof(*a) / sizeof(u64); i++)
		if (x[i] != y[i])
			return false;
	return true;
}

struct credentials_record {
	struct event_header h;
	struct credentials_event e;
};

// tell_credentials sends a record whose ids are filled, unless nothing changed.
static __always_inline void tell_credentials(struct credentials_record *r, u64 exec_id)
{
	if (same_ids(&r->e.before, &r->e.after) || !identify(&r->h, KIND_CREDENTIALS, sizeof(r->e)))
		return;
	if (exec_id)
		r->h.exec_id = exec_id;
	r->h.uid = r->e.before.uid;
	if (is_compat())
		r->h.flags |= EVENT_COMPAT;
	send_vital(&r->h, sizeof(*r), sizeof(*r));
}

static __always_inline int on_commit(const struct cred *new)
{
	struct credentials_record r;

	if (!wanted(KIND_CREDENTIALS))
		return 0;
	describe_ids(&r.e.before, READ(current_task(), real_cred));
	describe_ids(&r.e.after, new);
	tell_credentials(&r, 0);
	return 0;
}

HELD("fentry/commit_creds", credentials_commit, on_commit((void *)ctx[0]))

SEC("kprobe/commit_creds")
int kcredentials_commit(struct pt_regs *ctx)
{
	return on_commit((void *)CALL_ARGUMENT1(ctx));
}

// What a thread was when it entered a system call: tracepoint tier.
struct before {
	struct ids ids;
	u64 exec_id;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); // an exec that fails leaves its entry
	__uint(max_entries, 4096);
	__type(key, u64); // thread
	__type(value, struct before);
} befores SEC(".maps");

static __always_inline int remember_ids(void)
{
	u64 key = bpf_get_current_pid_tgid();
	struct task_struct *task = current_task();
	struct before b = {};

	if (!wanted(KIND_CREDENTIALS))
		return 0;
	describe_ids(&b.ids, READ(task, cred));
	b.exec_id = task_exec_id(task);
	bpf_map_update_elem(&befores, &key, &b, BPF_ANY);
	return 0;
}

// compare_ids: the result tells nothing, setfsuid answers with the number before.
static __always_inline int compare_ids(u64 key)
{
	struct before *b = bpf_map_lookup_elem(&befores, &key);
	struct credentials_record r;

	if (!b)
		return 0;
	r.e.before = b->ids;
	describe_ids(&r.e.after, READ(current_task(), cred));
	tell_credentials(&r, b->exec_id);
	bpf_map_delete_elem(&befores, &key);
	return 0;
}

SYSCALL_ENTER(setuid) { return remember_ids(); }
SYSCALL_ENTER(setgid) { return remember_ids(); }
SYSCALL_ENTER(setreuid) { return remember_ids(); }
SYSCALL_ENTER(setregid) { return remember_ids(); }
SYSCALL_ENTER(setresuid) { return remember_ids(); }
SYSCALL_ENTER(setresgid) { return remember_ids(); }
SYSCALL_ENTER(setfsuid) { return remember_ids(); }
SYSCALL_ENTER(setfsgid) { return remember_ids(); }
SYSCALL_ENTER(capset) { return remember_ids(); }
SYSCALL_ENTER(unshare) { return remember_ids(); }
SYSCALL_ENTER(setns) { return remember_ids(); }
SYSCALL_ENTER(execve) { return remember_ids(); }
SYSCALL_ENTER(execveat) { return remember_ids(); }

SYSCALL(setuid) { return compare_ids(bpf_get_current_pid_tgid()); }
SYSCALL(setgid) { return compare_ids(bpf_get_current_pid_tgid()); }
SYSCALL(setreuid) { return compare_ids(bpf_get_current_pid_tgid()); }
SYSCALL(setregid) { return compare_ids(bpf_get_current_pid_tgid()); }
SYSCALL(setresuid) { return compare_ids(bpf_get_current_pid_tgid()); }
SYSCALL(setresgid) { return compare_ids(bpf_get_current_pid_tgid()); }
SYSCALL(setfsuid) { return compare_ids(bpf_get_current_pid_tgid()); }
SYSCALL(setfsgid) { return compare_ids(bpf_get_current_pid_tgid()); }
SYSCALL(capset) { return compare_ids(bpf_get_current_pid_tgid()); }

// An exec by a thread ends as the first thread: the tracepoint names the one that called.
SEC("tp_btf/sched_process_exec")
int credentials_exec(u64 *ctx)
{
	u64 group = bpf_get_current_pid_tgid() >> 32 << 32;
	hold();
	compare_ids(group | (u32)ctx[1]);
	let_go();
	return 0;
}

// CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: include/uapi/linux/sched.h.
enum { CLONE_NEW = 0x80 | 0x20000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 };

static __always_inline int on_namespace(u64 flags, u32 joined)
{
	struct {
		struct event_header h;
		struct namespace_event e;
	} r = {};
	struct task_struct *task = current_task();
	struct nsproxy *ns = READ(task, nsproxy);

	if (!identify(&r.h, KIND_NAMESPACE, sizeof(r.e)))
		return 0;
	r.e.flags = flags;
	r.e.mount_ns = READ(ns, mnt_ns, ns.inum);
	r.e.pid_ns = READ(ns, pid_ns_for_children, ns.inum);
	r.e.net_ns = READ(ns, net_ns, ns.inum);
	r.e.user_ns = READ(task, cred, user_ns, ns.inum);
	r.e.uts_ns = READ(ns, uts_ns, ns.inum);
	r.e.ipc_ns = READ(ns, ipc_ns, ns.inum);
	r.e.cgroup_ns = READ(ns, cgroup_ns, ns.inum);
	r.e.joined = joined;
	send_vital(&r.h, sizeof(r), sizeof(r));
	return 0;
}

SYSCALL(unshare)
{
	u64 flags = ARGUMENT1(regs) & CLONE_NEW;
	compare_ids(bpf_get_current_pid_tgid());
	return !result && flags ? on_namespace(flags, 0) : 0;
}

// namespace_type says what a descriptor of /proc/N/ns is, as a CLONE_NEW flag.
static __always_inline u32 namespace_type(struct file *file)
{
	struct inode___private *inode = (void *)READ(file, f_inode);
	struct ns_common___kind *ns = READ(inode, i_private);

	if (bpf_core_field_exists(ns->ns_type))
		return READ(ns, ns_type);
	return READ(ns, ops, type);
}

SYSCALL(setns)
{
	u64 flags = ARGUMENT2(regs) & CLONE_NEW;
	compare_ids(bpf_get_current_pid_tgid());
	if (result)
		return 0;
	// 0 joins whatever the descriptor is; only a PID descriptor needs the flags.
	struct file *file = flags ? NULL : file_of(current_task(), ARGUMENT1(regs));
	return on_namespace(file ? namespace_type(file) & CLONE_NEW : flags, 1);
}
