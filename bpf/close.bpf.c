//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The end of an open file: one record with what was written to it.
#include "calls.h"
#include "open_file.h"

// fold_written counts a close like one told before.
static __always_inline bool fold_written(struct fold_key *key, struct open_file *o)
{
	struct fold *f = fold_of(key);
	if (!f)
		return false;
	if (!f->first_write)
		f->first_write = o->first;
	f->last = o->last;
	__sync_fetch_and_add(&f->bytes, o->bytes);
	__sync_fetch_and_add(&f->writes, o->writes);
	count_repeat(f);
	if (o->last - f->opened >= FOLD_WINDOW)
		end_fold(f, o->last);
	return true;
}

// tell_written sends the summary of an open file that was written.
static __always_inline void tell_written(enum slot slot, struct file *file, struct open_file *o, struct facts facts)
{
	struct dentry *dentry = READ(file, f_path.dentry);
	struct vfsmount *mnt = READ(file, f_path.mnt);
	struct fold_key key = { o->by.exec_id, facts.inode, name_of(dentry, mnt), facts.device, KIND_FILE_WRITE };
	if (!wanted(KIND_FILE_WRITE) || fold_written(&key, o))
		return;
	struct scratch *s = scratch_of(slot);
	if (!s)
		return;
	struct event_header *h = (void *)s->record;
	struct file_write_event *e = (void *)(h + 1);
	struct inode *inode = READ(file, f_inode);
	*h = o->by;
	h->kind = KIND_FILE_WRITE;
	h->flags = (o->by.flags & EVENT_NO_IDENTITY) | file_flags(dentry, mnt, inode);
	h->length = sizeof(*h) + sizeof(*e);
	h->time = bpf_ktime_get_boot_ns();
	h->cpu = bpf_get_smp_processor_id();
	__builtin_memset(e, 0, sizeof(*e));
	describe_file(&e->file, inode);
	e->bytes = o->bytes;
	e->first = o->first;
	e->last = o->last;
	e->writes = o->writes;
	e->open_flags = o->open_flags;
	e->len[FILE_PATH] = add_path(slot, h, dentry, mnt);
	send_bulk(h, h->length, RECORD_SIZE);
	begin_fold(&key, h);
}

static __always_inline int on_close(enum slot slot, struct file *file, u64 address, struct facts facts)
{
	struct open_file *o = open_file_of(address);
	if (!o)
		return 0;
	if (o->writes)
		tell_written(slot, file, o, facts);
	end_open_file(o, address);
	return 0;
}

// __fput runs when the last descriptor is gone, in the task that let it go.
SEC("fentry/__fput")
int file_close(u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	hold();
	on_close(SLOT_FILE_WRITE, file, address_of(SLOT_FILE_WRITE, file), typed_facts_of(file));
	let_go();
	return 0;
}

SEC("kprobe/__fput")
int kfile_close(struct pt_regs *ctx)
{
	struct file *file = (void *)CALL_ARGUMENT1(ctx);
	return on_close(SLOT_FILE_WRITE, file, (u64)file, facts_of(file));
}

static __always_inline int on_close_call(enum slot slot, u32 descriptor)
{
	struct file *file = file_of(current_task(), descriptor);
	return file ? on_close(slot, file, (u64)file, facts_of(file)) : 0;
}

// In the tracepoint tier each close of a descriptor ends a summary; a copy that
// stays open begins another.
SYSCALL_ENTER(close) { return on_close_call(SLOT_FILE_WRITE, ARGUMENT1(regs)); }
SYSCALL_ENTER(dup2) { return on_close_call(SLOT_FILE_WRITE, ARGUMENT2(regs)); }
SYSCALL_ENTER(dup3) { return on_close_call(SLOT_FILE_WRITE, ARGUMENT2(regs)); }

enum { EXIT_DESCRIPTORS = 64 };

// Global, so that the verifier looks at it once and not once a turn.
__attribute__((noinline)) int close_descriptor(u32 descriptor)
{
	hold();
	on_close_call(SLOT_EXIT, descriptor);
	let_go();
	return 0;
}

SEC("tp_btf/sched_process_exit")
int exit_file_close(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	if (READ(task, signal, live.counter) != 0)
		return 0;
	for (u32 i = 0; i < EXIT_DESCRIPTORS; i++)
		close_descriptor(i);
	return 0;
}
