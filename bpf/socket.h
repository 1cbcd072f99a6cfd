// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What all network topics ask of a socket: who its ends are, which it is, where
// a descriptor leads.
#ifndef VIGIL_SOCKET_H
#define VIGIL_SOCKET_H

#include "calls.h"
#include "kernel_net.h"

// FIELD loads a member: with a plain load where the verifier knows the type of
// the pointer (arguments of tp_btf and fentry, what is reached from them, and what
// was cast), else with the helper, which takes ten times as long. `typed` is known
// by the time the program is loaded, so only one of the two is left then.
#define FIELD(typed, pointer, member) ((typed) ? (pointer)->member : READ(pointer, member))

enum {
	ERROR_CONNECTION_ABORTED = 103, // include/uapi/asm-generic/errno.h
	MAPPED = 0xffff0000,		// third word of ::ffff:a.b.c.d on a little-endian machine
};

static __always_inline u16 host_order(u16 port)
{
	return __builtin_bswap16(port);
}

static __always_inline void set_ipv4(u8 *address, u32 ipv4)
{
	u32 *word = (u32 *)address;
	word[0] = word[1] = 0;
	word[2] = MAPPED;
	word[3] = ipv4;
}

static __always_inline void set_ipv6(u8 *address, const struct in6_addr *ipv6, bool typed)
{
	if (typed) {
		((u64 *)address)[0] = ((const u64 *)ipv6)[0];
		((u64 *)address)[1] = ((const u64 *)ipv6)[1];
	} else {
		bpf_probe_read_kernel(address, 16, ipv6);
	}
}

// socket_id hashes the inode number of the socket, the one that /proc/net/tcp and
// /proc/PID/fd show: it stays while a process holds the socket, and tells nothing
// of the kernel's addresses. 0: no process holds it.
static __always_inline u64 socket_id(struct sock *sk, bool typed)
{
	struct socket_alloc *socket = (void *)FIELD(typed, sk, sk_socket);
	if (!socket)
		return 0;
	if (can_cast())
		socket = bpf_rdonly_cast(socket, bpf_core_type_id_kernel(struct socket_alloc));
	return exec_id_of(0, READ(socket, vfs_inode.i_ino));
}

// describe_socket fills in all but the addresses.
static __always_inline void describe_socket(struct endpoints *e, struct sock *sk, bool typed)
{
	struct net *net = FIELD(typed, sk, __sk_common.skc_net.net);
	e->family = FIELD(typed, sk, __sk_common.skc_family);
	e->protocol = FIELD(typed, sk, sk_protocol);
	e->type = FIELD(typed, sk, sk_type);
	e->net_ns = FIELD(typed, net, ns.inum);
}

static __always_inline void describe_ends(struct endpoints *e, struct sock *sk, bool typed)
{
	describe_socket(e, sk, typed);
	e->local_port = FIELD(typed, sk, __sk_common.skc_num);
	e->remote_port = host_order(FIELD(typed, sk, __sk_common.skc_dport));
	if (e->family == AF_INET) {
		set_ipv4(e->local, FIELD(typed, sk, __sk_common.skc_rcv_saddr));
		set_ipv4(e->remote, FIELD(typed, sk, __sk_common.skc_daddr));
	} else if (e->family == AF_INET6) {
		set_ipv6(e->local, &sk->__sk_common.skc_v6_rcv_saddr, typed);
		set_ipv6(e->remote, &sk->__sk_common.skc_v6_daddr, typed);
	}
}

// An address as sockets take it, include/uapi/linux/in.h and in6.h.
struct socket_address {
	u16 family;
	u16 port; // network order
	u32 ipv4; // of IPv6: flow label
	u8 ipv6[16];
};

// read_address gives what a program named, or was given, as an end.
static __always_inline bool read_address(u8 *address, u16 *port, const void *from, bool user)
{
	struct socket_address a = {};
	long failed = user ? bpf_probe_read_user(&a, 8, from) : bpf_probe_read_kernel(&a, 8, from);
	if (failed)
		return false;
	if (a.family == AF_INET6)
		failed = user ? bpf_probe_read_user(address, 16, from + 8) : bpf_probe_read_kernel(address, 16, from + 8);
	else if (a.family == AF_INET || a.family == AF_UNSPEC) // unspecified is taken for IPv4: inet_bind, udp_sendmsg
		set_ipv4(address, a.ipv4);
	else
		return false;
	*port = host_order(a.port);
	return !failed;
}

static __always_inline struct sock *as_sock(u64 address)
{
	return can_cast() ? bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct sock)) : (void *)address;
}

// wire_socket gives the socket that is on the wire: of MPTCP the subflow that began it.
static __always_inline struct sock *wire_socket(struct sock *sk)
{
	if (!bpf_core_type_exists(struct mptcp_sock) || READ(sk, sk_protocol) != IPPROTO_MPTCP)
		return sk;
	u64 first = (u64)READ((struct mptcp_sock *)sk, first);
	return first ? as_sock(first) : sk;
}

enum {
	SOCKET_TYPE_MASK = 0170000, // include/uapi/linux/stat.h
	SOCKET_TYPE = 0140000,
};

static __always_inline struct sock *sock_of_file(struct file *file)
{
	if (can_cast()) {
		file = bpf_rdonly_cast(file, bpf_core_type_id_kernel(struct file));
		if ((file->f_inode->i_mode & SOCKET_TYPE_MASK) != SOCKET_TYPE)
			return NULL;
		struct socket *socket = bpf_rdonly_cast(file->private_data, bpf_core_type_id_kernel(struct socket));
		return socket->sk;
	}
	if ((READ(file, f_inode, i_mode) & SOCKET_TYPE_MASK) != SOCKET_TYPE)
		return NULL;
	struct socket *socket = READ(file, private_data);
	return READ(socket, sk);
}

// sock_of gives the socket behind a descriptor of the current process.
static __always_inline struct sock *sock_of(u32 descriptor)
{
	struct file *file = NULL;
	if (can_cast()) {
		struct task_struct *task = bpf_get_current_task_btf();
		struct fdtable *table = task->files->fdt;
		if (descriptor < table->max_fds)
			bpf_probe_read_kernel(&file, sizeof(file), table->fd + descriptor);
	} else {
		file = file_of(current_task(), descriptor);
	}
	return file ? sock_of_file(file) : NULL;
}

// An address that a process hands to the kernel, still its own or copied in.
struct request {
	const void *address;
	u32 length;
	bool user;
};

static __always_inline struct request request_of(struct entry *e)
{
	return (struct request){(void *)e->argument[1], e->argument[2]};
}

static __always_inline struct sock *sock_of_entry(struct entry *e)
{
	struct socket *socket = (void *)e->argument[0];
	return as_sock((u64)READ(socket, sk));
}

// set_kind makes a header that was kept one of a record that is sent now.
static __always_inline void set_kind(struct event_header *h, enum kind kind, u32 size)
{
	h->length = size;
	h->kind = kind;
	h->time = bpf_ktime_get_boot_ns();
	h->cpu = bpf_get_smp_processor_id();
}

// A record about a socket without a string, or with the name of a unix socket.
struct socket_record {
	struct event_header h;
	struct socket_event e;
};

struct flow_record {
	struct event_header h;
	struct flow_event e;
};

static __always_inline void set_result(struct socket_record *r, long result)
{
	r->e.result = result;
	if (result < 0)
		r->h.flags |= EVENT_FAILED;
}

#endif
