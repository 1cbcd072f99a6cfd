// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the sensor remembers of a TCP connection, from its connect or accept to
// its end. As with open files (open_file.h) the table is an array indexed by the
// socket's address, where finding an entry costs a few instructions; a connection
// whose slot is taken goes into a hash.
#ifndef VIGIL_FLOW_H
#define VIGIL_FLOW_H

#include "fold.h"
#include "socket.h"

enum flow_flag {
	FLOW_ACCEPTED = 1 << 0,
	FLOW_TOLD = 1 << 1,   // its CONNECT is out
	FLOW_SILENT = 1 << 2, // the sensor's own
	FLOW_LISTEN = 1 << 3, // no connection: listens, and has no port yet
};

enum { FLOW_SLOTS = 1 << 15 };

// The verifier lets nobody calculate with a pointer whose type it knows: such a
// one goes through memory that belongs to the program.
enum flow_word {
	FLOW_WORD_BEGIN,
	FLOW_WORD_STATE,
	FLOW_WORD_ACCEPT,
	FLOW_WORD_LISTEN,
	FLOW_WORDS,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FLOW_WORDS);
	__type(key, u32);
	__type(value, u64);
} flow_words SEC(".maps");

static __always_inline u64 flow_key(enum flow_word word, struct sock *sk)
{
	u32 index = word;
	volatile u64 *at = bpf_map_lookup_elem(&flow_words, &index);
	if (!at)
		return 0;
	*at = (u64)sk;
	return *at;
}

struct flow {
	u64 key; // struct sock; 0: free
	u32 claim;
	u32 flags;
	struct event_header by; // who connected or accepted; its time is the start
	u64 socket;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOW_SLOTS);
	__type(key, u32);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u64); // struct sock
	__type(value, struct flow);
} more_flows SEC(".maps");

volatile u32 more_flows_kept = 0; // 0: the hash need not be asked

static __always_inline struct flow *flow_slot(u64 key)
{
	u32 index = key * 0x9e3779b97f4a7c15ULL >> 49; // FLOW_SLOTS is 2^15
	return bpf_map_lookup_elem(&flows, &index);
}

static __always_inline struct flow *flow_of(u64 key)
{
	struct flow *f = flow_slot(key);
	if (f && f->key == key)
		return f;
	return more_flows_kept ? bpf_map_lookup_elem(&more_flows, &key) : NULL;
}

// keep_flow says false when there is no room. The socket's address goes in last:
// only then can others find the entry.
static __always_inline bool keep_flow(u64 key, const struct flow *fresh)
{
	struct flow *f = flow_slot(key);
	if (!f)
		return false;
	if (f->key == key || (!f->key && claim(&f->claim))) {
		f->flags = fresh->flags;
		f->by = fresh->by;
		f->socket = fresh->socket;
		*(volatile u64 *)&f->key = key;
		return true;
	}
	if (bpf_map_update_elem(&more_flows, &key, fresh, BPF_ANY))
		return false;
	__sync_fetch_and_add(&more_flows_kept, 1);
	return true;
}

// end_flow says false when there was none.
static __always_inline bool end_flow(u64 key)
{
	struct flow *f = flow_slot(key);
	if (f && f->key == key) {
		f->key = 0;
		release(&f->claim);
		return true;
	}
	if (!more_flows_kept || bpf_map_delete_elem(&more_flows, &key))
		return false;
	__sync_fetch_and_add(&more_flows_kept, -1);
	return true;
}

#endif
