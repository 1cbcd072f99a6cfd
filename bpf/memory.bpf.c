//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Memory that becomes executable (mmap, mprotect) and the calls that prepare
// attacks in memory: memfd_create, userfaultfd, io_uring_setup.
#include "calls.h"
#include "kernel_more.h"

enum {
	PROT_READ = 1,
	PROT_WRITE = 2,
	PROT_EXEC = 4, // VM_READ, VM_WRITE and VM_EXEC are the same bits
	VM_SHARED = 8,
	VM_GROWSDOWN = 0x100,
	MAP_TYPE = 0xf,
	MAP_SHARED = 1,
	MAP_SHARED_VALIDATE = 3,
	MAP_ANONYMOUS = 0x20,
	MAP_GROWSDOWN = 0x100,
	MAP_STACK = 0x20000,
	READ_IMPLIES_EXEC = 0x400000, // include/uapi/linux/personality.h
	BEFORE_UNKNOWN = (u32)-1,
};

const volatile u32 page_shift = 12;

// effective gives the protection as do_mmap of mm/mmap.c and do_mprotect_pkey of mm/mprotect.c see it.
static __always_inline u32 effective(u32 protection)
{
	if (protection & PROT_EXEC || !(protection & PROT_READ))
		return protection;
	struct task_struct___more *task = (void *)current_task();
	return READ(task, personality) & READ_IMPLIES_EXEC ? protection | PROT_EXEC : protection;
}

static __always_inline u32 writable_flag(u32 protection)
{
	return (protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC) ? MEMORY_WRITABLE : 0;
}

static __always_inline struct memory_event *begin_memory(struct scratch *s, enum kind kind)
{
	struct event_header *h = (void *)s->record;
	struct memory_event *e = (void *)(h + 1);
	if (!identify(h, kind, sizeof(*e)))
		return NULL;
	__builtin_memset(e, 0, sizeof(*e));
	if (is_compat())
		h->flags |= EVENT_COMPAT;
	return e;
}

static __always_inline void add_memory_file(enum slot slot, struct scratch *s, struct memory_event *e, struct file *file)
{
	struct event_header *h = (void *)s->record;
	struct dentry *dentry = READ(file, f_path.dentry);
	struct vfsmount *mnt = READ(file, f_path.mnt);
	struct inode *inode = READ(file, f_inode);

	describe_file(&e->file, inode);
	h->flags |= file_flags(dentry, mnt, inode);
	e->len[FILE_PATH] = add_path(slot, h, dentry, mnt);
}

static __always_inline int on_mmap(struct file *file, u64 address, u64 size, u32 protection, u64 flags, u64 offset)
{
	struct task_struct___more *task = (void *)current_task();
	struct scratch *s = scratch_of(SLOT_MMAP);

	if (!s || address >= -4095ULL)
		return 0;
	// The segments of a new image are the exec's matter; the process still has its old identity.
	if (BPF_CORE_READ_BITFIELD_PROBED(task, in_execve))
		return 0;
	struct memory_event *e = begin_memory(s, KIND_MMAP);
	if (!e)
		return 0;
	e->address = address;
	e->size = size;
	e->protection = protection;
	e->map_flags = flags;
	e->memory_flags = writable_flag(protection);
	if ((flags & MAP_TYPE) == MAP_SHARED || (flags & MAP_TYPE) == MAP_SHARED_VALIDATE)
		e->memory_flags |= MEMORY_SHARED;
	if (flags & (MAP_GROWSDOWN | MAP_STACK))
		e->memory_flags |= MEMORY_STACK;
	if (file && !(flags & MAP_ANONYMOUS)) {
		e->offset = offset;
		add_memory_file(SLOT_MMAP, s, e, file);
	} else {
		e->memory_flags |= MEMORY_ANONYMOUS;
	}
	struct event_header *h = (void *)s->record;
	send_bulk(h, h->length, RECORD_SIZE);
	return 0;
}

SEC("fexit/vm_mmap_pgoff")
int memory_map(u64 *ctx)
{
	u32 protection = effective(ctx[3]);
	if (!(protection & PROT_EXEC))
		return 0;
	hold();
	on_mmap((void *)ctx[0], ctx[6], ctx[2], protection, ctx[4], ctx[5] << page_shift);
	let_go();
	return 0;
}

