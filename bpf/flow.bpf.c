//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// TCP connections: who began or accepted them, and what went over them until the
// end. All tiers follow the state of the socket (inet_sock_set_state, since 4.16).
// Changes of state come in any context, so who did it is kept in a table. SCTP is
// left out: its addresses belong to the association, not to the socket. Of MPTCP
// the subflows are told, which are TCP.
#include "flow.h"

// Sockets whose failed connect is told, for the system call that returns the error later.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);   // struct sock
	__type(value, u64); // its identity
} refusals SEC(".maps");

// own says who owns a connection from now on: the current process.
static __always_inline bool own(struct event_header *by, enum kind kind)
{
	return identify(by, wanted(kind) ? kind : KIND_FLOW_END, 0);
}

// is_own says whether the sensor itself is at work, where that must be known.
static __always_inline bool is_own(void)
{
	return scope == SCOPE_HOST && bpf_get_current_pid_tgid() >> 32 == self_pid;
}

// begin_flow remembers a connection. Of one that is not watched nothing is kept,
// but for the sensor's own: of a whole host, every end that has no owner is told.
static __always_inline void begin_flow(u64 key, struct flow *f, bool owned)
{
	if (!owned) {
		if (!is_own())
			return;
		f->flags |= FLOW_SILENT;
	}
	if (keep_flow(key, f) || !owned)
		return;
	if (!(f->flags & FLOW_ACCEPTED))
		count_lost(KIND_CONNECT, LOST_TABLE_FULL);
	if (scope != SCOPE_HOST) // else the end is told, without its owner
		count_lost(KIND_FLOW_END, LOST_TABLE_FULL);
}

static __always_inline struct tcp_sock *tcp_of(struct sock *sk, bool typed)
{
	if (can_cast())
		return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
	return typed ? bpf_skc_to_tcp_sock(sk) : (struct tcp_sock *)sk;
}

// describe_flow gives the ends of a connection, of one that is closed too: by
// then inet_put_port has cleared skc_num, but not inet_sport.
static __always_inline void describe_flow(struct endpoints *e, struct sock *sk, struct tcp_sock *tp, bool typed)
{
	describe_ends(e, sk, typed);
	e->local_port = host_order(FIELD(typed, tp, inet_conn.icsk_inet.inet_sport));
}

static __always_inline void tell_connect(struct sock *sk, struct flow *f, long result)
{
	struct socket_record r = {};
	struct tcp_sock *tp = tcp_of(sk, true);

	f->flags |= FLOW_TOLD;
	if (!tp || !wanted(KIND_CONNECT))
		return;
	r.h = f->by;
	set_kind(&r.h, KIND_CONNECT, sizeof(r));
	describe_flow(&r.e.ends, sk, tp, true);
	r.e.ends.socket = f->socket;
	r.e.latency_ns = r.h.time - f->by.time;
	set_result(&r, result);
	send_bulk(&r.h, sizeof(r), sizeof(r));
}

// tell_flow_end gives the totals. bytes_sent counts data that was sent again as
// well, bytes_received the FIN as a byte (tcp_rcv_nxt_update up to its end_seq).
static __always_inline void tell_flow_end(struct sock *sk, struct flow *f, bool typed)
{
	struct flow_record r = {};
	struct tcp_sock *tp = tcp_of(sk, typed);

	if (!tp || !wanted(KIND_FLOW_END))
		return;
	if (f) {
		r.h = f->by;
		r.e.start = f->by.time;
		r.e.accepted = !!(f->flags & FLOW_ACCEPTED);
	} else {
		r.h.flags = EVENT_NO_IDENTITY;
		r.h.uid = FIELD(typed, sk, sk_uid.val);
		r.h.count = 1;
	}
	set_kind(&r.h, KIND_FLOW_END, sizeof(r));
	describe_flow(&r.e.ends, sk, tp, typed);
	r.e.ends.socket = f ? f->socket : socket_id(sk, typed);
	u64 received = FIELD(typed, tp, bytes_received);
	bool finished = FIELD(typed, sk, __sk_common.skc_flags) >> SOCK_DONE & 1;
	r.e.bytes_sent = FIELD(typed, tp, bytes_sent) - FIELD(typed, tp, bytes_retrans);
	r.e.bytes_received = received - (finished && received);
	r.e.packets_sent = FIELD(typed, tp, segs_out);
	r.e.packets_received = FIELD(typed, tp, segs_in);
	r.e.error = FIELD(typed, sk, sk_err);
	send_bulk(&r.h, sizeof(r), sizeof(r));
}

