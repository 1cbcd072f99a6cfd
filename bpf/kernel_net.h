// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The kernel's sockets and packets, as far as the network topics read them:
// kernel.h says how such types are relocated.
#ifndef VIGIL_KERNEL_NET_H
#define VIGIL_KERNEL_NET_H

#include "kernel.h"

enum {
	AF_UNSPEC = 0, // include/linux/socket.h
	AF_UNIX = 1,
	AF_INET = 2,
	AF_INET6 = 10,
	AF_PACKET = 17,
	SOCK_STREAM = 1, // include/linux/net.h
	SOCK_DGRAM = 2,
	SOCK_RAW = 3,
	SOCK_PACKET = 10, // of AF_INET: the old name of AF_PACKET
	SOCK_TYPE_MASK = 15,
	IPPROTO_TCP = 6, // include/uapi/linux/in.h
	IPPROTO_UDP = 17,
	IPPROTO_MPTCP = 262,
	TCP_ESTABLISHED = 1, // include/net/tcp_states.h
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT1 = 4,
	TCP_CLOSE = 7,
	TCP_LAST_ACK = 9,
	TCP_LISTEN = 10,
	SHUTDOWN_MASK = 3, // include/net/sock.h: both directions
	SOCK_DEAD = 0,	   // enum sock_flags, include/net/sock.h: no process has it any more
	SOCK_DONE = 1,	   // the other end has sent its FIN
};

struct in6_addr {
	union {
		u8 u6_addr8[16];
	} in6_u;
} CORE;

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport; // network order
	u16 skc_num;   // host order
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	unsigned long skc_flags; // sk_flags: enum sock_flags
} CORE;

struct socket;
struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	int sk_err;
	u16 sk_type;
	u16 sk_protocol;
	u8 sk_shutdown;
	u8 sk_kern_sock : 1;
	u32 sk_max_ack_backlog;
	kuid_t sk_uid;
} CORE;

struct socket {
	short type;
	struct sock *sk;
	struct file *file;
} CORE;

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
} CORE;

struct inet_sock {
	struct sock sk;
	u16 inet_sport; // network order; stays when the port is given back
} CORE;

struct inet_connection_sock {
	struct inet_sock icsk_inet;
} CORE;

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u32 segs_in;
	u32 segs_out;
	u64 bytes_received;
	u64 bytes_sent;	   // of data, those sent again too
	u64 bytes_retrans; // of data sent again
} CORE;

struct mptcp_sock {
	struct sock *first; // the subflow that began it
} CORE;

struct sockaddr_un {
	u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	int len; // of the name with its family
	struct sockaddr_un name[0];
} CORE;

struct unix_sock {
	struct unix_address *addr;
	struct path path; // of the file it is bound to
	struct sock *peer;
} CORE;

struct sk_buff {
	struct sock *sk;
	unsigned int len;
	unsigned int data_len; // of it, what does not lie behind data
	u16 transport_header;  // from head
	u16 network_header;
	unsigned char *head;
	unsigned char *data;
} CORE;

struct iovec {
	void *iov_base;
	u64 iov_len;
};

// Which member holds the buffer moved often: Linux 6.0 added ubuf (fcb14cb1bdac),
// 6.4 renamed iov to __iov (de4f5fed3f23).
enum iter_type {
	ITER_IOVEC = 0,
	ITER_UBUF = 6,
};

struct iov_iter {
	u8 iter_type;
	u64 iov_offset;
	void *ubuf;
	const struct iovec *__iov;
	u64 count;
} CORE;

struct iov_iter___old {
	unsigned int type; // before 5.14 (8cd54c1c8480): a mask
	const struct iovec *iov;
} CORE;

struct msghdr {
	void *msg_name;
	struct iov_iter msg_iter;
} CORE;

#endif
