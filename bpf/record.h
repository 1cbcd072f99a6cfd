// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Records with strings: built in a per-CPU buffer that belongs to one program.
// The kernel never runs a tracing program twice at once on a CPU (it has a
// per-program guard since 5.12, and before that programs run with preemption
// off), so a buffer of its own needs no lock. A program that the guard skips is
// counted by the kernel; the sensor reports it as LOST_RECURSION.
#ifndef VIGIL_RECORD_H
#define VIGIL_RECORD_H

#include "core.h"

// One for each group of programs that cannot run nested.
enum slot {
	SLOT_FILE_OPEN,
	SLOT_FILE_WRITE,
	SLOT_FILE_RENAME,
	SLOT_FILE_UNLINK,
	SLOT_FILE_RMDIR,
	SLOT_FILE_LINK,
	SLOT_FILE_SYMLINK,
	SLOT_FILE_CHMOD,
	SLOT_FILE_CHOWN,
	SLOT_FILE_MKDIR,
	SLOT_FILE_SYSCALL, // setxattr, truncate: raised by one system call each
	SLOT_MOUNT,
	SLOT_MMAP,
	SLOT_MPROTECT,
	SLOT_KERNEL, // finit_module
	SLOT_MODULE_MEMORY, // init_module
	SLOT_SYSCTL,
	SLOT_CGROUP,
	SLOT_UNIX_BIND,
	SLOT_UNIX_CONNECT,
	SLOT_UNIX_DATAGRAM,
	SLOT_EXIT, // writes of files that a process leaves open
	SLOT_COUNT,
	SLOT_FILE_WRITEV = SLOT_COUNT, // only a word of address_of
	SLOT_FILE_SPLICE,
	SLOT_WORDS,
};

enum {
	RECORD_FIXED = 256, // header and fixed part at most
	RECORD_SIZE = RECORD_FIXED + 2 * PATH_MAX,
	EXEC_RECORD_SIZE = RECORD_FIXED + 3 * PATH_MAX + ARGUMENTS_MAX + 512,
	STRING_SLACK = PATH_MAX, // the verifier wants room behind the last place a string may start
};

// A path is walked from its last name to the root, so it is written from the end.
// Its state lies in memory, not in registers: the verifier then forgets what it
// knows of the offset after each name, finds all turns of the loop alike, and is
// done in thousands of steps instead of millions.
struct walk_buffer {
	u32 at; // first byte of the path
	u32 flags;
	u64 dentry;
	u64 mnt;
	char bytes[PATH_MAX + NAME_MAX + 1];
};

struct scratch {
	u8 record[RECORD_SIZE + STRING_SLACK];
	struct walk_buffer walk;
};

struct exec_scratch {
	u8 record[EXEC_RECORD_SIZE + STRING_SLACK];
	struct walk_buffer walk;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOT_COUNT);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

static __always_inline struct scratch *scratch_of(enum slot slot)
{
	u32 key = slot;
	return bpf_map_lookup_elem(&scratches, &key);
}

static __always_inline struct exec_scratch *exec_scratch_of(void)
{
	u32 key = 0;
	return bpf_map_lookup_elem(&exec_scratches, &key);
}

// What append gives back: the bytes written, and event flags above them.
#define APPENDED(length, flags) ((u64)(flags) << 32 | (u32)(length))
#define APPENDED_LENGTH(r) ((u32)(r)&0xffff)
#define APPENDED_FLAGS(r) ((u16)((r) >> 32))

enum {
	WALK_ON,
	WALK_DONE,
	ANONYMOUS_NS = 0xeffffff7, // MNT_NS_ANON_INO of include/uapi/linux/nsfs.h, since 6.18; 0 before
};