// As functions of their own, these do not add to the stack of what calls them:
// 512 bytes are for all.
static __noinline int end_typed(struct sock *sk, struct flow *f)
{
	tell_flow_end(sk, f, true);
	return 0;
}

static __noinline int end_untyped(struct sock *sk, struct flow *f)
{
	tell_flow_end(sk, f, can_cast());
	return 0;
}

static __always_inline int on_listen(struct sock *sk)
{
	struct socket_record r = {};

	if (!identify(&r.h, KIND_LISTEN, sizeof(r.e)))
		return 0;
	if (!sk->__sk_common.skc_num) { // listen without bind: the port comes next, see on_autobound
		struct flow f = {.by = r.h, .flags = FLOW_LISTEN};
		begin_flow(flow_key(FLOW_WORD_BEGIN, sk), &f, true);
		return 0;
	}
	describe_ends(&r.e.ends, sk, true);
	r.e.ends.socket = socket_id(sk, true);
	r.e.backlog = sk->sk_max_ack_backlog;
	send_vital(&r.h, sizeof(r), sizeof(r));
	return 0;
}

static __always_inline int on_connect_begin(struct sock *sk)
{
	struct flow f = {};
	bool owned = own(&f.by, KIND_CONNECT);

	if (owned)
		f.socket = socket_id(sk, true);
	begin_flow(flow_key(FLOW_WORD_BEGIN, sk), &f, owned);
	return 0;
}

static __always_inline int on_established(struct sock *sk, int before)
{
	if (before == TCP_SYN_RECV && !sk->sk_socket) // waits to be accepted
		return 0;
	struct flow *f = flow_of(flow_key(FLOW_WORD_STATE, sk));
	if (f && !(f->flags & (FLOW_TOLD | FLOW_SILENT)))
		tell_connect(sk, f, 0);
	return 0;
}

// fail_connect tells of a connection that never came about, unless the call that
// asks for it fails at once: that knows why, and tells.
static __always_inline void fail_connect(struct sock *sk, struct flow *f)
{
	u64 key = (u64)sk, id = f->socket;
	int error = sk->sk_err;

	if (!error && sk->sk_shutdown != SHUTDOWN_MASK)
		return;
	tell_connect(sk, f, error ? -error : -ERROR_CONNECTION_ABORTED);
	bpf_map_update_elem(&refusals, &key, &id, BPF_ANY);
}

// was_refused says whether a failure is told already, see fail_connect.
static __always_inline bool was_refused(struct sock *sk)
{
	u64 key = (u64)sk;
	u64 *id = bpf_map_lookup_elem(&refusals, &key);
	bool told = id && *id == socket_id(sk, can_cast());
	if (told)
		bpf_map_delete_elem(&refusals, &key);
	return told;
}

static __always_inline int on_closed(struct sock *sk, int before)
{
	if (before == TCP_CLOSE)
		return 0;
	u64 key = flow_key(FLOW_WORD_STATE, sk);
	struct flow *f = flow_of(key);
	if (f) {
		if (!(f->flags & (FLOW_TOLD | FLOW_ACCEPTED | FLOW_SILENT | FLOW_LISTEN)))
			fail_connect(sk, f);
		else if (!(f->flags & (FLOW_SILENT | FLOW_LISTEN)))
			end_typed(sk, f);
		end_flow(key);
		return 0;
	}
	if (scope != SCOPE_HOST || before == TCP_LISTEN || before == TCP_SYN_SENT || before == TCP_SYN_RECV)
		return 0;
	bool orphan = sk->__sk_common.skc_flags >> SOCK_DEAD & 1;
	if (!orphan && !sk->sk_socket) // not accepted yet: told when it is
		return 0;
	if (!orphan && sk->sk_shutdown == SHUTDOWN_MASK && is_own()) // see on_close_begin
		return 0;
	// It began before the sensor did.
	return end_typed(sk, NULL);
}

