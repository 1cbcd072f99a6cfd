// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the sensor remembers of UDP sockets, and what it tells of a datagram,
// however it was seen.
#ifndef VIGIL_DATAGRAM_H
#define VIGIL_DATAGRAM_H

#include "fold.h"
#include "socket.h"

enum {
	PORT_DNS = 53,
	PORT_MDNS = 5353,
	DNS_HEADER = 12, // bytes, RFC 1035, section 4.1.1
	DNS_MAX = 1232,	 // what fits every path, as of the DNS flag day 2020
	TOLD_SENT = 1 << 0,
	TOLD_RECEIVED = 1 << 1,
};

// A UDP socket in use. Its flows share its totals: a socket cannot be asked for them.
struct datagram_flow {
	struct event_header by; // who used it first; its time is the start
	struct endpoints ends;	// with the other end of the last datagram
	u64 bytes_sent;
	u64 bytes_received;
	u64 packets_sent;
	u64 packets_received;
	u32 told; // TOLD_*: of this other end
	u32 pad0;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); // struct sock
	__type(value, struct datagram_flow);
} datagram_flows SEC(".maps");

volatile u32 datagrams_waiting = 0; // there are such sockets

// The other ends that a socket has had to do with. One that is forgotten is told again.
struct peer {
	u64 socket;
	u8 address[16];
	u32 port;
	u32 pad0;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct peer);
	__type(value, u32); // TOLD_*
} peers SEC(".maps");

// A DNS answer that its reader has yet to get hold of, by thread.
struct answer {
	struct endpoints ends;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct answer);
} answers SEC(".maps");

volatile u32 answers_waiting = 0;

struct datagram {
	u8 local[16];
	u8 remote[16];
	u64 payload; // where it lies
	u64 bytes;
	u32 readable;	// bytes of the payload that lie in one piece
	u16 local_port; // 0: the end is that of the socket
	u16 remote_port;
	u16 inbound;
	u16 user; // the payload lies in user memory
	u32 pad0;
};

// One for each program that cannot run nested in itself: records are too big for the stack.
enum datagram_scratch_index {
	SCRATCH_CALL, // all system calls: they share a program, sys_exit
	SCRATCH_SENT,
	SCRATCH_SENT6,
	SCRATCH_RECEIVED,
	SCRATCH_READ,
	SCRATCH_READ6,
	SCRATCH_COUNT,
};

struct datagram_scratch {
	u64 sock; // of the system call
	struct datagram d;
	struct datagram_flow fresh;
	struct peer peer;
	struct answer answer;
	u8 ip[40];
	struct socket_record record;
	struct flow_record end;
	struct {
		struct event_header h;
		struct dns_event e;
		u8 message[DNS_MAX];
	} dns;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, u32);
	__type(value, struct datagram_scratch);
} datagram_scratches SEC(".maps");

static __always_inline struct datagram_scratch *datagram_scratch_of(enum datagram_scratch_index index)
{
	u32 key = index;
	return bpf_map_lookup_elem(&datagram_scratches, &key);
}

static __always_inline bool is_same_end(const struct datagram_flow *f, const struct datagram *d)
{
	const u64 *a = (const u64 *)f->ends.remote, *b = (const u64 *)d->remote;
	return a[0] == b[0] && a[1] == b[1] && f->ends.remote_port == d->remote_port;
}

static __always_inline void set_ends(struct endpoints *e, const struct datagram *d)
{
	__builtin_memcpy(e->remote, d->remote, 16);
	e->remote_port = d->remote_port;
	if (!d->local_port)
		return;
	__builtin_memcpy(e->local, d->local, 16);
	e->local_port = d->local_port;
}

static __always_inline enum kind wanted_datagram_kind(void)
{
	if (wanted(KIND_DATAGRAM))
		return KIND_DATAGRAM;
	return wanted(KIND_FLOW_END) ? KIND_FLOW_END : KIND_DNS;
}

