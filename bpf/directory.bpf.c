//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Changes of names: rename, unlink, link, symlink, mkdir. The full and kprobe
// tiers look where the kernel asks its security modules: the paths are whole and
// io_uring comes by too; what may still fail after that is marked as an attempt.
#include "raw_path.h"

static __always_inline struct file_pair_event *begin_pair(struct scratch *s, enum kind kind)
{
	struct event_header *h = (void *)s->record;
	struct file_pair_event *e = (void *)(h + 1);
	if (!identify(h, kind, sizeof(*e)))
		return NULL;
	__builtin_memset(e, 0, sizeof(*e));
	return e;
}

static __always_inline int end_record(struct scratch *s)
{
	struct event_header *h = (void *)s->record;
	send_bulk(h, h->length, RECORD_SIZE);
	return 0;
}

static __always_inline int on_rename(struct path *from_dir, struct dentry *from, struct path *to_dir, struct dentry *to, u32 flags)
{
	struct scratch *s = scratch_of(SLOT_FILE_RENAME);
	struct file_pair_event *e = s ? begin_pair(s, KIND_FILE_RENAME) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	h->flags |= EVENT_ATTEMPT;
	e->flags = flags;
	describe_file(&e->file, READ(from, d_inode));
	e->len[FILE_PAIR_FROM] = add_path(SLOT_FILE_RENAME, h, from, READ(from_dir, mnt));
	e->len[FILE_PAIR_TO] = add_path(SLOT_FILE_RENAME, h, to, READ(to_dir, mnt));
	return end_record(s);
}

HELD("fentry/security_path_rename", file_rename, on_rename((void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], ctx[4]))

SEC("kprobe/security_path_rename")
int kfile_rename(struct pt_regs *ctx)
{
	return on_rename((void *)CALL_ARGUMENT1(ctx), (void *)CALL_ARGUMENT2(ctx), (void *)CALL_ARGUMENT3(ctx),
			 (void *)CALL_ARGUMENT4(ctx), CALL_ARGUMENT5(ctx));
}

static __always_inline int on_pair_call(enum slot slot, enum kind kind, u32 from_dir, const char *from, u32 to_dir, const char *to, u32 flags, long result)
{
	struct scratch *s = scratch_of(slot);
	struct file_pair_event *e = !result && s ? begin_pair(s, kind) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	e->flags = flags;
	if (kind == KIND_FILE_SYMLINK)
		e->len[FILE_PAIR_FROM] = add_text(s->record, h, from, PATH_MAX, true, EVENT_PATH_CUT);
	else
		e->len[FILE_PAIR_FROM] = add_raw_path(slot, s->record, h, from_dir, from, RAW_PAIR_MAX);
	e->len[FILE_PAIR_TO] = add_raw_path(slot, s->record, h, to_dir, to, RAW_PAIR_MAX);
	return end_record(s);
}

#define TEXT(n) ((const char *)ARGUMENT##n(regs))

SYSCALL(rename) { return on_pair_call(SLOT_FILE_RENAME, KIND_FILE_RENAME, AT_FDCWD, TEXT(1), AT_FDCWD, TEXT(2), 0, result); }
SYSCALL(renameat) { return on_pair_call(SLOT_FILE_RENAME, KIND_FILE_RENAME, ARGUMENT1(regs), TEXT(2), ARGUMENT3(regs), TEXT(4), 0, result); }
SYSCALL(renameat2) { return on_pair_call(SLOT_FILE_RENAME, KIND_FILE_RENAME, ARGUMENT1(regs), TEXT(2), ARGUMENT3(regs), TEXT(4), ARGUMENT5(regs), result); }
SYSCALL(link) { return on_pair_call(SLOT_FILE_LINK, KIND_FILE_LINK, AT_FDCWD, TEXT(1), AT_FDCWD, TEXT(2), 0, result); }
SYSCALL(linkat) { return on_pair_call(SLOT_FILE_LINK, KIND_FILE_LINK, ARGUMENT1(regs), TEXT(2), ARGUMENT3(regs), TEXT(4), ARGUMENT5(regs), result); }
SYSCALL(symlink) { return on_pair_call(SLOT_FILE_SYMLINK, KIND_FILE_SYMLINK, AT_FDCWD, TEXT(1), AT_FDCWD, TEXT(2), 0, result); }
SYSCALL(symlinkat) { return on_pair_call(SLOT_FILE_SYMLINK, KIND_FILE_SYMLINK, AT_FDCWD, TEXT(1), ARGUMENT2(regs), TEXT(3), 0, result); }

static __always_inline int on_link(struct dentry *from, struct path *to_dir, struct dentry *to)
{
	struct scratch *s = scratch_of(SLOT_FILE_LINK);
	struct file_pair_event *e = s ? begin_pair(s, KIND_FILE_LINK) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	struct vfsmount *mnt = READ(to_dir, mnt); // a hard link stays on its mount
	h->flags |= EVENT_ATTEMPT;
	describe_file(&e->file, READ(from, d_inode));
	e->len[FILE_PAIR_FROM] = add_path(SLOT_FILE_LINK, h, from, mnt);
	e->len[FILE_PAIR_TO] = add_path(SLOT_FILE_LINK, h, to, mnt);
	return end_record(s);
}

HELD("fentry/security_path_link", file_link, on_link((void *)ctx[0], (void *)ctx[1], (void *)ctx[2]))

