//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Files opened for writing, read where watched, and what was written when they close.
#include "calls.h"
#include "fold.h"

enum {
	FMODE_READ = 1, // include/linux/fs.h
	FMODE_WRITE = 2,
	FMODE_CREATED = 1 << 20,
	FMODE_NOACCOUNT = 1 << 29, // opened by the kernel for itself: the file below an overlay
	TYPE_MASK = 0170000,
	TYPE_REGULAR = 0100000,
	TYPE_BLOCK = 0060000,
	TYPE_CHARACTER = 0020000,
	WATCH_NAME = 32,
	VALUE_MAX = 256,
};

// An open file that may be written.
struct open_file {
	struct event_header by; // who opened it, or wrote last
	u64 bytes;
	u64 first;
	u64 last;
	u32 writes;
	u32 open_flags;
	bool sysctl;
	u8 pad0[7];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u64); // struct file
	__type(value, struct open_file);
} open_files SEC(".maps");

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

// is_storage says whether what is written there stays, or reaches the kernel's memory.
static __always_inline bool is_storage(struct inode *inode)
{
	u32 device = READ(inode, i_rdev);
	switch (READ(inode, i_mode) & TYPE_MASK) {
	case TYPE_REGULAR:
	case TYPE_BLOCK:
		return true;
	case TYPE_CHARACTER: // /dev/mem, /dev/kmem, /dev/port
		return device == (1 << 20 | 1) || device == (1 << 20 | 2) || device == (1 << 20 | 4);
	}
	return false;
}

static __always_inline bool is_sysctl(struct inode *inode, u8 *path, u16 length)
{
	u64 head;
	if (READ(inode, i_sb, s_magic) != PROC_MAGIC || length < 10)
		return false;
	bpf_probe_read_kernel(&head, sizeof(head), path);
	return head == 0x79732f636f72702fULL; // "/proc/sy"
}

// remember_file keeps who opened the file, for the summary at its close.
static __always_inline void remember_file(struct file *file, struct event_header *h, u32 open_flags, bool sysctl)
{
	u64 key = (u64)file;
	struct open_file o = { .by = *h, .open_flags = open_flags, .sysctl = sysctl };
	// An entry of the same address is a file whose close was not seen (tracepoint tier: exec, dup2).
	struct open_file *old = bpf_map_lookup_elem(&open_files, &key);
	if (old && old->writes)
		count_lost(KIND_FILE_WRITE, LOST_SCRATCH);
	bpf_map_update_elem(&open_files, &key, &o, BPF_ANY);
}

