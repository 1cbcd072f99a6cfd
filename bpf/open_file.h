// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the sensor remembers of a file that is open for writing, from its open to
// its close. The table is an array indexed by the file's address: finding an
// entry at each write costs a few instructions. Two files that meet in a slot
// share nothing: the second goes into a hash.
#ifndef VIGIL_OPEN_FILE_H
#define VIGIL_OPEN_FILE_H

#include "fold.h"

enum {
	FMODE_WRITE = 2,	 // include/linux/fs.h
	FMODE_CREATED = 1 << 20,
	FMODE_NOACCOUNT = 1 << 29, // opened by the kernel for itself: the file below an overlay
	TYPE_MASK = 0170000,
	TYPE_REGULAR = 0100000,
	TYPE_BLOCK = 0060000,
	TYPE_CHARACTER = 0020000,
	OPEN_SLOTS = 1 << 14,
};

struct open_file {
	u64 file; // struct file; 0: free
	u32 claim;
	u32 open_flags;
	struct event_header by; // who opened it, or wrote last
	u64 bytes;
	u64 first;
	u64 last;
	u32 writes;
	u32 sysctl;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OPEN_SLOTS);
	__type(key, u32);
	__type(value, struct open_file);
} open_files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); // struct file
	__type(value, struct open_file);
} more_open_files SEC(".maps");

// address_of makes a number of a typed pointer, which the verifier lets nobody
// calculate with: stored in a word of the program's own and read back.
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOT_WORDS);
	__type(key, u32);
	__type(value, u64);
} addresses SEC(".maps");

static __always_inline u64 address_of(enum slot slot, void *pointer)
{
	u32 key = slot;
	volatile u64 *word = bpf_map_lookup_elem(&addresses, &key);
	if (!word)
		return 0;
	*word = (u64)pointer;
	return *word;
}

static __always_inline struct open_file *open_slot(u64 file)
{
	u32 index = file * 0x9e3779b97f4a7c15ULL >> 50; // OPEN_SLOTS is 2^14
	return bpf_map_lookup_elem(&open_files, &index);
}

static __always_inline struct open_file *open_file_of(u64 file)
{
	struct open_file *o = open_slot(file);
	if (o && o->file == file)
		return o;
	return bpf_map_lookup_elem(&more_open_files, &file);
}

// begin_open_file makes the entry of a file. One of the same address is of a file
// whose close was not seen (tracepoint tier: exec, close_range): its writes are lost.
static __always_inline struct open_file *begin_open_file(u64 file, struct event_header *by, u32 open_flags)
{
	struct open_file *o = open_slot(file);
	if (!o)
		return NULL;
	if (o->file == file && o->writes)
		count_lost(KIND_FILE_WRITE, LOST_SCRATCH);
	if (o->file == file || (!o->file && claim(&o->claim))) {
		o->by = *by;
		o->open_flags = open_flags;
		o->bytes = o->first = o->last = 0;
		o->writes = o->sysctl = 0;
		o->file = file;
		return o;
	}
	struct open_file fresh = { .file = file, .open_flags = open_flags };
	__builtin_memcpy(&fresh.by, by, sizeof(fresh.by));
	if (bpf_map_update_elem(&more_open_files, &file, &fresh, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&more_open_files, &file);
}

static __always_inline void end_open_file(struct open_file *o, u64 file)
{
	if (open_slot(file) != o) {
		bpf_map_delete_elem(&more_open_files, &file);
		return;
	}
	o->file = 0;
	release(&o->claim);
}

// What decides about a file, read once. From a typed pointer the loads are plain.
struct facts {
	u64 inode;
	u32 device;
	u32 mode; // f_mode
	u32 type; // st_mode & TYPE_MASK
	u32 rdev;
};

static __always_inline struct facts facts_of(struct file *file)
{
	struct inode *inode = READ(file, f_inode);
	return (struct facts){
		.inode = READ(inode, i_ino),
		.device = READ(inode, i_sb, s_dev),
		.mode = READ(file, f_mode),
		.type = READ(inode, i_mode) & TYPE_MASK,
		.rdev = READ(inode, i_rdev),
	};
}

static __always_inline struct facts typed_facts_of(struct file *file)
{
	struct inode *inode = file->f_inode;
	return (struct facts){
		.inode = inode->i_ino,
		.device = inode->i_sb->s_dev,
		.mode = file->f_mode,
		.type = inode->i_mode & TYPE_MASK,
		.rdev = inode->i_rdev,
	};
}

// is_storage says whether what is written there stays, or reaches the kernel's memory.
static __always_inline bool is_storage(u32 type, u32 rdev)
{
	if (type == TYPE_REGULAR || type == TYPE_BLOCK)
		return true;
	// /dev/mem, /dev/kmem, /dev/port
	return type == TYPE_CHARACTER && (rdev == (1 << 20 | 1) || rdev == (1 << 20 | 2) || rdev == (1 << 20 | 4));
}

#endif