SYSCALL(mmap)
{
	u32 protection = effective(ARGUMENT3(regs));
	if (!(protection & PROT_EXEC))
		return 0;
	u64 flags = ARGUMENT4(regs);
	struct file *file = flags & MAP_ANONYMOUS ? NULL : file_of(current_task(), ARGUMENT5(regs));
	return on_mmap(file, result, ARGUMENT2(regs), protection, flags, ARGUMENT6(regs));
}

// What a thread asked mprotect for; the kernel function below is given whole mappings.
struct range {
	u64 from;
	u64 to;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64); // thread
	__type(value, struct range);
} ranges SEC(".maps");

static __always_inline int remember_range(struct pt_regs *regs)
{
	u64 key = bpf_get_current_pid_tgid();
	struct range r = {.from = ARGUMENT1(regs)};

	if (!(effective(ARGUMENT3(regs)) & PROT_EXEC) || !watched())
		return 0;
	r.to = r.from + ARGUMENT2(regs);
	bpf_map_update_elem(&ranges, &key, &r, BPF_ANY);
	return 0;
}

SYSCALL_ENTER(mprotect) { return remember_range(regs); }
SYSCALL_ENTER(pkey_mprotect) { return remember_range(regs); }

static __always_inline u32 describe_mapping(struct vm_area_struct *vma, u64 from, u64 to, u64 flags)
{
	struct mm_struct *mm = READ(vma, vm_mm);
	u64 stack = READ(mm, start_stack);
	u32 out = 0;

	if (flags & VM_SHARED)
		out |= MEMORY_SHARED;
	// Written and made read-only since counts as well: such a mapping has pages of its
	// own (for a file, what SELinux calls execmod). Anonymous memory may have that
	// from a written neighbour that it was merged with.
	if (flags & PROT_WRITE || READ((struct vm_area_struct___more *)vma, anon_vma))
		out |= MEMORY_WRITE_TO_EXECUTE;
	if (flags & VM_GROWSDOWN || (from <= stack && stack < to))
		out |= MEMORY_STACK;
	if (from < READ(mm, brk) && to > READ(mm, start_brk))
		out |= MEMORY_HEAP;
	return out;
}

// on_protect tells of a mapping that becomes executable, or writable while it is.
static __always_inline int on_protect(struct vm_area_struct *vma, u32 protection)
{
	u64 flags = READ(vma, vm_flags), key = bpf_get_current_pid_tgid();
	if (flags & PROT_EXEC && (flags & PROT_WRITE || !(protection & PROT_WRITE)))
		return 0;
	struct scratch *s = scratch_of(SLOT_MPROTECT);
	struct memory_event *e = s ? begin_memory(s, KIND_MPROTECT) : NULL;
	if (!e)
		return 0;
	struct event_header *h = (void *)s->record;
	struct range *asked = h->flags & EVENT_COMPAT ? NULL : bpf_map_lookup_elem(&ranges, &key);
	u64 from = READ(vma, vm_start), to = READ(vma, vm_end);
	if (asked && asked->from < to && asked->to > from) {
		from = from > asked->from ? from : asked->from;
		u64 end = (asked->to + (1 << page_shift) - 1) >> page_shift << page_shift;
		to = to < end ? to : end;
	}
	h->flags |= EVENT_ATTEMPT;
	e->address = from;
	e->size = to - from;
	e->protection = protection;
	e->before = flags & (PROT_READ | PROT_WRITE | PROT_EXEC);
	e->memory_flags = writable_flag(protection) | describe_mapping(vma, from, to, flags);
	struct file *file = READ(vma, vm_file);
	if (file) {
		e->offset = (READ(vma, vm_pgoff) << page_shift) + from - READ(vma, vm_start);
		add_memory_file(SLOT_MPROTECT, s, e, file);
	} else {
		e->memory_flags |= MEMORY_ANONYMOUS;
	}
	send_vital(h, h->length, RECORD_SIZE);
	return 0;
}

// At its return, other security modules have allowed the change and the mapping is as it was.
SEC("fexit/security_file_mprotect")
int memory_protect(u64 *ctx)
{
	if (!(ctx[2] & PROT_EXEC) || (s32)ctx[3])
		return 0;
	hold();
	on_protect((void *)ctx[0], ctx[2]);
	let_go();
	return 0;
}

// At its entry, where nothing need be remembered: what they forbid is told too.
SEC("kprobe/security_file_mprotect")
int kmemory_protect(struct pt_regs *ctx)
{
	u32 protection = CALL_ARGUMENT3(ctx);
	return protection & PROT_EXEC ? on_protect((void *)CALL_ARGUMENT1(ctx), protection) : 0;
}

