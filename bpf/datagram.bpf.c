//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Datagrams of UDP: the first of each flow and direction, the totals of a socket
// at its end, and every DNS message. In the better tiers they are seen as packets,
// whoever asked for them: sent ones on their way to the IP layer, in the context
// of the sender; received ones as their reader is done with them.
#include "datagram.h"

// on_packet takes a datagram that lies in the kernel. The transport header is
// followed by the payload, both when sent (data is at the IP header) and when
// received (data is at the payload).
static __always_inline int on_packet(enum datagram_scratch_index index, struct sock *sk, struct sk_buff *skb, bool inbound, bool typed)
{
	struct datagram_scratch *s = datagram_scratch_of(index);
	struct {
		u16 source, destination, length, check;
	} udp;
	if (!s)
		return 0;
	struct datagram *d = &s->d;
	u8 *head = FIELD(typed, skb, head), *data = FIELD(typed, skb, data);
	u32 at = FIELD(typed, skb, transport_header), packet = FIELD(typed, skb, network_header);
	if (bpf_probe_read_kernel(&udp, sizeof(udp), head + at) || bpf_probe_read_kernel(s->ip, sizeof(s->ip), head + packet))
		return 0;
	u8 *from = inbound ? d->remote : d->local, *to = inbound ? d->local : d->remote;
	if (s->ip[0] >> 4 == 4) { // RFC 791, section 3.1
		set_ipv4(from, *(u32 *)(s->ip + 12));
		set_ipv4(to, *(u32 *)(s->ip + 16));
	} else { // RFC 8200, section 3
		__builtin_memcpy(from, s->ip + 8, 16);
		__builtin_memcpy(to, s->ip + 24, 16);
	}
	d->remote_port = host_order(inbound ? udp.source : udp.destination);
	d->local_port = host_order(inbound ? udp.destination : udp.source);
	d->payload = (u64)head + at + sizeof(udp);
	d->bytes = FIELD(typed, skb, len) - (d->payload - (u64)data);
	d->readable = d->bytes - FIELD(typed, skb, data_len);
	d->inbound = inbound;
	d->user = false;
	return on_datagram(s, sk, typed, false);
}

static __always_inline int on_sent(enum datagram_scratch_index index, struct sk_buff *skb, bool typed)
{
	struct sock *sk = FIELD(typed, skb, sk);
	if (!sk || FIELD(typed, sk, sk_protocol) != IPPROTO_UDP)
		return 0;
	return on_packet(index, sk, skb, false, typed);
}

HELD("fentry/ip_send_skb", datagram_send, on_sent(SCRATCH_SENT, (void *)ctx[1], true))

HELD("fentry/ip6_send_skb", datagram_send6, on_sent(SCRATCH_SENT6, (void *)ctx[0], true))

SEC("kprobe/ip_send_skb")
int kdatagram_send(struct pt_regs *ctx) { return on_sent(SCRATCH_SENT, (void *)CALL_ARGUMENT2(ctx), false); }

SEC("kprobe/ip6_send_skb")
int kdatagram_send6(struct pt_regs *ctx) { return on_sent(SCRATCH_SENT6, (void *)CALL_ARGUMENT1(ctx), false); }

// The length is negative when the reader only peeked.
SEC("fentry/skb_consume_udp")
int datagram_receive(u64 *ctx)
{
	struct sock *sk = (void *)ctx[0];
	if ((int)ctx[2] < 0 || sk->sk_protocol != IPPROTO_UDP)
		return 0;
	hold();
	on_packet(SCRATCH_RECEIVED, sk, (void *)ctx[1], true, true);
	let_go();
	return 0;
}

SEC("kprobe/skb_consume_udp")
int kdatagram_receive(struct pt_regs *ctx)
{
	struct sock *sk = (void *)CALL_ARGUMENT1(ctx);
	if ((int)CALL_ARGUMENT3(ctx) < 0 || READ(sk, sk_protocol) != IPPROTO_UDP)
		return 0;
	return on_packet(SCRATCH_RECEIVED, sk, (void *)CALL_ARGUMENT2(ctx), true, false);
}