static __always_inline struct datagram_flow *begin_datagram_flow(struct datagram_scratch *s, struct sock *sk, bool typed)
{
	u64 key = (u64)sk;
	struct datagram_flow *f = &s->fresh;

	if (!identify(&f->by, wanted_datagram_kind(), 0))
		return NULL;
	describe_ends(&f->ends, sk, typed);
	f->ends.socket = socket_id(sk, typed);
	set_ends(&f->ends, &s->d);
	f->bytes_sent = f->bytes_received = f->packets_sent = f->packets_received = 0;
	f->told = 0;
	if (bpf_map_update_elem(&datagram_flows, &key, f, BPF_ANY))
		return f; // no room: what it says is told, but not its end
	datagrams_waiting = 1;
	return bpf_map_lookup_elem(&datagram_flows, &key);
}

// is_first says whether nothing was told yet of the other end in this direction.
static __always_inline bool is_first(struct datagram_scratch *s, struct datagram_flow *f)
{
	struct datagram *d = &s->d;
	u32 direction = d->inbound ? TOLD_RECEIVED : TOLD_SENT, told = 0;

	if (is_same_end(f, d) && f->told & direction)
		return false;
	struct peer *peer = &s->peer;
	peer->socket = f->ends.socket;
	__builtin_memcpy(peer->address, d->remote, 16);
	peer->port = d->remote_port;
	u32 *known = bpf_map_lookup_elem(&peers, peer);
	if (known)
		told = *known;
	bool first = !(told & direction);
	told |= direction;
	if (first)
		bpf_map_update_elem(&peers, peer, &told, BPF_ANY);
	set_ends(&f->ends, d);
	f->told = told;
	return first;
}

static __always_inline void tell_datagram(struct datagram_scratch *s, struct datagram_flow *f)
{
	struct socket_record *r = &s->record;

	if (!identify(&r->h, KIND_DATAGRAM, sizeof(r->e)))
		return;
	__builtin_memset(&r->e, 0, sizeof(r->e));
	r->e.ends = f->ends;
	set_ends(&r->e.ends, &s->d);
	r->e.bytes = s->d.bytes;
	r->e.inbound = s->d.inbound;
	send_bulk(&r->h, sizeof(*r), sizeof(*r));
}

// tell_dns sends the message, of a socket with these ends.
static __noinline int tell_dns(struct datagram_scratch *s, const struct endpoints *ends)
{
	struct datagram *d = &s->d;
	struct event_header *h = &s->dns.h;
	struct dns_event *e = &s->dns.e;
	u32 length = d->readable < d->bytes ? d->readable : d->bytes;

	if (!identify(h, KIND_DNS, sizeof(*e)))
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->ends = *ends;
	if (d->remote_port)
		set_ends(&e->ends, d);
	e->answer = d->inbound;
	e->size = d->bytes;
	if (length > DNS_MAX)
		length = DNS_MAX;
	if (length < d->bytes)
		h->flags |= EVENT_CUT;
	void *from = (void *)d->payload;
	long failed = d->user ? bpf_probe_read_user(s->dns.message, length, from) : bpf_probe_read_kernel(s->dns.message, length, from);
	if (failed) {
		h->flags |= EVENT_PATH_UNREADABLE;
		length = 0;
	}
	e->len[DNS_MESSAGE] = length;
	h->length += length;
	send_bulk(h, sizeof(*h) + sizeof(*e) + length, sizeof(s->dns));
	return 0;
}

static __always_inline bool is_dns(const struct datagram *d)
{
	return (d->remote_port == PORT_DNS || d->remote_port == PORT_MDNS) && d->bytes >= DNS_HEADER && wanted(KIND_DNS);
}

