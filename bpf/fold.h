// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Folding: the same process doing the same to the same file, by the same name, again within a
// window is counted, not told each time. The first record goes out at once; the
// repeats go out as one record with their number, at the latest when the sweep
// (an iterator that the sensor reads every second) finds the window over.
#ifndef VIGIL_FOLD_H
#define VIGIL_FOLD_H

#include "record.h"

enum {
	FOLD_PATH = 256,		// longer paths are not folded
	FOLD_SLOTS = 4096,		// a power of two
	FOLD_WINDOW = 1000000000,	// ns
	FOLD_IDLE = 5ULL * FOLD_WINDOW, // a slot unused for so long may be taken by another
};

struct fold_key {
	u64 exec_id;
	u64 inode;
	u64 name; // name_of
	u32 device;
	u32 kind;
};

// name_of tells names of one file apart, and a name from what it was before it, or
// the directory it is in, was renamed. (The kernel mixes a name's hash with the
// directory's address.)
static __always_inline u64 name_of(struct dentry *dentry, struct vfsmount *mnt)
{
	struct dentry *parent = READ(dentry, d_parent);
	u64 x = READ(dentry, d_name.hash) | (u64)READ(parent, d_name.hash) << 32;
	u32 mount = READ(mount_of(mnt), mnt_id);
	return x ^ (u64)READ(parent, d_parent, d_name.hash) << 16 ^ mount * 0x9e3779b97f4a7c15ULL;
}

struct fold {
	struct fold_key key; // exec_id 0: free
	u64 opened;	     // start of the window
	u64 last;
	u64 bytes; // of the writes not told yet
	u64 first_write;
	u32 writes;
	u32 pending; // repeats not told yet
	u32 size;    // of the record
	u32 claim;   // not 0: changing hands
	u8 record[sizeof(struct event_header) + sizeof(struct file_write_event) + FOLD_PATH];
};

// An array, not a hash: the look-up is a few instructions, and two that meet in
// one slot are simply not folded.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FOLD_SLOTS);
	__type(key, u32);
	__type(value, struct fold);
} folds SEC(".maps");

volatile u32 folds_waiting = 0; // some have repeats to tell

static __always_inline struct fold *fold_slot(const struct fold_key *key)
{
	u64 x = (key->exec_id ^ key->name ^ key->inode << 8 ^ key->kind ^ (u64)key->device << 40) * 0x9e3779b97f4a7c15ULL;
	u32 index = x >> 52; // FOLD_SLOTS is 2^12
	return bpf_map_lookup_elem(&folds, &index);
}

// fold_of finds the fold that a repeat belongs to.
static __always_inline struct fold *fold_of(const struct fold_key *key)
{
	struct fold *f = fold_slot(key);
	if (f && f->key.exec_id == key->exec_id && f->key.inode == key->inode && f->key.name == key->name && f->key.device == key->device && f->key.kind == key->kind)
		return f;
	return NULL;
}

// count_repeat adds to what the fold has to tell.
static __always_inline void count_repeat(struct fold *f)
{
	__sync_fetch_and_add(&f->pending, 1);
	if (!folds_waiting)
		folds_waiting = 1;
}

// claim takes a lock that nobody waits for; release gives it back. Linux 5.10 has
// no atomic that returns a value: of two that add at once, both see more than one.
static __always_inline bool claim(u32 *word)
{
	__sync_fetch_and_add(word, 1);
	if (*(volatile u32 *)word == 1)
		return true;
	__sync_fetch_and_add(word, -1);
	return false;
}

static __always_inline void release(u32 *word)
{
	__sync_fetch_and_add(word, -1);
}

// end_fold tells of the repeats until now. Their number is taken off, not
// cleared, so that one counted meanwhile on another CPU stays.
static __always_inline void end_fold(struct fold *f, u64 now)
{
	u32 pending = f->pending, size = f->size;
	struct event_header *h = (void *)f->record;

	if (!pending || size > sizeof(f->record))
		return;
	__sync_fetch_and_add(&f->pending, -pending);
	f->opened = now;
	h->time = f->last;
	h->count = pending;
	h->cpu = bpf_get_smp_processor_id();
	if (h->kind == KIND_FILE_WRITE) {
		struct file_write_event *e = (void *)(h + 1);
		u64 bytes = f->bytes;
		u32 writes = f->writes;
		__sync_fetch_and_add(&f->bytes, -bytes);
		__sync_fetch_and_add(&f->writes, -writes);
		e->bytes = bytes;
		e->writes = writes;
		e->first = f->first_write;
		e->last = f->last;
		f->first_write = 0;
	} else {
		((struct file_open_event *)(h + 1))->created = 0; // a repeat finds the file there
	}
	send_bulk(h, size, sizeof(f->record));
}

// begin_fold remembers a record that was just sent, for the repeats to come.
static __always_inline void begin_fold(const struct fold_key *key, struct event_header *h)
{
	struct fold *f = fold_slot(key);
	u32 size = h->length;
	u64 now = h->time;

	if (!f || size > sizeof(f->record) || (f->key.exec_id && now - f->last < FOLD_IDLE) || !claim(&f->claim))
		return;
	f->key.exec_id = 0;
	end_fold(f, now);
	f->opened = f->last = now;
	f->bytes = f->first_write = 0;
	f->writes = f->pending = 0;
	f->size = size;
	f->key.inode = key->inode;
	f->key.name = key->name;
	f->key.device = key->device;
	f->key.kind = key->kind;
	if (!bpf_probe_read_kernel(f->record, size, h))
		f->key.exec_id = key->exec_id;
	release(&f->claim);
}

struct bpf_map;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

// fold_sweep ends the folds whose window is over; reading the iterator runs it.
SEC("iter/bpf_map_elem")
int fold_sweep(struct bpf_iter__bpf_map_elem *ctx)
{
	u32 *key = ctx->key, index;
	u64 now = bpf_ktime_get_boot_ns();

	if (!key)
		return 0;
	index = *key;
	struct fold *f = bpf_map_lookup_elem(&folds, &index);
	if (!f || !f->pending)
		return 0;
	if (now - f->opened < FOLD_WINDOW || !claim(&f->claim)) {
		folds_waiting = 1;
		return 0;
	}
	end_fold(f, now);
	release(&f->claim);
	return 0;
}

#endif