// first_buffer finds where a read that is over began to write to user memory.
static __always_inline const void *first_buffer(struct msghdr *msg, u64 copied)
{
	struct iov_iter *iter = &msg->msg_iter;
	u64 offset = READ(iter, iov_offset);
	const struct iovec *vector;

	if (bpf_core_enum_value_exists(enum iter_type, ITER_UBUF) && READ(iter, iter_type) == bpf_core_enum_value(enum iter_type, ITER_UBUF))
		return offset == copied ? READ(iter, ubuf) : NULL;
	if (bpf_core_field_exists(iter->__iov))
		vector = READ(iter, __iov);
	else
		vector = READ((struct iov_iter___old *)iter, iov);
	if (!offset) // the buffer is full: the iterator stands behind it
		vector--;
	else if (offset != copied)
		return NULL;
	struct iovec v = {};
	bpf_probe_read_kernel(&v, sizeof(v), vector);
	return offset || v.iov_len == copied ? v.iov_base : NULL;
}

// on_read tells of a DNS answer that did not lie in one piece in its packet (of
// network drivers, commonly all but its first bytes): the reader's buffer has it.
static __always_inline int on_read(enum datagram_scratch_index index, struct msghdr *msg, u64 asked)
{
	u64 thread = bpf_get_current_pid_tgid();
	struct answer *a = bpf_map_lookup_elem(&answers, &thread);
	struct datagram_scratch *s = datagram_scratch_of(index);
	if (!a || !s)
		return 0;
	u64 copied = asked - READ(msg, msg_iter.count);
	s->d.payload = (u64)first_buffer(msg, copied);
	s->d.bytes = a->bytes;
	s->d.readable = s->d.payload ? copied : 0;
	s->d.inbound = s->d.user = true;
	s->d.remote_port = 0; // the ends are those of the packet
	tell_dns(s, &a->ends);
	bpf_map_delete_elem(&answers, &thread);
	__sync_fetch_and_add(&answers_waiting, -1);
	return 0;
}

SEC("fexit/udp_recvmsg")
int datagram_read(u64 *ctx)
{
	if (!answers_waiting)
		return 0;
	hold();
	on_read(SCRATCH_READ, (void *)ctx[1], ctx[2]);
	let_go();
	return 0;
}

SEC("fexit/udpv6_recvmsg")
int datagram_read6(u64 *ctx)
{
	if (!answers_waiting)
		return 0;
	hold();
	on_read(SCRATCH_READ6, (void *)ctx[1], ctx[2]);
	let_go();
	return 0;
}

static __always_inline int on_destroy(struct sock *sk)
{
	u64 key = (u64)sk;
	struct flow_record r;
	struct datagram_flow *f = bpf_map_lookup_elem(&datagram_flows, &key);
	if (f)
		end_datagram_flow(&r, sk, f);
	return 0;
}

HELD("fentry/udp_destroy_sock", datagram_end, on_destroy((void *)ctx[0]))

HELD("fentry/udpv6_destroy_sock", datagram_end6, on_destroy((void *)ctx[0]))

SEC("kprobe/udp_destroy_sock")
int kdatagram_end(struct pt_regs *ctx) { return on_destroy((void *)CALL_ARGUMENT1(ctx)); }

SEC("kprobe/udpv6_destroy_sock")
int kdatagram_end6(struct pt_regs *ctx) { return on_destroy((void *)CALL_ARGUMENT1(ctx)); }

// datagram_sweep ends the sockets that are gone, for the tier that does not see
// them go; reading the iterator runs it.
SEC("iter/bpf_map_elem")
int datagram_sweep(struct bpf_iter__bpf_map_elem *ctx)
{
	u64 *key = ctx->key;
	struct flow_record r;
	if (!key)
		return 0;
	u64 sk = *key;
	struct datagram_flow *f = bpf_map_lookup_elem(&datagram_flows, &sk);
	if (f && is_gone(as_sock(sk), f))
		end_datagram_flow(&r, (struct sock *)sk, f);
	else
		datagrams_waiting = 1;
	return 0;
}

// The tracepoint tier: what a system call was given, or gave.
enum {
	MSG_PEEK = 2, // include/linux/socket.h
	MSG_ERRQUEUE = 0x2000,
	MESSAGES = 64, // of one sendmmsg or recvmmsg: those beyond are not seen
};

