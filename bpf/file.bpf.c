//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Files opened: for writing, and for reading where watched.
#include "calls.h"
#include "open_file.h"

enum {
	WATCH_NAME = 32,
	SB_NOUSER = 1u << 31, // include/linux/fs.h: nobody can mount it
};

// Names of files and of directories whose files are watched for reading; the
// sensor judges the whole path. The two masks keep most opens off the map:
// lengths, and first letters.
struct watch_key {
	char name[WATCH_NAME];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct watch_key);
	__type(value, u32);
} watches SEC(".maps");

volatile u64 watch_lengths = 0; // bit per length of a watched name, modulo 64
volatile u64 watch_letters = 0; // bit per first byte, modulo 64

static __always_inline bool is_watched_name(struct dentry *dentry)
{
	struct watch_key key = {};
	u32 length = READ(dentry, d_name.len);

	if (!(watch_lengths >> (length & 63) & 1) || length >= WATCH_NAME)
		return false;
	if (bpf_probe_read_kernel(key.name, length & (WATCH_NAME - 1), READ(dentry, d_name.name)))
		return false;
	if (!(watch_letters >> (key.name[0] & 63) & 1))
		return false;
	return bpf_map_lookup_elem(&watches, &key) != NULL;
}

static __always_inline bool is_watched(struct dentry *dentry)
{
	return watch_lengths && (is_watched_name(dentry) || is_watched_name(READ(dentry, d_parent)));
}

// is_handle tells what the kernel only dresses as a regular file: since Linux 6.9 the
// handle of a process (pidfd) that fork gives is one, opened for writing.
static __always_inline bool is_handle(struct super_block *sb)
{
	return READ(sb, s_flags) & SB_NOUSER && READ(sb, s_magic) != TMPFS_MAGIC; // a memfd is more than a handle
}

static __always_inline bool is_sysctl(struct inode *inode, u8 *path, u16 length)
{
	u64 head;
	if (READ(inode, i_sb, s_magic) != PROC_MAGIC || length < 10)
		return false;
	bpf_probe_read_kernel(&head, sizeof(head), path);
	return head == 0x79732f636f72702fULL; // "/proc/sy"
}

// fold_open counts an open like one told before.
static __always_inline bool fold_open(struct fold_key *key, struct event_header *h)
{
	struct fold *f = fold_of(key);
	if (!f)
		return false;
	count_repeat(f);
	f->last = h->time;
	if (h->time - f->opened >= FOLD_WINDOW)
		end_fold(f, h->time);
	return true;
}

static __always_inline int on_open(struct file *file, struct facts facts)
{
	enum kind kind = facts.mode & FMODE_WRITE ? KIND_FILE_OPEN : KIND_FILE_READ;

	if (facts.mode & FMODE_NOACCOUNT)
		return 0;
	if (kind == KIND_FILE_OPEN ? !is_storage(facts.type, facts.rdev) : !is_watched(READ(file, f_path.dentry)))
		return 0;
	struct scratch *s = scratch_of(SLOT_FILE_OPEN);
	if (!s)
		return 0;
	struct event_header *h = (void *)s->record;
	struct file_open_event *e = (void *)(h + 1);
	struct open_file *o = NULL;
	if (!identify(h, kind, sizeof(*e)) || is_handle(READ(file, f_inode, i_sb)))
		return 0;
	u32 open_flags = READ(file, f_flags);
	if (kind == KIND_FILE_OPEN)
		o = begin_open_file(address_of(SLOT_FILE_OPEN, file), h, open_flags);
	struct dentry *dentry = READ(file, f_path.dentry);
	struct vfsmount *mnt = READ(file, f_path.mnt);
	struct fold_key key = { h->exec_id, facts.inode, name_of(dentry, mnt), facts.device, kind };
	if (!(facts.mode & FMODE_CREATED) && fold_open(&key, h))
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	struct inode *inode = READ(file, f_inode);
	describe_file(&e->file, inode);
	e->open_flags = open_flags;
	e->created = !!(facts.mode & FMODE_CREATED);
	h->flags |= file_flags(dentry, mnt, inode);
	e->len[FILE_PATH] = add_path(SLOT_FILE_OPEN, h, dentry, mnt);
	bool sysctl = is_sysctl(inode, (u8 *)(e + 1), e->len[FILE_PATH]);
	if (o)
		o->sysctl = sysctl;
	send_bulk(h, h->length, RECORD_SIZE);
	if (!sysctl)
		begin_fold(&key, h);
	return 0;
}

SEC("fexit/security_file_open")
int file_open(u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	if ((long)ctx[1] || (!(file->f_mode & FMODE_WRITE) && !watch_lengths))
		return 0;
	hold();
	on_open(file, typed_facts_of(file));
	let_go();
	return 0;
}

SEC("kretprobe/security_file_open")
int kfile_open(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	struct file *file = e && !CALL_RESULT(ctx) ? (void *)e->argument[0] : NULL;
	return file ? on_open(file, facts_of(file)) : 0;
}

static __always_inline int on_open_call(long result)
{
	struct file *file = result >= 0 ? file_of(current_task(), result) : NULL;
	return file ? on_open(file, facts_of(file)) : 0;
}

SYSCALL(open) { return on_open_call(result); }
SYSCALL(openat) { return on_open_call(result); }
SYSCALL(openat2) { return on_open_call(result); }
SYSCALL(creat) { return on_open_call(result); }

