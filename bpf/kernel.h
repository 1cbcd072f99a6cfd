// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The few kernel types that the programs read. Every access is relocated to the
// running kernel (CO-RE), so only names and types matter here, not layout.
#ifndef VIGIL_KERNEL_H
#define VIGIL_KERNEL_H

#include "event.h"

typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef s64 __s64;
typedef u16 __be16;
typedef u32 __be32;
typedef u32 __wsum;
typedef u8 bool;
#define true 1
#define false 0
#define NULL ((void *)0)

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };
enum { BPF_RB_NO_WAKEUP = 1 };

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define CORE __attribute__((preserve_access_index))

// Linux 6.2 (a35b9af4ec2c): gives a pointer that the verifier does not know a type.
extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym __weak;

static __always_inline bool can_cast(void)
{
	return bpf_rdonly_cast != NULL;
}

// CAST tells the verifier what a pointer is of. What it points to is read with a
// plain load then, that gives 0 where there is nothing.
#define CAST(pointer) ((typeof(pointer))bpf_rdonly_cast((const void *)(pointer), bpf_core_type_id_kernel(typeof(*(pointer)))))

// READ follows members, READ(file, f_inode, i_ino), by plain loads where the kernel
// lets programs cast, else with a helper for each, which takes ten times as long.
// Which of the two is known by the time the program is loaded: only that one is left.
#define READ(pointer, ...) (can_cast() ? ___arrow(CAST(pointer), __VA_ARGS__) : BPF_CORE_READ(pointer, __VA_ARGS__))

struct list_head {
	struct list_head *next, *prev;
} CORE;
typedef struct {
	int counter;
} atomic_t;
typedef struct {
	u32 val;
} kuid_t;
typedef struct {
	u32 val;
} kgid_t;

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
	unsigned long s_flags;
} CORE;

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	const unsigned int i_nlink;
	u32 i_rdev;
	s64 i_size;
} CORE;

struct qstr {
	u32 hash;
	u32 len;
	const unsigned char *name;
} CORE;

struct hlist_bl_node {
	void *next;
	void **pprev;
} CORE;

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
} CORE;

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
} CORE;

struct mnt_namespace;
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
	int mnt_id;
} CORE;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} CORE;

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
	unsigned int f_mode;
	void *private_data;
} CORE;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} CORE;

struct files_struct {
	struct fdtable *fdt;
} CORE;

struct fs_struct {
	struct path root;
	struct path pwd;
} CORE;

struct ns_common {
	unsigned int inum;
} CORE;
struct uts_namespace {
	struct ns_common ns;
} CORE;
struct ipc_namespace {
	struct ns_common ns;
} CORE;
struct mnt_namespace {
	struct ns_common ns;
	struct mount *root;
} CORE;
struct pid_namespace {
	struct ns_common ns;
	unsigned int level;
} CORE;
struct net {
	struct ns_common ns;
} CORE;
struct cgroup_namespace {
	struct ns_common ns;
} CORE;
struct user_namespace {
	struct ns_common ns;
} CORE;

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
} CORE;

typedef struct {
	u64 bytes; // two 32-bit words before Linux 6.3: the same bytes on little-endian machines; read whole
} kernel_cap_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	kernel_cap_t cap_inheritable;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
} CORE;

struct tty_struct {
	char name[64];
} CORE;

struct upid {
	int nr;
	struct pid_namespace *ns;
} CORE;

struct pid {
	unsigned int level;
	struct upid numbers[1];
} CORE;

struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	struct tty_struct *tty;
	u64 utime;
	u64 stime;
} CORE;

struct mm_struct {
	unsigned long start_code;
	unsigned long start_brk, brk;
	unsigned long start_stack;
	unsigned long arg_start, arg_end;
	struct file *exe_file;
} CORE;

struct kernfs_node {
	u64 id;
} CORE;

struct cgroup_root {
	int hierarchy_id;
} CORE;

struct cgroup;
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
} CORE;

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
} CORE;

struct css_set {
	struct cgroup_subsys_state *subsys[14];
	struct cgroup *dfl_cgrp;
} CORE;

struct thread_info {
	unsigned long flags;
	u32 status;
} CORE;

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 start_boottime;
	u64 self_exec_id;
	u64 utime;
	u64 stime;
	int exit_code;
	const struct cred *cred;
	const struct cred *real_cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct mm_struct *mm;
	kuid_t loginuid;
	unsigned int sessionid;
	struct css_set *cgroups;
	void *stack;
} CORE;

struct linux_binprm {
	unsigned int secureexec : 1;
	struct file *executable;
	struct file *interpreter;
	struct file *file;
	int argc, envc;
	const char *filename;
	const char *interp;
	const char *fdpath;
} CORE;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct mm_struct *vm_mm;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
} CORE;

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, sp;
} CORE;
#define ARGUMENT1(regs) READ(regs, di)
#define ARGUMENT2(regs) READ(regs, si)
#define ARGUMENT3(regs) READ(regs, dx)
#define ARGUMENT4(regs) READ(regs, r10)
#define ARGUMENT5(regs) READ(regs, r8)
#define ARGUMENT6(regs) READ(regs, r9)
#define SYSCALL_NUMBER(regs) READ(regs, orig_ax)
#define CALL_ARGUMENT1(ctx) ((ctx)->di)
#define CALL_ARGUMENT2(ctx) ((ctx)->si)
#define CALL_ARGUMENT3(ctx) ((ctx)->dx)
#define CALL_ARGUMENT4(ctx) ((ctx)->cx)
#define CALL_ARGUMENT5(ctx) ((ctx)->r8)
#define CALL_RESULT(ctx) ((ctx)->ax)
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
} CORE;
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	int syscallno;
} CORE;
#define ARGUMENT1(regs) READ(regs, orig_x0)
#define ARGUMENT2(regs) READ(regs, regs[1])
#define ARGUMENT3(regs) READ(regs, regs[2])
#define ARGUMENT4(regs) READ(regs, regs[3])
#define ARGUMENT5(regs) READ(regs, regs[4])
#define ARGUMENT6(regs) READ(regs, regs[5])
#define SYSCALL_NUMBER(regs) READ(regs, syscallno)
#define CALL_ARGUMENT1(ctx) (((struct user_pt_regs *)(ctx))->regs[0])
#define CALL_ARGUMENT2(ctx) (((struct user_pt_regs *)(ctx))->regs[1])
#define CALL_ARGUMENT3(ctx) (((struct user_pt_regs *)(ctx))->regs[2])
#define CALL_ARGUMENT4(ctx) (((struct user_pt_regs *)(ctx))->regs[3])
#define CALL_ARGUMENT5(ctx) (((struct user_pt_regs *)(ctx))->regs[4])
#define CALL_RESULT(ctx) (((struct user_pt_regs *)(ctx))->regs[0])
#endif

#endif