// on_protect_call knows what was asked and that it was done, but not what the
// memory was: before is unknown, and so are its file and whether it has one.
static __always_inline int on_protect_call(struct pt_regs *regs, long result)
{
	struct {
		struct event_header h;
		struct memory_event e;
	} r = {};
	u32 protection = effective(ARGUMENT3(regs));

	if (!(protection & PROT_EXEC) || result || !identify(&r.h, KIND_MPROTECT, sizeof(r.e)))
		return 0;
	struct mm_struct *mm = READ(current_task(), mm);
	u64 from = ARGUMENT1(regs), to = from + ARGUMENT2(regs), stack = READ(mm, start_stack);
	r.e.address = from;
	r.e.size = to - from;
	r.e.protection = protection;
	r.e.before = BEFORE_UNKNOWN;
	r.e.memory_flags = writable_flag(protection);
	if (from <= stack && stack < to)
		r.e.memory_flags |= MEMORY_STACK;
	if (from < READ(mm, brk) && to > READ(mm, start_brk))
		r.e.memory_flags |= MEMORY_HEAP;
	send_vital(&r.h, sizeof(r), sizeof(r));
	return 0;
}

SYSCALL(mprotect) { return on_protect_call(regs, result); }
SYSCALL(pkey_mprotect) { return on_protect_call(regs, result); }

enum { MEMFD_NAME = 256 }; // mm/memfd.c allows 249

struct descriptor_record {
	struct event_header h;
	struct descriptor_event e;
	char name[MEMFD_NAME];
};

// begin_descriptor fills a record but for its name. A call that failed has its error for descriptor.
static __always_inline bool begin_descriptor(struct descriptor_record *r, enum kind kind, long result)
{
	if (!identify(&r->h, kind, sizeof(r->e)))
		return false;
	__builtin_memset(&r->e, 0, sizeof(r->e));
	r->e.descriptor = result;
	if (result < 0)
		r->h.flags |= EVENT_FAILED;
	return true;
}

SYSCALL(memfd_create)
{
	struct descriptor_record r;
	const unsigned char *kernel = NULL;
	u64 prefix = 0;

	__builtin_memset(r.name, 0, sizeof(r.name));
	if (!begin_descriptor(&r, KIND_MEMFD, result))
		return 0;
	r.e.flags = ARGUMENT2(regs);
	struct file *file = result >= 0 ? file_of(current_task(), result) : NULL;
	if (file)
		kernel = READ(file, f_path.dentry, d_name.name);
	if (kernel)
		bpf_probe_read_kernel(&prefix, 6, kernel);
	long n;
	if (prefix == 0x3a64666d656dULL) // "memfd:": the name as the kernel took it
		n = bpf_probe_read_kernel_str(r.name, sizeof(r.name), kernel + 6);
	else
		n = bpf_probe_read_user_str(r.name, sizeof(r.name), (void *)ARGUMENT1(regs));
	if (n < 0)
		r.h.flags |= EVENT_PATH_UNREADABLE;
	if (n == sizeof(r.name))
		r.h.flags |= EVENT_CUT;
	u32 length = n > 0 ? (n - 1) & (MEMFD_NAME - 1) : 0;
	r.e.len[0] = length;
	r.h.length += length;
	send_vital(&r.h, r.h.length, sizeof(r));
	return 0;
}

SYSCALL(userfaultfd)
{
	struct descriptor_record r;
	if (!begin_descriptor(&r, KIND_USERFAULTFD, result))
		return 0;
	r.e.flags = ARGUMENT1(regs);
	send_bulk(&r.h, r.h.length, sizeof(r));
	return 0;
}

SYSCALL(io_uring_setup)
{
	struct descriptor_record r;
	u32 flags = 0;
	if (!begin_descriptor(&r, KIND_IO_URING, result))
		return 0;
	// struct io_uring_params: sq_entries, cq_entries, flags; the kernel writes it back
	if (bpf_probe_read_user(&flags, sizeof(flags), (void *)ARGUMENT2(regs) + 8))
		r.h.flags |= EVENT_PATH_UNREADABLE;
	r.e.entries = ARGUMENT1(regs);
	r.e.flags = flags;
	send_bulk(&r.h, r.h.length, sizeof(r));
	return 0;
}
