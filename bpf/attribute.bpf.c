//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Changes of what a file is: mode, owner, size, extended attributes.
#include "raw_path.h"

static __always_inline int on_chmod(struct path *path, u32 mode)
{
	struct scratch *s = scratch_of(SLOT_FILE_CHMOD);
	struct file_change_event *e = s ? begin_change(s, KIND_FILE_CHMOD) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	struct dentry *dentry = READ(path, dentry);
	h->flags |= EVENT_ATTEMPT;
	describe_file(&e->file, READ(dentry, d_inode));
	e->new_mode = mode;
	e->len[FILE_PATH] = add_path(SLOT_FILE_CHMOD, h, dentry, READ(path, mnt));
	return end_record(s);
}

HELD("fentry/security_path_chmod", file_chmod, on_chmod((void *)ctx[0], ctx[1]))

SEC("kprobe/security_path_chmod")
int kfile_chmod(struct pt_regs *ctx)
{
	return on_chmod((void *)CALL_ARGUMENT1(ctx), CALL_ARGUMENT2(ctx));
}

static __always_inline int on_chown(struct path *path, u32 owner, u32 group)
{
	struct scratch *s = scratch_of(SLOT_FILE_CHOWN);
	struct file_change_event *e = s ? begin_change(s, KIND_FILE_CHOWN) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	struct dentry *dentry = READ(path, dentry);
	h->flags |= EVENT_ATTEMPT;
	describe_file(&e->file, READ(dentry, d_inode));
	e->new_owner = owner;
	e->new_group = group;
	e->len[FILE_PATH] = add_path(SLOT_FILE_CHOWN, h, dentry, READ(path, mnt));
	return end_record(s);
}

HELD("fentry/security_path_chown", file_chown, on_chown((void *)ctx[0], ctx[1], ctx[2]))

SEC("kprobe/security_path_chown")
int kfile_chown(struct pt_regs *ctx)
{
	return on_chown((void *)CALL_ARGUMENT1(ctx), CALL_ARGUMENT2(ctx), CALL_ARGUMENT3(ctx));
}

// Where a system call names its file: by a descriptor, or by a directory and a text.
struct named {
	u32 directory;
	const char *text; // NULL: the descriptor itself
};

static __always_inline u16 add_named(enum slot slot, struct scratch *s, struct file_identity *identity, struct named at)
{
	struct event_header *h = (void *)s->record;
	if (at.text)
		return add_raw_path(slot, s->record, h, at.directory, at.text, RAW_PATH_MAX);
	struct file *file = file_of(current_task(), at.directory);
	if (!file)
		return 0;
	describe_file(identity, READ(file, f_inode));
	return add_path(slot, h, READ(file, f_path.dentry), READ(file, f_path.mnt));
}

static __always_inline int on_change_call(enum slot slot, enum kind kind, struct named at, u64 size, u32 mode, u32 owner, u32 group, long result)
{
	struct scratch *s = scratch_of(slot);
	struct file_change_event *e = !result && s ? begin_change(s, kind) : NULL;
	if (!e)
		return 0;
	e->size = size;
	e->new_mode = mode;
	e->new_owner = owner;
	e->new_group = group;
	e->len[FILE_PATH] = add_named(slot, s, &e->file, at);
	return end_record(s);
}

#define BY_NAME(n) ((struct named){ AT_FDCWD, (const char *)ARGUMENT##n(regs) })
#define BY_DESCRIPTOR ((struct named){ ARGUMENT1(regs), NULL })
#define BY_DIRECTORY ((struct named){ ARGUMENT1(regs), (const char *)ARGUMENT2(regs) })

SYSCALL(chmod) { return on_change_call(SLOT_FILE_CHMOD, KIND_FILE_CHMOD, BY_NAME(1), 0, ARGUMENT2(regs), 0, 0, result); }
SYSCALL(fchmod) { return on_change_call(SLOT_FILE_CHMOD, KIND_FILE_CHMOD, BY_DESCRIPTOR, 0, ARGUMENT2(regs), 0, 0, result); }
SYSCALL(fchmodat) { return on_change_call(SLOT_FILE_CHMOD, KIND_FILE_CHMOD, BY_DIRECTORY, 0, ARGUMENT3(regs), 0, 0, result); }
SYSCALL(fchmodat2) { return on_change_call(SLOT_FILE_CHMOD, KIND_FILE_CHMOD, BY_DIRECTORY, 0, ARGUMENT3(regs), 0, 0, result); }
SYSCALL(chown) { return on_change_call(SLOT_FILE_CHOWN, KIND_FILE_CHOWN, BY_NAME(1), 0, 0, ARGUMENT2(regs), ARGUMENT3(regs), result); }
SYSCALL(lchown) { return on_change_call(SLOT_FILE_CHOWN, KIND_FILE_CHOWN, BY_NAME(1), 0, 0, ARGUMENT2(regs), ARGUMENT3(regs), result); }
SYSCALL(fchown) { return on_change_call(SLOT_FILE_CHOWN, KIND_FILE_CHOWN, BY_DESCRIPTOR, 0, 0, ARGUMENT2(regs), ARGUMENT3(regs), result); }
SYSCALL(fchownat) { return on_change_call(SLOT_FILE_CHOWN, KIND_FILE_CHOWN, BY_DIRECTORY, 0, 0, ARGUMENT3(regs), ARGUMENT4(regs), result); }
SYSCALL(truncate) { return on_change_call(SLOT_FILE_SYSCALL, KIND_FILE_TRUNCATE, BY_NAME(1), ARGUMENT2(regs), 0, 0, 0, result); }
SYSCALL(ftruncate) { return on_change_call(SLOT_FILE_SYSCALL, KIND_FILE_TRUNCATE, BY_DESCRIPTOR, ARGUMENT2(regs), 0, 0, 0, result); }

static __always_inline int on_setxattr(struct named at, const char *name, u64 size, u32 flags, long result)
{
	struct scratch *s = scratch_of(SLOT_FILE_SYSCALL);
	if (!s)
		return 0;
	struct event_header *h = (void *)s->record;
	struct file_setxattr_event *e = (void *)(h + 1);
	if (!identify(h, KIND_FILE_SETXATTR, sizeof(*e)))
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->size = size;
	e->flags = flags;
	e->result = result;
	if (result)
		h->flags |= EVENT_FAILED;
	e->len[FILE_SETXATTR_PATH] = add_named(SLOT_FILE_SYSCALL, s, &e->file, at);
	e->len[FILE_SETXATTR_NAME] = add_text(s->record, h, name, 256, true, EVENT_CUT);
	return end_record(s);
}

SYSCALL(setxattr) { return on_setxattr(BY_NAME(1), (void *)ARGUMENT2(regs), ARGUMENT4(regs), ARGUMENT5(regs), result); }
SYSCALL(lsetxattr) { return on_setxattr(BY_NAME(1), (void *)ARGUMENT2(regs), ARGUMENT4(regs), ARGUMENT5(regs), result); }
SYSCALL(fsetxattr) { return on_setxattr(BY_DESCRIPTOR, (void *)ARGUMENT2(regs), ARGUMENT4(regs), ARGUMENT5(regs), result); }