static __always_inline int on_call(u64 name, u64 payload, u64 bytes, u64 how)
{
	struct datagram_scratch *s = datagram_scratch_of(SCRATCH_CALL);
	if (!s)
		return 0;
	struct sock *sk = as_sock(s->sock);
	struct datagram *d = &s->d;
	d->local_port = d->remote_port = 0;
	if (!name || !read_address(d->remote, &d->remote_port, (void *)name, true)) {
		describe_ends(&s->answer.ends, sk, can_cast());
		__builtin_memcpy(d->remote, s->answer.ends.remote, 16);
		d->remote_port = s->answer.ends.remote_port;
	}
	d->payload = payload;
	d->bytes = bytes;
	d->readable = how >> 1;
	d->inbound = how & DATAGRAM_RECEIVED;
	d->user = true;
	return on_datagram(s, sk, can_cast(), true);
}

// Global, so that the verifier looks at it once: see SYSCALL_FREE.
__attribute__((noinline)) int datagram_call(u64 name, u64 payload, u64 bytes, u64 how)
{
	hold();
	on_call(name, payload, bytes, how);
	let_go();
	return 0;
}

struct user_message { // struct user_msghdr, include/linux/socket.h
	u64 name;
	u64 name_length;
	u64 vector;
	u64 vectors;
	u64 control[3];
};

struct user_messages { // struct mmsghdr
	struct user_message message;
	u32 bytes;
	u32 pad0;
};

__attribute__((noinline)) int datagram_message(u64 message, u64 bytes, u64 received)
{
	struct user_message m;
	struct iovec v = {};

	if (bpf_probe_read_user(&m, sizeof(m), (void *)message))
		return 0;
	if (m.vectors)
		bpf_probe_read_user(&v, sizeof(v), (void *)m.vector);
	u64 readable = v.iov_len < bytes ? v.iov_len : bytes;
	return datagram_call(m.name, (u64)v.iov_base, bytes, DATAGRAM_READABLE(readable) | received);
}

static __always_inline int on_buffer(u32 descriptor, u64 name, u64 payload, long result, u64 received)
{
	if (result < 0 || !is_udp(sock_of(descriptor)))
		return 0;
	return datagram_call(name, payload, result, DATAGRAM_READABLE(result) | received);
}

static __always_inline int on_message(u32 descriptor, u64 message, long result, u64 received)
{
	if (result < 0 || !is_udp(sock_of(descriptor)))
		return 0;
	return datagram_message(message, result, received);
}

static __always_inline int on_messages(u32 descriptor, u64 messages, long result, u64 received)
{
	if (result <= 0 || !is_udp(sock_of(descriptor)))
		return 0;
	for (u32 i = 0; i < MESSAGES && i < result; i++) {
		u64 message = messages + i * sizeof(struct user_messages);
		u32 bytes = 0;
		bpf_probe_read_user(&bytes, sizeof(bytes), (void *)message + sizeof(struct user_message));
		datagram_message(message, bytes, received);
	}
	return 0;
}

SYSCALL_FREE(sendto) { return on_buffer(ARGUMENT1(regs), ARGUMENT5(regs), ARGUMENT2(regs), result, 0); }
SYSCALL_FREE(sendmsg) { return on_message(ARGUMENT1(regs), ARGUMENT2(regs), result, 0); }
SYSCALL_FREE(sendmmsg) { return on_messages(ARGUMENT1(regs), ARGUMENT2(regs), result, 0); }

SYSCALL_FREE(recvfrom)
{
	u64 size = ARGUMENT3(regs); // less than the result, if asked for the whole size (MSG_TRUNC)
	if (ARGUMENT4(regs) & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	if (result > 0 && (u64)result > size)
		result = size;
	return on_buffer(ARGUMENT1(regs), ARGUMENT5(regs), ARGUMENT2(regs), result, DATAGRAM_RECEIVED);
}

SYSCALL_FREE(recvmsg)
{
	if (ARGUMENT3(regs) & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	return on_message(ARGUMENT1(regs), ARGUMENT2(regs), result, DATAGRAM_RECEIVED);
}

SYSCALL_FREE(recvmmsg)
{
	if (ARGUMENT4(regs) & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	return on_messages(ARGUMENT1(regs), ARGUMENT2(regs), result, DATAGRAM_RECEIVED);
}

SYSCALL_FREE(read) { return on_buffer(ARGUMENT1(regs), 0, ARGUMENT2(regs), result, DATAGRAM_RECEIVED); }
