// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Kernel types of the memory, identity, trace and kernel topics. A type that
// kernel.h has already gets here, under a flavour (___name, which CO-RE ignores),
// the fields that only these topics read.
#ifndef VIGIL_KERNEL_MORE_H
#define VIGIL_KERNEL_MORE_H

#include "kernel.h"

struct hlist_node {
	struct hlist_node *next, **pprev;
} CORE;
struct hlist_head {
	struct hlist_node *first;
} CORE;

// The tree behind a PID namespace's numbers, include/linux/xarray.h.
struct xarray {
	void *xa_head;
} CORE;
struct xa_node {
	unsigned char shift;
	void *slots[64]; // 16 on the smallest configurations
} CORE;
struct idr {
	struct xarray idr_rt;
} CORE;
struct pid_namespace___numbers {
	struct idr idr;
} CORE;
struct pid___tasks {
	struct hlist_head tasks[4]; // by enum pid_type
} CORE;

struct task_struct___more {
	unsigned int personality;
	unsigned int in_execve : 1;
	struct hlist_node pid_links[4];
} CORE;

struct vm_area_struct___more {
	void *anon_vma;
} CORE;

struct kernel_siginfo {
	int si_signo;
	int si_code;
} CORE;

struct proc_ns_operations___old {
	int type; // moved to struct ns_common in Linux 6.18
} CORE;
struct ns_common___kind {
	u32 ns_type;
	struct proc_ns_operations___old *ops;
} CORE;
struct inode___private {
	void *i_private;
} CORE;

struct module {
	char name[56];
} CORE;

enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC = 0 };
struct bpf_prog_aux {
	char name[16];
} CORE;
struct bpf_prog {
	enum bpf_prog_type type;
	struct bpf_prog_aux *aux;
} CORE;

#endif
