//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What processes ask of sockets: connect, accept, bind, listen, raw sockets.
// Connections of TCP themselves are told in flow.bpf.c.
#include "flow.h"

enum {
	// include/uapi/asm-generic/errno-base.h, errno.h; include/linux/errno.h
	ERROR_INTERRUPTED = 4,
	ERROR_IS_CONNECTED = 106,
	ERROR_ALREADY = 114,
	ERROR_IN_PROGRESS = 115,
	ERROR_RESTART = 512,
	ERROR_RESTART_BLOCK = 516,
};

static __always_inline int on_bind(struct sock *sk, struct request asked, long result, bool typed)
{
	struct socket_record r = {};

	if (!identify(&r.h, KIND_BIND, sizeof(r.e)))
		return 0;
	describe_ends(&r.e.ends, sk, typed);
	r.e.ends.socket = socket_id(sk, typed);
	set_result(&r, result);
	if (result) // what it has now is not what was asked for
		read_address(r.e.ends.local, &r.e.ends.local_port, asked.address, asked.user);
	send_bulk(&r.h, sizeof(r), sizeof(r));
	return 0;
}

// The ends of bind: inet_bind and mptcp_bind (6.6, through inet_bind_sk) meet here.
HELD("fexit/__inet_bind", inet_bind, on_bind((void *)ctx[0], (struct request){(void *)ctx[1], ctx[2]}, (int)ctx[4], true))

HELD("fexit/__inet6_bind", inet6_bind, on_bind((void *)ctx[0], (struct request){(void *)ctx[1], ctx[2]}, (int)ctx[4], true))

static __always_inline int on_bind_return(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_bind(as_sock(e->argument[0]), request_of(e), (int)CALL_RESULT(ctx), can_cast()) : 0;
}

SEC("kretprobe/__inet_bind")
int kinet_bind(struct pt_regs *ctx) { return on_bind_return(ctx); }

SEC("kretprobe/__inet6_bind")
int kinet6_bind(struct pt_regs *ctx) { return on_bind_return(ctx); }

SYSCALL(bind)
{
	struct sock *sk = sock_of(ARGUMENT1(regs));
	struct request asked = {(void *)ARGUMENT2(regs), ARGUMENT3(regs), true};
	if (!sk)
		return 0;
	switch (READ(sk, __sk_common.skc_family)) {
	case AF_UNIX:
		return on_unix_bind(SLOT_UNIX_BIND, sk, asked, result);
	case AF_INET:
	case AF_INET6:
		return on_bind(wire_socket(sk), asked, result, can_cast());
	}
	return 0;
}

// is_outcome says whether a connect that gave this result is over.
static __always_inline bool is_outcome(long result)
{
	return result != -ERROR_IN_PROGRESS && result != -ERROR_ALREADY && result != -ERROR_IS_CONNECTED &&
	       result != -ERROR_INTERRUPTED && (result > -ERROR_RESTART || result < -ERROR_RESTART_BLOCK);
}

// on_inet_connect tells of the connect of a datagram socket, and of one of a
// stream that failed before anything was sent (no route, no port, forbidden).
static __always_inline int on_inet_connect(struct sock *sk, struct request asked, long result)
{
	struct socket_record r = {};

	sk = wire_socket(sk);
	if (!is_outcome(result))
		return 0;
	if (READ(sk, sk_type) == SOCK_STREAM &&
	    (result >= 0 || READ(sk, sk_protocol) != IPPROTO_TCP || was_refused(sk)))
		return 0;
	if (!identify(&r.h, KIND_CONNECT, sizeof(r.e)))
		return 0;
	describe_ends(&r.e.ends, sk, can_cast());
	if (!result && !r.e.ends.remote_port && READ(sk, __sk_common.skc_state) != TCP_ESTABLISHED)
		return 0; // AF_UNSPEC: disconnected
	if (result)
		read_address(r.e.ends.remote, &r.e.ends.remote_port, asked.address, asked.user);
	r.e.ends.socket = socket_id(sk, can_cast());
	set_result(&r, result);
	send_bulk(&r.h, sizeof(r), sizeof(r));
	return 0;
}

