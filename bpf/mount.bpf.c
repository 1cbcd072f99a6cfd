//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Changes of what is mounted where: mount, umount, pivot_root, move_mount.
#include "raw_path.h"

static __always_inline struct mount_event *begin_mount(struct scratch *s, enum kind kind, long result)
{
	struct event_header *h = (void *)s->record;
	struct mount_event *e = (void *)(h + 1);
	if (!identify(h, kind, sizeof(*e)))
		return NULL;
	__builtin_memset(e, 0, sizeof(*e));
	e->result = result;
	if (result)
		h->flags |= EVENT_FAILED;
	return e;
}

static __always_inline int end_mount(struct scratch *s)
{
	struct event_header *h = (void *)s->record;
	send_vital(h, h->length, RECORD_SIZE);
	return 0;
}

SYSCALL(mount)
{
	struct scratch *s = scratch_of(SLOT_MOUNT);
	struct mount_event *e = s ? begin_mount(s, KIND_MOUNT, result) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	const char *source = (void *)ARGUMENT1(regs), *type = (void *)ARGUMENT3(regs);
	e->flags = ARGUMENT4(regs);
	if (source)
		e->len[MOUNT_SOURCE] = add_text(s->record, h, source, PATH_MAX, true, EVENT_PATH_CUT);
	e->len[MOUNT_TARGET] = add_raw_path(SLOT_MOUNT, s->record, h, AT_FDCWD, (void *)ARGUMENT2(regs), RAW_PAIR_MAX);
	if (type)
		e->len[MOUNT_TYPE] = add_text(s->record, h, type, 64, true, EVENT_CUT);
	return end_mount(s);
}

// The newer interface (Linux 5.2): a detached mount gets its place.
SYSCALL(move_mount)
{
	struct scratch *s = scratch_of(SLOT_MOUNT);
	struct mount_event *e = s ? begin_mount(s, KIND_MOUNT, result) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	e->flags = ARGUMENT5(regs);
	e->len[MOUNT_SOURCE] = add_raw_path(SLOT_MOUNT, s->record, h, ARGUMENT1(regs), (void *)ARGUMENT2(regs), RAW_PAIR_MAX);
	e->len[MOUNT_TARGET] = add_raw_path(SLOT_MOUNT, s->record, h, ARGUMENT3(regs), (void *)ARGUMENT4(regs), RAW_PAIR_MAX);
	return end_mount(s);
}

SYSCALL(umount)
{
	struct scratch *s = scratch_of(SLOT_MOUNT);
	struct mount_event *e = s ? begin_mount(s, KIND_UMOUNT, result) : NULL;
	if (!e)
		return 0;
	e->flags = ARGUMENT2(regs);
	e->len[MOUNT_TARGET] = add_raw_path(SLOT_MOUNT, s->record, (void *)s->record, AT_FDCWD, (void *)ARGUMENT1(regs), RAW_PAIR_MAX);
	return end_mount(s);
}

SYSCALL(pivot_root)
{
	struct scratch *s = scratch_of(SLOT_MOUNT);
	struct mount_event *e = s ? begin_mount(s, KIND_PIVOT_ROOT, result) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	e->len[MOUNT_SOURCE] = add_raw_path(SLOT_MOUNT, s->record, h, AT_FDCWD, (void *)ARGUMENT2(regs), RAW_PAIR_MAX);
	e->len[MOUNT_TARGET] = add_raw_path(SLOT_MOUNT, s->record, h, AT_FDCWD, (void *)ARGUMENT1(regs), RAW_PAIR_MAX);
	return end_mount(s);
}