// is_placed says whether the mount at the end of a walk is the root of somebody's
// mount namespace: not one that was unmounted while in use, or never got a place.
static __always_inline bool is_placed(struct mount *m)
{
	u32 number = READ(m, mnt_ns, ns.inum); // of no namespace, or an error for one: 0
	return number && number != (u32)ANONYMOUS_NS;
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

// walk_name goes one name, or one mount, up.
static __always_inline int walk_name(struct walk_buffer *b)
{
	struct dentry *dentry = (void *)b->dentry;
	struct vfsmount *mnt = (void *)b->mnt;
	struct dentry *parent = READ(dentry, d_parent);
	u32 at = b->at;

	if (dentry == READ(mnt, mnt_root)) {
		struct mount *m = mount_of(mnt);
		struct mount *up = READ(m, mnt_parent);
		if (up == m || !up) {
			if (!is_placed(m))
				b->flags |= EVENT_PATH_DETACHED;
			return WALK_DONE;
		}
		b->dentry = (u64)READ(m, mnt_mountpoint);
		b->mnt = (u64)up + bpf_core_field_offset(struct mount, mnt);
		return WALK_ON;
	}
	bool rootless = dentry == parent || !parent;
	if (rootless) {
		// The root of a file system that is not mounted here, or a nameless
		// object (memfd, pipe) that is its own parent.
		b->flags |= EVENT_PATH_DETACHED;
		if (at != PATH_MAX)
			return WALK_DONE;
	}
	u32 length = READ(dentry, d_name.len) & NAME_MAX;
	if (length + 1 > at || at > PATH_MAX) {
		b->flags |= EVENT_PATH_CUT;
		return WALK_DONE;
	}
	at = (at - length - 1) & (PATH_MAX - 1);
	b->bytes[at] = '/';
	if (bpf_probe_read_kernel(&b->bytes[at + 1], length, READ(dentry, d_name.name)))
		b->flags |= EVENT_PATH_UNREADABLE;
	b->at = at;
	b->dentry = (u64)parent;
	return rootless ? WALK_DONE : WALK_ON;
}

// walk_path writes the path of (mnt, dentry) so that it ends at bytes[PATH_MAX].
static __always_inline void walk_path(struct walk_buffer *b)
{
	int i;

	b->at = PATH_MAX;
	b->flags = 0;
	for (i = 0; i < WALK_DEPTH; i++)
		if (walk_name(b) == WALK_DONE)
			goto done;
	b->flags |= EVENT_PATH_CUT;
done:
	if (b->at == PATH_MAX) {
		b->at = PATH_MAX - 1;
		b->bytes[PATH_MAX - 1] = '/';
	}
}

static __always_inline u64 append_walk(u8 *record, struct walk_buffer *b, u32 offset)
{
	walk_path(b);
	u32 at = b->at & (PATH_MAX - 1), length = PATH_MAX - at;
	if (bpf_probe_read_kernel(record + offset, length, &b->bytes[at]))
		return APPENDED(0, EVENT_PATH_UNREADABLE);
	return APPENDED(length, b->flags);
}

// append_path writes the path that the walk of the scratch begins at to the offset
// in its record. A function, so that the object holds the walk once.
static __attribute__((noinline)) u64 append_path(struct scratch *s, u32 offset)
{
	if (offset > RECORD_SIZE)
		return APPENDED(0, EVENT_PATH_UNREADABLE);
	return append_walk(s->record, &s->walk, offset);
}

static __attribute__((noinline)) u64 append_exec_path(struct exec_scratch *s, u32 offset)
{
	if (offset > EXEC_RECORD_SIZE)
		return APPENDED(0, EVENT_PATH_UNREADABLE);
	return append_walk(s->record, &s->walk, offset);
}

// add_path appends a path to the record that begins the slot's scratch.
static __always_inline u16 add_path(enum slot slot, struct event_header *h, struct dentry *dentry, struct vfsmount *mnt)
{
	struct scratch *s = (void *)h;
	s->walk.dentry = (u64)dentry;
	s->walk.mnt = (u64)mnt;
	u64 r = append_path(s, h->length);
	h->flags |= APPENDED_FLAGS(r);
	h->length += APPENDED_LENGTH(r);
	return APPENDED_LENGTH(r);
}

// add_text appends a kernel or user string (its end excluded) of at most `most` bytes, a power of two.
static __always_inline u16 add_text(u8 *record, struct event_header *h, const void *text, u32 most, bool user, u16 cut)
{
	u32 at = h->length;
	if (at > RECORD_SIZE)
		return 0;
	long n = user ? bpf_probe_read_user_str(record + at, most, text) : bpf_probe_read_kernel_str(record + at, most, text);
	if (n < 0) {
		h->flags |= EVENT_PATH_UNREADABLE;
		return 0;
	}
	if (n == most)
		h->flags |= cut;
	u32 length = n > 0 ? n - 1 : 0;
	h->length += length;
	return length;
}

static __always_inline void describe_file(struct file_identity *f, struct inode *inode)
{
	f->inode = READ(inode, i_ino);
	f->device = READ(inode, i_sb, s_dev);
	f->mode = READ(inode, i_mode);
	f->owner = READ(inode, i_uid.val);
	f->group = READ(inode, i_gid.val);
	f->links = READ(inode, i_nlink);
}

enum { TMPFS_MAGIC = 0x01021994, PROC_MAGIC = 0x9fa0 };

// is_nameless says whether the name was taken away: d_unlinked of include/linux/dcache.h.
static __always_inline bool is_nameless(struct dentry *dentry)
{
	return READ(dentry, d_hash.pprev) == NULL && READ(dentry, d_parent) != dentry;
}

// is_mounted_as_shm looks at the name of the place, below the mounts that lie on it.
static __always_inline bool is_mounted_as_shm(struct mount *m)
{
	u32 name = 0;
	for (int i = 0; i < 4; i++) {
		struct mount *up = READ(m, mnt_parent);
		struct dentry *place = READ(m, mnt_mountpoint);
		if (up == m || place != READ(up, mnt.mnt_root)) {
			bpf_probe_read_kernel(&name, sizeof(name), READ(place, d_name.name));
			break;
		}
		m = up;
	}
	return name == 0x6d6873; // "shm"
}

// file_flags tells a memfd, a file on /dev/shm, a file without a name.
static __always_inline u16 file_flags(struct dentry *dentry, struct vfsmount *mnt, struct inode *inode)
{
	u16 flags = 0;
	if (READ(inode, i_sb, s_magic) == TMPFS_MAGIC) {
		u64 name = 0;
		const unsigned char *at = READ(dentry, d_name.name);
		if (READ(dentry, d_parent) == dentry) {
			bpf_probe_read_kernel(&name, 6, at);
			if (name == 0x3a64666d656dULL) // "memfd:"
				return EVENT_FILE_MEMFD;
		}
		if (is_mounted_as_shm(mount_of(mnt)))
			flags |= EVENT_FILE_SHM;
	}
	if (READ(inode, i_nlink) == 0 || is_nameless(dentry))
		flags |= EVENT_FILE_DELETED;
	return flags;
}

static __always_inline struct file *file_of(struct task_struct *task, u32 descriptor)
{
	struct fdtable *table = READ(task, files, fdt);
	if (descriptor >= READ(table, max_fds))
		return NULL;
	struct file **at = READ(table, fd);
	struct file *file = NULL;
	bpf_probe_read_kernel(&file, sizeof(file), at + descriptor);
	return file;
}

#endif