SEC("fexit/inet_stream_connect")
int inet_stream_connect(u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	int result = ctx[4];
	if (!result)
		return 0;
	hold();
	on_inet_connect(socket->sk, (struct request){(void *)ctx[1], ctx[2]}, result);
	let_go();
	return 0;
}

SEC("fexit/inet_dgram_connect")
int inet_dgram_connect(u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	hold();
	on_inet_connect(socket->sk, (struct request){(void *)ctx[1], ctx[2]}, (int)ctx[4]);
	let_go();
	return 0;
}

SEC("kretprobe/inet_stream_connect")
int kinet_stream_connect(struct pt_regs *ctx)
{
	struct entry *e = CALL_RESULT(ctx) ? entry_of() : NULL;
	return e ? on_inet_connect(sock_of_entry(e), request_of(e), (int)CALL_RESULT(ctx)) : 0;
}

SEC("kretprobe/inet_dgram_connect")
int kinet_dgram_connect(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_inet_connect(sock_of_entry(e), request_of(e), (int)CALL_RESULT(ctx)) : 0;
}

SYSCALL(connect)
{
	struct sock *sk = sock_of(ARGUMENT1(regs));
	if (!sk)
		return 0;
	u16 family = READ(sk, __sk_common.skc_family);
	bool inet = family == AF_INET || family == AF_INET6;
	if (inet && !result && READ(sk, sk_type) == SOCK_STREAM)
		return 0; // told by its state
	struct request asked = {(void *)ARGUMENT2(regs), ARGUMENT3(regs), true};
	if (inet)
		return on_inet_connect(sk, asked, result);
	return family == AF_UNIX ? on_unix_connect(SLOT_UNIX_CONNECT, sk, asked, result) : 0;
}

static __always_inline int on_graft(struct sock *sk)
{
	u16 family = READ(sk, __sk_common.skc_family), protocol = READ(sk, sk_protocol);
	if (family == AF_UNIX)
		return tell_unix(sk, KIND_ACCEPT, 0);
	if ((family == AF_INET || family == AF_INET6) && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP))
		return on_accept(wire_socket(sk), sk, false);
	return 0;
}

// sock_graft, which inet_accept and unix_accept end with, calls this hook with a
// lock that keeps the task on its CPU.
SEC("fentry/security_sock_graft")
int accept_graft(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	u16 family = sk->__sk_common.skc_family;
	if (sk->sk_protocol == IPPROTO_TCP && (family == AF_INET || family == AF_INET6))
		return on_accept(sk, sk, true);
	return on_graft(sk);
}

SEC("kprobe/security_sock_graft")
int kaccept_graft(struct pt_regs *ctx)
{
	return on_graft(as_sock(CALL_ARGUMENT1(ctx)));
}

static __always_inline int on_accept_call(long result)
{
	struct sock *sk = result >= 0 ? sock_of(result) : NULL;
	return sk ? on_graft(sk) : 0;
}

SYSCALL(accept) { return on_accept_call(result); }
SYSCALL(accept4) { return on_accept_call(result); }

// A TCP socket that listened without bind got its port during the call.
static __noinline int on_autobound(struct sock *sk, long result)
{
	struct socket_record r = {};
	u64 key = flow_key(FLOW_WORD_LISTEN, sk);
	struct flow *f = flow_of(key);

	if (!f || !(f->flags & FLOW_LISTEN))
		return 0;
	r.h = f->by;
	end_flow(key);
	if (result)
		return 0;
	describe_ends(&r.e.ends, sk, can_cast());
	r.e.ends.socket = socket_id(sk, can_cast());
	r.e.backlog = READ(sk, sk_max_ack_backlog);
	send_vital(&r.h, sizeof(r), sizeof(r));
	return 0;
}

static __always_inline int on_listen_end(struct sock *sk, long result)
{
	if (!sk)
		return 0;
	if (READ(sk, __sk_common.skc_family) != AF_UNIX)
		return on_autobound(wire_socket(sk), result);
	return result ? 0 : tell_unix(sk, KIND_LISTEN, READ(sk, sk_max_ack_backlog));
}