SEC("kprobe/security_path_link")
int kfile_link(struct pt_regs *ctx)
{
	return on_link((void *)CALL_ARGUMENT1(ctx), (void *)CALL_ARGUMENT2(ctx), (void *)CALL_ARGUMENT3(ctx));
}

static __always_inline int on_symlink(struct path *dir, struct dentry *dentry, const char *target)
{
	struct scratch *s = scratch_of(SLOT_FILE_SYMLINK);
	struct file_pair_event *e = s ? begin_pair(s, KIND_FILE_SYMLINK) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	h->flags |= EVENT_ATTEMPT;
	e->len[FILE_PAIR_FROM] = add_text(s->record, h, target, PATH_MAX, false, EVENT_PATH_CUT);
	e->len[FILE_PAIR_TO] = add_path(SLOT_FILE_SYMLINK, h, dentry, READ(dir, mnt));
	return end_record(s);
}

HELD("fentry/security_path_symlink", file_symlink, on_symlink((void *)ctx[0], (void *)ctx[1], (void *)ctx[2]))

SEC("kprobe/security_path_symlink")
int kfile_symlink(struct pt_regs *ctx)
{
	return on_symlink((void *)CALL_ARGUMENT1(ctx), (void *)CALL_ARGUMENT2(ctx), (void *)CALL_ARGUMENT3(ctx));
}

static __always_inline struct file_change_event *begin_change(struct scratch *s, enum kind kind)
{
	struct event_header *h = (void *)s->record;
	struct file_change_event *e = (void *)(h + 1);
	if (!identify(h, kind, sizeof(*e)))
		return NULL;
	__builtin_memset(e, 0, sizeof(*e));
	return e;
}

static __always_inline int on_unlink(enum slot slot, struct path *dir, struct dentry *dentry, bool directory)
{
	struct scratch *s = scratch_of(slot);
	struct file_change_event *e = s ? begin_change(s, KIND_FILE_UNLINK) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	h->flags |= EVENT_ATTEMPT;
	describe_file(&e->file, READ(dentry, d_inode));
	e->directory = directory;
	e->len[FILE_PATH] = add_path(slot, h, dentry, READ(dir, mnt));
	return end_record(s);
}

HELD("fentry/security_path_unlink", file_unlink, on_unlink(SLOT_FILE_UNLINK, (void *)ctx[0], (void *)ctx[1], false))

SEC("kprobe/security_path_unlink")
int kfile_unlink(struct pt_regs *ctx)
{
	return on_unlink(SLOT_FILE_UNLINK, (void *)CALL_ARGUMENT1(ctx), (void *)CALL_ARGUMENT2(ctx), false);
}

HELD("fentry/security_path_rmdir", file_rmdir, on_unlink(SLOT_FILE_RMDIR, (void *)ctx[0], (void *)ctx[1], true))

SEC("kprobe/security_path_rmdir")
int kfile_rmdir(struct pt_regs *ctx)
{
	return on_unlink(SLOT_FILE_RMDIR, (void *)CALL_ARGUMENT1(ctx), (void *)CALL_ARGUMENT2(ctx), true);
}

static __always_inline int on_mkdir(struct path *dir, struct dentry *dentry, u32 mode)
{
	struct scratch *s = scratch_of(SLOT_FILE_MKDIR);
	struct file_change_event *e = s ? begin_change(s, KIND_FILE_MKDIR) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	h->flags |= EVENT_ATTEMPT;
	e->new_mode = mode;
	e->len[FILE_PATH] = add_path(SLOT_FILE_MKDIR, h, dentry, READ(dir, mnt));
	return end_record(s);
}

HELD("fentry/security_path_mkdir", file_mkdir, on_mkdir((void *)ctx[0], (void *)ctx[1], ctx[2]))

SEC("kprobe/security_path_mkdir")
int kfile_mkdir(struct pt_regs *ctx)
{
	return on_mkdir((void *)CALL_ARGUMENT1(ctx), (void *)CALL_ARGUMENT2(ctx), CALL_ARGUMENT3(ctx));
}

static __always_inline int on_name_call(enum slot slot, enum kind kind, u32 dir, const char *name, u32 mode, bool directory, long result)
{
	struct scratch *s = scratch_of(slot);
	struct file_change_event *e = !result && s ? begin_change(s, kind) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	e->new_mode = mode;
	e->directory = directory;
	e->len[FILE_PATH] = add_raw_path(slot, s->record, h, dir, name, RAW_PATH_MAX);
	return end_record(s);
}

enum { AT_REMOVEDIR = 0x200 };

SYSCALL(unlink) { return on_name_call(SLOT_FILE_UNLINK, KIND_FILE_UNLINK, AT_FDCWD, TEXT(1), 0, false, result); }
SYSCALL(unlinkat) { return on_name_call(SLOT_FILE_UNLINK, KIND_FILE_UNLINK, ARGUMENT1(regs), TEXT(2), 0, !!(ARGUMENT3(regs) & AT_REMOVEDIR), result); }
SYSCALL(rmdir) { return on_name_call(SLOT_FILE_UNLINK, KIND_FILE_UNLINK, AT_FDCWD, TEXT(1), 0, true, result); }
SYSCALL(mkdir) { return on_name_call(SLOT_FILE_MKDIR, KIND_FILE_MKDIR, AT_FDCWD, TEXT(1), ARGUMENT2(regs), true, result); }
SYSCALL(mkdirat) { return on_name_call(SLOT_FILE_MKDIR, KIND_FILE_MKDIR, ARGUMENT1(regs), TEXT(2), ARGUMENT3(regs), true, result); }