// await_answer leaves a message that cannot be read from its packet to on_read.
static __always_inline bool await_answer(struct datagram_scratch *s, struct datagram_flow *f)
{
	u64 thread = bpf_get_current_pid_tgid();

	s->answer.ends = f->ends;
	set_ends(&s->answer.ends, &s->d);
	s->answer.bytes = s->d.bytes;
	if (bpf_map_update_elem(&answers, &thread, &s->answer, BPF_NOEXIST))
		return false;
	__sync_fetch_and_add(&answers_waiting, 1);
	return true;
}

static __always_inline void tell_datagram_end(struct flow_record *r, struct datagram_flow *f)
{
	if (!wanted(KIND_FLOW_END))
		return;
	r->h = f->by;
	set_kind(&r->h, KIND_FLOW_END, sizeof(*r));
	r->e.ends = f->ends;
	r->e.start = f->by.time;
	r->e.bytes_sent = f->bytes_sent;
	r->e.bytes_received = f->bytes_received;
	r->e.packets_sent = f->packets_sent;
	r->e.packets_received = f->packets_received;
	r->e.accepted = r->e.error = 0;
	send_bulk(&r->h, sizeof(*r), sizeof(*r));
}

static __always_inline void end_datagram_flow(struct flow_record *r, struct sock *sk, struct datagram_flow *f)
{
	u64 key = (u64)sk;
	tell_datagram_end(r, f);
	bpf_map_delete_elem(&datagram_flows, &key);
}

// is_gone says that the socket of a flow was closed unseen, as in the tracepoint
// tier: its memory is another's by now, or no process's.
static __always_inline bool is_gone(struct sock *sk, struct datagram_flow *f)
{
	return f->ends.socket != socket_id(sk, can_cast());
}

static __always_inline int on_datagram(struct datagram_scratch *s, struct sock *sk, bool typed, bool called)
{
	u64 key = (u64)sk;
	struct datagram *d = &s->d;
	struct datagram_flow *f = bpf_map_lookup_elem(&datagram_flows, &key);

	if (f && called && is_gone(sk, f)) {
		end_datagram_flow(&s->end, sk, f);
		f = NULL;
	}
	if (!f)
		f = begin_datagram_flow(s, sk, typed);
	if (!f)
		return 0;
	if (d->inbound) {
		__sync_fetch_and_add(&f->bytes_received, d->bytes);
		__sync_fetch_and_add(&f->packets_received, 1);
	} else {
		__sync_fetch_and_add(&f->bytes_sent, d->bytes);
		__sync_fetch_and_add(&f->packets_sent, 1);
	}
	if (is_first(s, f)) {
		tell_datagram(s, f);
		if (f == &s->fresh)
			count_lost(KIND_FLOW_END, LOST_TABLE_FULL);
	}
	if (!is_dns(d))
		return 0;
	bool whole = d->readable >= d->bytes || d->readable >= DNS_MAX;
	if (typed && !called && d->inbound && !whole && await_answer(s, f))
		return 0;
	return tell_dns(s, &f->ends);
}

// is_udp says whether a system call is about a UDP socket, and leaves the socket
// in the scratch: as a number, since functions like these may not be given pointers
// that the verifier knows to be of the kernel.
static __always_inline bool is_udp(struct sock *sk)
{
	if (!sk || READ(sk, sk_protocol) != IPPROTO_UDP)
		return false;
	u16 family = READ(sk, __sk_common.skc_family);
	struct datagram_scratch *s = datagram_scratch_of(SCRATCH_CALL);
	if (!s || (family != AF_INET && family != AF_INET6))
		return false;
	s->sock = (u64)sk;
	return true;
}

// datagram_call takes a datagram that a system call has sent or received on this
// socket. `how` is how much of the payload lies in one piece, and DATAGRAM_RECEIVED
// for received. A function that the verifier looks at once, not at each turn of a loop.
int datagram_call(u64 name, u64 payload, u64 bytes, u64 how);

#define DATAGRAM_READABLE(bytes) ((u64)(bytes) << 1)
#define DATAGRAM_RECEIVED 1

#endif
