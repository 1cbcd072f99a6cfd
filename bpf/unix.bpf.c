//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Unix sockets: the path of the file that one is bound to, or its abstract name.
#include "socket.h"

enum { UNIX_NAME = 108 }; // sun_path, include/uapi/linux/un.h

// read_name copies the name of a unix socket, of which `length` bytes are valid, to
// a place with room for one more than UNIX_NAME. Abstract names begin with a zero.
static __always_inline u32 read_name(u8 *to, const void *from, u32 length, bool user)
{
	if (length == 0 || length > UNIX_NAME)
		return 0;
	if (user ? bpf_probe_read_user(to, length, from) : bpf_probe_read_kernel(to, length, from))
		return 0;
	if (!to[0]) {
		to[0] = '@';
		return length;
	}
	long n = user ? bpf_probe_read_user_str(to, UNIX_NAME + 1, from) : bpf_probe_read_kernel_str(to, UNIX_NAME + 1, from);
	return n > 0 ? (n - 1) & 127 : 0;
}

static __always_inline u32 read_bound_name(u8 *to, struct sock *sk)
{
	struct unix_address *address = READ((struct unix_sock *)sk, addr);
	if (!address)
		return 0;
	return read_name(to, &address->name[0].sun_path, READ(address, len) - 2, false);
}

// tell_unix tells of a unix socket with the name it is bound to, as it was given.
static __noinline int tell_unix(struct sock *sk, enum kind kind, u32 backlog)
{
	struct {
		struct socket_record r;
		u8 name[UNIX_NAME + 4];
	} n = {};

	if (!identify(&n.r.h, kind, sizeof(n.r.e)))
		return 0;
	describe_socket(&n.r.e.ends, sk, can_cast());
	n.r.e.ends.socket = socket_id(sk, can_cast());
	n.r.e.backlog = backlog;
	u32 length = read_bound_name(n.name, sk);
	if (length > UNIX_NAME)
		length = 0;
	if (length && n.name[0] != '@')
		n.r.h.flags |= EVENT_PATH_RAW;
	n.r.e.len[SOCKET_PATH] = length;
	n.r.h.length += length;
	if (kind == KIND_LISTEN)
		send_vital(&n.r.h, sizeof(n.r) + length, sizeof(n));
	else
		send_bulk(&n.r.h, sizeof(n.r) + length, sizeof(n));
	return 0;
}

// tell_unix_path tells of a unix socket with the whole path of the file that
// `named` is bound to; else with what was asked for.
static __always_inline int tell_unix_path(enum slot slot, enum kind kind, struct sock *sk, struct sock *named,
					  struct request asked, long result)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	struct socket_record *r = (void *)s->record;
	if (!identify(&r->h, kind, sizeof(r->e)))
		return 0;
	__builtin_memset(&r->e, 0, sizeof(r->e));
	describe_socket(&r->e.ends, sk, can_cast());
	r->e.ends.socket = socket_id(sk, can_cast());
	set_result(r, result);
	struct dentry *dentry = named ? READ((struct unix_sock *)named, path.dentry) : NULL;
	if (dentry) {
		r->e.len[SOCKET_PATH] = add_path(slot, &r->h, dentry, READ((struct unix_sock *)named, path.mnt));
	} else {
		u8 *name = s->record + sizeof(*r);
		u32 length = named ? read_bound_name(name, named) : read_name(name, asked.address + 2, asked.length - 2, asked.user);
		if (length && name[0] != '@')
			r->h.flags |= EVENT_PATH_RAW;
		r->e.len[SOCKET_PATH] = length;
		r->h.length += length;
	}
	send_bulk(&r->h, r->h.length, RECORD_SIZE);
	return 0;
}

static __always_inline int on_unix_bind(enum slot slot, struct sock *sk, struct request asked, long result)
{
	return tell_unix_path(slot, KIND_BIND, sk, result ? NULL : sk, asked, result);
}

static __always_inline int on_unix_connect(enum slot slot, struct sock *sk, struct request asked, long result)
{
	struct sock *peer = result ? NULL : READ((struct unix_sock *)sk, peer);
	return tell_unix_path(slot, KIND_CONNECT, sk, peer, asked, result);
}

SEC("fexit/unix_bind")
int unix_bind(u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	hold();
	on_unix_bind(SLOT_UNIX_BIND, socket->sk, (struct request){(void *)ctx[1], ctx[2]}, (int)ctx[3]);
	let_go();
	return 0;
}

SEC("fexit/unix_stream_connect")
int unix_stream_connect(u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	hold();
	on_unix_connect(SLOT_UNIX_CONNECT, socket->sk, (struct request){(void *)ctx[1], ctx[2]}, (int)ctx[4]);
	let_go();
	return 0;
}

SEC("fexit/unix_dgram_connect")
int unix_dgram_connect(u64 *ctx)
{
	struct socket *socket = (void *)ctx[0];
	hold();
	on_unix_connect(SLOT_UNIX_DATAGRAM, socket->sk, (struct request){(void *)ctx[1], ctx[2]}, (int)ctx[4]);
	let_go();
	return 0;
}

SEC("kretprobe/unix_bind")
int kunix_bind(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_unix_bind(SLOT_UNIX_BIND, sock_of_entry(e), request_of(e), (int)CALL_RESULT(ctx)) : 0;
}

SEC("kretprobe/unix_stream_connect")
int kunix_stream_connect(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_unix_connect(SLOT_UNIX_CONNECT, sock_of_entry(e), request_of(e), (int)CALL_RESULT(ctx)) : 0;
}

SEC("kretprobe/unix_dgram_connect")
int kunix_dgram_connect(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_unix_connect(SLOT_UNIX_DATAGRAM, sock_of_entry(e), request_of(e), (int)CALL_RESULT(ctx)) : 0;
}
