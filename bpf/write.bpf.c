//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What is written to open files: added up, told at the close. Values given to
// kernel settings are told at once.
#include "calls.h"
#include "datagram.h"
#include "open_file.h"

enum { VALUE_MAX = 256 };

// tell_sysctl tells of a value given to a kernel setting.
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
	send_vital(h, h->length, RECORD_SIZE);
}

// begin_late makes the entry of a file that was opened before the sensor looked, or outside its scope.
static __always_inline struct open_file *begin_late(struct file *file, u64 address, struct facts facts)
{
	struct event_header by = {};
	if (!is_storage(facts.type, facts.rdev) || facts.mode & FMODE_NOACCOUNT)
		return NULL;
	if (!identify(&by, KIND_FILE_WRITE, sizeof(struct file_write_event)))
		return NULL;
	struct open_file *o = begin_open_file(address, &by, READ(file, f_flags));
	if (!o)
		count_lost(KIND_FILE_WRITE, LOST_TABLE_FULL);
	return o;
}

// add_write adds up. The writer need not be who opened the file: a shell opens for what it starts.
static __always_inline void add_write(struct open_file *o, struct file *file, const void *from, long bytes)
{
	u64 now = bpf_ktime_get_boot_ns();
	if (o->by.pid != bpf_get_current_pid_tgid() >> 32)
		identify(&o->by, KIND_FILE_WRITE, sizeof(struct file_write_event));
	if (!o->first)
		o->first = now;
	o->last = now;
	__sync_fetch_and_add(&o->bytes, bytes);
	__sync_fetch_and_add(&o->writes, 1);
	if (o->sysctl && from)
		tell_sysctl(file, from, bytes);
}

static __always_inline int on_write(struct file *file, u64 address, struct facts facts, const void *from, long bytes)
{
	struct open_file *o = open_file_of(address);
	if (!o)
		o = begin_late(file, address, facts);
	if (o)
		add_write(o, file, from, bytes);
	return 0;
}

static __always_inline int on_untyped_write(struct file *file, const void *from, long bytes)
{
	return bytes > 0 ? on_write(file, (u64)file, facts_of(file), from, bytes) : 0;
}

SEC("fexit/vfs_write")
int file_write(u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	long bytes = ctx[4];
	u32 type = file->f_inode->i_mode & TYPE_MASK;

	if (bytes <= 0 || !is_storage(type, file->f_inode->i_rdev))
		return 0;
	hold();
	on_write(file, address_of(SLOT_SYSCTL, file), typed_facts_of(file), (void *)ctx[1], bytes);
	let_go();
	return 0;
}

SEC("fexit/vfs_writev")
int file_writev(u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	long bytes = ctx[5];
	if (bytes <= 0)
		return 0;
	hold();
	on_write(file, address_of(SLOT_FILE_WRITEV, file), typed_facts_of(file), NULL, bytes);
	let_go();
	return 0;
}

SEC("fexit/iter_file_splice_write")
int file_splice(u64 *ctx)
{
	struct file *file = (void *)ctx[1];
	long bytes = ctx[5];
	if (bytes <= 0)
		return 0;
	hold();
	on_write(file, address_of(SLOT_FILE_SPLICE, file), typed_facts_of(file), NULL, bytes);
	let_go();
	return 0;
}

SEC("kretprobe/vfs_write")
int kfile_write(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_untyped_write((void *)e->argument[0], (void *)e->argument[1], CALL_RESULT(ctx)) : 0;
}

SEC("kretprobe/vfs_writev")
int kfile_writev(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_untyped_write((void *)e->argument[0], NULL, CALL_RESULT(ctx)) : 0;
}

SEC("kretprobe/iter_file_splice_write")
int kfile_splice(struct pt_regs *ctx)
{
	struct entry *e = entry_of();
	return e ? on_untyped_write((void *)e->argument[1], NULL, CALL_RESULT(ctx)) : 0;
}

static __always_inline int on_write_call(u32 descriptor, const void *from, long result)
{
	struct file *file = result > 0 ? file_of(current_task(), descriptor) : NULL;
	if (!file)
		return 0;
	if (!open_file_of((u64)file) && is_udp(sock_of_file(file)))
		return datagram_call(0, (u64)from, result, from ? DATAGRAM_READABLE(result) : 0);
	hold();
	on_untyped_write(file, from, result);
	let_go();
	return 0;
}

SYSCALL_FREE(write) { return on_write_call(ARGUMENT1(regs), (void *)ARGUMENT2(regs), result); }
SYSCALL_FREE(pwrite64) { return on_write_call(ARGUMENT1(regs), (void *)ARGUMENT2(regs), result); }
SYSCALL_FREE(writev) { return on_write_call(ARGUMENT1(regs), NULL, result); }
SYSCALL_FREE(pwritev) { return on_write_call(ARGUMENT1(regs), NULL, result); }
SYSCALL_FREE(pwritev2) { return on_write_call(ARGUMENT1(regs), NULL, result); }
SYSCALL_FREE(sendfile64) { return on_write_call(ARGUMENT1(regs), NULL, result); }
SYSCALL_FREE(splice) { return on_write_call(ARGUMENT3(regs), NULL, result); }
SYSCALL_FREE(copy_file_range) { return on_write_call(ARGUMENT3(regs), NULL, result); }
