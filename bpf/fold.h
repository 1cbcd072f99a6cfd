// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Folding: the same process doing the same to the same file again within a
// window is counted, not told each time. The first record goes out at once; the
// repeats go out as one record with their number, at the latest when the sweep
// (an iterator that the sensor reads every second) finds the window over.
#ifndef VIGIL_FOLD_H
#define VIGIL_FOLD_H

#include "record.h"

enum {
	FOLD_PATH = 256,	     // longer paths are not folded
	FOLD_WINDOW = 1000000000,    // ns
	FOLD_IDLE = 5ULL * FOLD_WINDOW, // an entry unused for so long is taken away
};

struct fold_key {
	u64 exec_id;
	u64 inode;
	u32 device;
	u32 kind;
};

struct fold {
	u64 opened; // start of the window
	u64 last;
	u64 bytes;  // of the writes not told yet
	u64 first_write;
	u64 writes;
	u64 pending; // repeats not told yet
	u32 size;    // of the record
	u32 pad0;
	u8 record[sizeof(struct event_header) + sizeof(struct file_write_event) + FOLD_PATH];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct fold_key);
	__type(value, struct fold);
} folds SEC(".maps");

// Where a new fold is put together: a program's own, like a scratch.
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOT_FILE_WRITE + 1);
	__type(key, u32);
	__type(value, struct fold);
} new_folds SEC(".maps");

static __always_inline struct fold *fold_of(struct fold_key *key)
{
	return bpf_map_lookup_elem(&folds, key);
}

// begin_fold remembers a record that was just sent, for the repeats to come.
static __always_inline void begin_fold(enum slot slot, struct fold_key *key, struct event_header *h)
{
	u32 index = slot, size = h->length;
	struct fold *f = bpf_map_lookup_elem(&new_folds, &index);
	if (!f || size > sizeof(f->record))
		return;
	f->opened = f->last = h->time;
	f->bytes = f->first_write = f->writes = f->pending = 0;
	f->size = size;
	if (bpf_probe_read_kernel(f->record, size, h))
		return;
	bpf_map_update_elem(&folds, key, f, BPF_NOEXIST); // full: nothing is folded, nothing is lost
}

// end_fold tells of the repeats until now. Their number is taken, not cleared,
// so that one counted meanwhile on another CPU stays.
static __always_inline void end_fold(struct fold *f, u64 now)
{
	u64 pending = f->pending;
	u32 size = f->size;
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
		u64 bytes = f->bytes, writes = f->writes;
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
	send_bulk(h, size);
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
	struct fold_key *key = ctx->key, copy;
	struct fold *f = ctx->value;
	u64 now = bpf_ktime_get_boot_ns();

	if (!key || !f)
		return 0;
	copy = *key;
	f = bpf_map_lookup_elem(&folds, &copy);
	if (!f)
		return 0;
	if (now - f->opened >= FOLD_WINDOW)
		end_fold(f, now);
	if (now - f->last >= FOLD_IDLE && !bpf_map_delete_elem(&folds, &copy))
		end_fold(f, now); // counted between the two
	return 0;
}

#endif