SEC("fexit/inet_listen")
int inet_listen(u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	hold();
	on_listen_end(socket->sk, (int)ctx[2]);
	let_go();
	return 0;
}

SEC("fexit/mptcp_listen")
int mptcp_listen(u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	hold();
	on_listen_end(socket->sk, (int)ctx[2]);
	let_go();
	return 0;
}

SEC("fexit/unix_listen")
int unix_listen(u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	hold();
	on_listen_end(socket->sk, (int)ctx[2]);
	let_go();
	return 0;
}

static __always_inline int on_listen_return(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_listen_end(sock_of_entry(e), (int)CALL_RESULT(ctx)) : 0;
}

SEC("kretprobe/inet_listen")
int kinet_listen(struct pt_regs *ctx) { return on_listen_return(ctx); }

SEC("kretprobe/unix_listen")
int kunix_listen(struct pt_regs *ctx) { return on_listen_return(ctx); }

SYSCALL(listen) { return on_listen_end(sock_of(ARGUMENT1(regs)), result); }

static __always_inline bool is_raw(u32 family, u32 type)
{
	type &= SOCK_TYPE_MASK;
	return family == AF_PACKET || (type == SOCK_RAW && (family == AF_INET || family == AF_INET6)) ||
	       (type == SOCK_PACKET && family == AF_INET);
}

static __always_inline int on_raw_socket(u32 family, u32 type, u32 protocol, struct sock *sk, long result)
{
	struct socket_record r = {};

	type &= SOCK_TYPE_MASK;
	if (type == SOCK_PACKET)
		family = AF_PACKET;
	if (!identify(&r.h, KIND_RAW_SOCKET, sizeof(r.e)))
		return 0;
	r.e.ends.family = family;
	r.e.ends.type = type;
	r.e.ends.protocol = family == AF_PACKET ? host_order(protocol) : protocol; // ETH_P_*: in host order, too
	r.e.ends.net_ns = READ(current_task(), nsproxy, net_ns, ns.inum);
	r.e.ends.socket = sk ? socket_id(sk, can_cast()) : 0;
	set_result(&r, result);
	send_vital(&r.h, sizeof(r), sizeof(r));
	return 0;
}

SEC("fexit/__sock_create")
int socket_create(u64 *ctx)
{
	struct socket *socket = NULL, **made = NULL;
	int result = ctx[6];

	if (ctx[5] || !is_raw(ctx[1], ctx[2])) // the kernel's own
		return 0;
	// Of the arguments, older verifiers (6.12 still) let no pointer to a pointer be loaded.
	bpf_probe_read_kernel(&made, sizeof(made), &ctx[4]);
	if (!result)
		bpf_probe_read_kernel(&socket, sizeof(socket), made);
	hold();
	on_raw_socket(ctx[1], ctx[2], ctx[3], socket ? as_sock((u64)READ(socket, sk)) : NULL, result);
	let_go();
	return 0;
}

SEC("kretprobe/__sock_create")
int ksocket_create(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	struct socket *socket = NULL;
	int result = CALL_RESULT(ctx);

	if (!e || !is_raw(e->argument[1], e->argument[2]))
		return 0;
	if (!result)
		bpf_probe_read_kernel(&socket, sizeof(socket), (void *)e->argument[4]);
	struct sock *sk = socket ? as_sock((u64)READ(socket, sk)) : NULL;
	if (sk && BPF_CORE_READ_BITFIELD_PROBED(sk, sk_kern_sock))
		return 0;
	return on_raw_socket(e->argument[1], e->argument[2], e->argument[3], sk, result);
}

SYSCALL(socket)
{
	u32 family = ARGUMENT1(regs), type = ARGUMENT2(regs);
	if (!is_raw(family, type))
		return 0;
	struct sock *sk = result >= 0 ? sock_of(result) : NULL;
	return on_raw_socket(family, type, ARGUMENT3(regs), sk, result < 0 ? result : 0);
}