static __always_inline int on_open(struct file *file)
{
	u32 mode = READ(file, f_mode);
	enum kind kind = mode & FMODE_WRITE ? KIND_FILE_OPEN : KIND_FILE_READ;
	struct inode *inode = READ(file, f_inode);
	struct dentry *dentry = READ(file, f_path.dentry);

	if (mode & FMODE_NOACCOUNT)
		return 0;
	if (kind == KIND_FILE_OPEN ? !is_storage(inode) : !is_watched(dentry))
		return 0;
	struct scratch *s = scratch_of(SLOT_FILE_OPEN);
	if (!s)
		return 0;
	struct event_header *h = (void *)s->record;
	struct file_open_event *e = (void *)(h + 1);
	if (!identify(h, kind, sizeof(*e)))
		return 0;
	u32 open_flags = READ(file, f_flags);
	struct fold_key key = { .exec_id = h->exec_id, .inode = READ(inode, i_ino), .device = READ(inode, i_sb, s_dev), .kind = kind };
	struct fold *f = fold_of(&key);
	if (f && !(mode & FMODE_CREATED)) {
		if (kind == KIND_FILE_OPEN)
			remember_file(file, h, open_flags, false);
		__sync_fetch_and_add(&f->pending, 1);
		f->last = h->time;
		if (h->time - f->opened >= FOLD_WINDOW)
			end_fold(f, h->time);
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	describe_file(&e->file, inode);
	e->open_flags = open_flags;
	e->created = !!(mode & FMODE_CREATED);
	struct vfsmount *mnt = READ(file, f_path.mnt);
	h->flags |= file_flags(dentry, mnt, inode);
	e->len[FILE_PATH] = add_path(SLOT_FILE_OPEN, h, dentry, mnt);
	bool sysctl = is_sysctl(inode, (u8 *)(e + 1), e->len[FILE_PATH]);
	if (kind == KIND_FILE_OPEN)
		remember_file(file, h, open_flags, sysctl);
	u32 size = h->length;
	if (size > RECORD_SIZE)
		return 0;
	send_bulk(h, size);
	if (!sysctl)
		begin_fold(SLOT_FILE_OPEN, &key, h);
	return 0;
}

// The typed look at the mode lets opens for reading go after two loads.
SEC("fexit/security_file_open")
int file_open(u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	if ((long)ctx[1] || (!(file->f_mode & FMODE_WRITE) && !watch_lengths))
		return 0;
	return on_open(file);
}

SEC("kretprobe/security_file_open")
int kfile_open(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e && !CALL_RESULT(ctx) ? on_open((void *)e->argument[0]) : 0;
}

static __always_inline int on_open_call(long result)
{
	struct file *file = result >= 0 ? file_of(current_task(), result) : NULL;
	return file ? on_open(file) : 0;
}

SYSCALL(open) { return on_open_call(result); }
SYSCALL(openat) { return on_open_call(result); }
SYSCALL(openat2) { return on_open_call(result); }
SYSCALL(creat) { return on_open_call(result); }

// told_sysctl tells of a value given to a kernel setting.
static __always_inline void tell_sysctl(struct file *file, const void *value, u64 bytes)
{
	struct scratch *s = scratch_of(SLOT_SYSCTL);
	if (!s)
		return;
	struct event_header *h = (void *)s->record;
	struct sysctl_event *e = (void *)(h + 1);
	if (!identify(h, KIND_SYSCTL, sizeof(*e)))
		return;
	__builtin_memset(e, 0, sizeof(*e));
	e->bytes = bytes;
	e->len[SYSCTL_PATH] = add_path(SLOT_SYSCTL, h, READ(file, f_path.dentry), READ(file, f_path.mnt));
	u32 at = h->length, length = bytes;
	if (length > VALUE_MAX) {
		length = VALUE_MAX;
		h->flags |= EVENT_CUT;
	}
	if (at > RECORD_FIXED + PATH_MAX)
		return;
	if (bpf_probe_read_user(s->record + at, length, value))
		length = 0;
	e->len[SYSCTL_VALUE] = length;
	h->length += length;
	u32 size = h->length;
	if (size <= RECORD_SIZE)
		send_vital(h, size);
}

// on_write adds up. The writer need not be who opened the file: a shell opens for what it starts.
static __always_inline int on_write(struct file *file, const void *from, long bytes)
{
	u64 key = (u64)file, now = bpf_ktime_get_boot_ns();

	if (bytes <= 0)
		return 0;
	struct open_file *o = bpf_map_lookup_elem(&open_files, &key);
	if (!o) { // opened before the sensor looked, or outside its scope
		struct open_file fresh = {};
		if (!is_storage(READ(file, f_inode)) || READ(file, f_mode) & FMODE_NOACCOUNT)
			return 0;
		if (!identify(&fresh.by, KIND_FILE_WRITE, sizeof(struct file_write_event)))
			return 0;
		fresh.open_flags = READ(file, f_flags);
		if (bpf_map_update_elem(&open_files, &key, &fresh, BPF_NOEXIST))
			count_lost(KIND_FILE_WRITE, LOST_TABLE_FULL);
		o = bpf_map_lookup_elem(&open_files, &key);
		if (!o)
			return 0;
	} else if (o->by.pid != bpf_get_current_pid_tgid() >> 32) {
		identify(&o->by, KIND_FILE_WRITE, sizeof(struct file_write_event));
	}
	if (!o->first)
		o->first = now;
	o->last = now;
	__sync_fetch_and_add(&o->bytes, bytes);
	__sync_fetch_and_add(&o->writes, 1);
	if (o->sysctl && from)
		tell_sysctl(file, from, bytes);
	return 0;
}

SEC("fexit/vfs_write")
int file_write(u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	u16 type = file->f_inode->i_mode & TYPE_MASK;
	if (type != TYPE_REGULAR && type != TYPE_BLOCK && type != TYPE_CHARACTER)
		return 0;
	return on_write(file, (void *)ctx[1], ctx[4]);
}

SEC("fexit/vfs_writev")
int file_writev(u64 *ctx)
{
	return on_write((void *)ctx[0], NULL, ctx[5]);
}

SEC("fexit/iter_file_splice_write")
int file_splice(u64 *ctx)
{
	return on_write((void *)ctx[1], NULL, ctx[5]);
}

SEC("kretprobe/vfs_write")
int kfile_write(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_write((void *)e->argument[0], (void *)e->argument[1], CALL_RESULT(ctx)) : 0;
}

SEC("kretprobe/vfs_writev")
int kfile_writev(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_write((void *)e->argument[0], NULL, CALL_RESULT(ctx)) : 0;
}

SEC("kretprobe/iter_file_splice_write")
int kfile_splice(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_write((void *)e->argument[1], NULL, CALL_RESULT(ctx)) : 0;
}

static __always_inline int on_write_call(u32 descriptor, const void *from, long result)
{
	struct file *file = result > 0 ? file_of(current_task(), descriptor) : NULL;
	return file ? on_write(file, from, result) : 0;
}

SYSCALL(write) { return on_write_call(ARGUMENT1(regs), (void *)ARGUMENT2(regs), result); }
SYSCALL(pwrite64) { return on_write_call(ARGUMENT1(regs), (void *)ARGUMENT2(regs), result); }
SYSCALL(writev) { return on_write_call(ARGUMENT1(regs), NULL, result); }
SYSCALL(pwritev) { return on_write_call(ARGUMENT1(regs), NULL, result); }
SYSCALL(pwritev2) { return on_write_call(ARGUMENT1(regs), NULL, result); }
SYSCALL(sendfile64) { return on_write_call(ARGUMENT1(regs), NULL, result); }
SYSCALL(splice) { return on_write_call(ARGUMENT3(regs), NULL, result); }
SYSCALL(copy_file_range) { return on_write_call(ARGUMENT3(regs), NULL, result); }