// on_close_begin: in the tracepoint tier nobody sees what the sensor accepts, but it closes it.
static __always_inline int on_close_begin(struct sock *sk)
{
	struct flow f = {};

	if (!is_own())
		return 0;
	u64 key = flow_key(FLOW_WORD_BEGIN, sk);
	if (!flow_of(key))
		begin_flow(key, &f, false);
	return 0;
}

// In the full tier what a process asks for is seen at the functions that do it: a
// connection goes through eight changes of state, and each runs what hangs there.
SEC("fentry/tcp_connect")
int flow_connect(u64 *ctx)
{
	hold();
	on_connect_begin((void *)ctx[0]);
	let_go();
	return 0;
}

SEC("fentry/inet_csk_listen_start")
int flow_listen(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	hold();
	on_listen(sk);
	let_go();
	return 0;
}

// In the others two programs look at the changes. The first runs where a process asks
// for them; the second mostly where packets do, in interrupts that may come while the
// first runs: the kernel skips a program that is already running on the CPU.
SEC("tp_btf/inet_sock_set_state")
int flow_begin(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	int after = ctx[2];

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	hold();
	if (after == TCP_SYN_SENT)
		on_connect_begin(sk);
	else if (after == TCP_LISTEN)
		on_listen(sk);
	else if (after == TCP_FIN_WAIT1 || after == TCP_LAST_ACK)
		on_close_begin(sk);
	let_go();
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int flow_state(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	int before = ctx[1], after = ctx[2];

	if ((after != TCP_ESTABLISHED && after != TCP_CLOSE) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	hold();
	if (after == TCP_CLOSE)
		on_closed(sk, before);
	else
		on_established(sk, before);
	let_go();
	return 0;
}

static __always_inline void tell_accept(struct sock *sk, struct flow *f, bool typed)
{
	struct socket_record r = {};
	struct tcp_sock *tp = tcp_of(sk, typed);

	if (!tp || !wanted(KIND_ACCEPT))
		return;
	r.h = f->by;
	r.h.length = sizeof(r);
	describe_flow(&r.e.ends, sk, tp, typed);
	r.e.ends.socket = f->socket;
	send_bulk(&r.h, sizeof(r), sizeof(r));
}

static __noinline int accept_typed(struct sock *sk, struct flow *f)
{
	tell_accept(sk, f, true);
	return 0;
}

static __noinline int accept_untyped(struct sock *sk, struct flow *f)
{
	tell_accept(sk, f, can_cast());
	return 0;
}

// on_accept makes the process that accepts the owner of the connection. One that
// the other end has broken off by then ends here: its last change of state is over.
// The holder is what the process has: the same, or the MPTCP socket above it.
static __always_inline int on_accept(struct sock *sk, struct sock *holder, bool known)
{
	struct flow f = {.flags = FLOW_ACCEPTED};
	bool owned = own(&f.by, KIND_ACCEPT);

	bool typed = known || can_cast();

	if (owned) {
		f.socket = socket_id(holder, typed);
		known ? accept_typed(sk, &f) : accept_untyped(sk, &f);
	}
	u64 key = flow_key(FLOW_WORD_ACCEPT, sk);
	begin_flow(key, &f, owned);
	if (FIELD(typed, sk, __sk_common.skc_state) == TCP_CLOSE && end_flow(key) && owned)
		return known ? end_typed(sk, &f) : end_untyped(sk, &f);
	return 0;
}
