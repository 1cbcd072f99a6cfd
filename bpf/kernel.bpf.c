//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What changes the kernel itself: modules, BPF programs, another kernel (kexec).
#include "calls.h"
#include "kernel_more.h"

enum {
	MODULE_NAME_LEN = 64,
	MODULE_PARAMETERS_MAX = 1024,
};

struct module_name {
	char text[MODULE_NAME_LEN];
};

// The name of the module that a thread loads, for the end of its system call.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, u64); // thread
	__type(value, struct module_name);
} module_names SEC(".maps");

// Raised in the system call, before the module's own start (kernel/module/main.c,
// load_module): what fails before has no name, what fails in it has.
SEC("tp_btf/module_load")
int module_load(u64 *ctx)
{
	struct module *module = (void *)ctx[0];
	u64 key = bpf_get_current_pid_tgid();
	struct module_name name = {};

	if (!wanted(KIND_MODULE) || !watched())
		return 0;
	hold();
	bpf_probe_read_kernel_str(name.text, sizeof(name.text), module->name);
	bpf_map_update_elem(&module_names, &key, &name, BPF_ANY);
	let_go();
	return 0;
}

static __always_inline int on_module(enum slot slot, bool from_memory, struct file *file, const char *parameters, long result)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	struct event_header *h = (void *)s->record;
	struct module_event *e = (void *)(h + 1);
	u64 key = bpf_get_current_pid_tgid();

	if (!identify(h, KIND_MODULE, sizeof(*e)))
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->result = result;
	if (result < 0)
		h->flags |= EVENT_FAILED;
	struct module_name *name = bpf_map_lookup_elem(&module_names, &key);
	if (name) {
		e->len[MODULE_NAME] = add_text(s->record, h, name->text, MODULE_NAME_LEN, false, EVENT_CUT);
		bpf_map_delete_elem(&module_names, &key);
	}
	e->from_memory = from_memory;
	if (file) {
		struct dentry *dentry = READ(file, f_path.dentry);
		struct vfsmount *mnt = READ(file, f_path.mnt);
		struct inode *inode = READ(file, f_inode);
		describe_file(&e->file, inode);
		h->flags |= file_flags(dentry, mnt, inode);
		e->from_memory = !!(h->flags & EVENT_FILE_MEMFD);
		e->len[MODULE_PATH] = add_path(slot, h, dentry, mnt);
	}
	if (parameters)
		e->len[MODULE_PARAMETERS] = add_text(s->record, h, parameters, MODULE_PARAMETERS_MAX, true, EVENT_CUT);
	send_vital(h, h->length, RECORD_SIZE);
	return 0;
}

SYSCALL(finit_module)
{
	struct file *file = file_of(current_task(), ARGUMENT1(regs));
	return on_module(SLOT_KERNEL, false, file, (void *)ARGUMENT2(regs), result);
}

SYSCALL(init_module)
{
	return on_module(SLOT_MODULE_MEMORY, true, NULL, (void *)ARGUMENT3(regs), result);
}

// enum bpf_cmd, include/uapi/linux/bpf.h
enum {
	BPF_COMMAND = 0xffff, // a flag above it since Linux 7.0: BPF_COMMON_ATTRS
	BPF_PROG_LOAD = 5,
	BPF_PROG_ATTACH = 8,
	BPF_RAW_TRACEPOINT_OPEN = 17,
	BPF_LINK_CREATE = 28,
};

// The parts of union bpf_attr that are read; the user's memory, not relocated.
union attributes {
	struct {
		u32 type;
		u32 instructions;
		u64 other[5];
		char name[16];
	} load;
	struct {
		u32 target;
		u32 program;
		u32 type;
	} attach;
	struct {
		u32 program;
		u32 target;
		u32 type;
	} link;
	struct {
		u64 name;
		u32 program;
	} tracepoint;
};

// program_of gives the BPF program behind a descriptor.
static __always_inline struct bpf_prog *program_of(u32 descriptor)
{
	struct file *file = file_of(current_task(), descriptor);
	u64 name = 0;
	if (!file)
		return NULL;
	bpf_probe_read_kernel(&name, sizeof(name), READ(file, f_path.dentry, d_name.name));
	return name == 0x676f72702d667062ULL ? READ(file, private_data) : NULL; // "bpf-prog"
}

struct bpf_record {
	struct event_header h;
	struct bpf_event e;
	char name[16];
};

// describe_program prefers what the kernel holds to what the caller's memory says now.
static __always_inline void describe_program(struct bpf_record *r, const union attributes *a, long result)
{
	struct bpf_prog *program = NULL;

	switch (r->e.command) {
	case BPF_PROG_LOAD:
		r->e.type = a->load.type;
		r->e.instructions = a->load.instructions;
		__builtin_memcpy(r->name, a->load.name, sizeof(r->name));
		if (result >= 0)
			program = program_of(result);
		break;
	case BPF_PROG_ATTACH:
		r->e.type = a->attach.type;
		program = program_of(a->attach.program);
		break;
	case BPF_LINK_CREATE:
		r->e.type = a->link.type;
		program = program_of(a->link.program);
		break;
	default:
		program = program_of(a->tracepoint.program);
	}
	if (!program)
		return;
	if (r->e.command == BPF_PROG_LOAD || r->e.command == BPF_RAW_TRACEPOINT_OPEN)
		r->e.type = READ(program, type);
	bpf_probe_read_kernel(r->name, sizeof(r->name), READ(program, aux, name));
}

// Programs loaded and attached: type is the program's when it is loaded or opened
// on a tracepoint, the attach type otherwise.
SYSCALL(bpf)
{
	u32 command = ARGUMENT1(regs) & BPF_COMMAND, size = ARGUMENT3(regs);
	struct bpf_record r;
	union attributes a = {};

	if (command != BPF_PROG_LOAD && command != BPF_PROG_ATTACH && command != BPF_RAW_TRACEPOINT_OPEN && command != BPF_LINK_CREATE)
		return 0;
	if (!identify(&r.h, KIND_BPF, sizeof(r.e)))
		return 0;
	__builtin_memset(&r.e, 0, sizeof(r.e) + sizeof(r.name));
	r.e.command = command;
	r.e.result = result;
	if (result < 0)
		r.h.flags |= EVENT_FAILED;
	// The name was added in Linux 4.15: a caller that is older passes less.
	long failed;
	if (command == BPF_PROG_LOAD && size >= sizeof(a))
		failed = bpf_probe_read_user(&a, sizeof(a), (void *)ARGUMENT2(regs));
	else
		failed = bpf_probe_read_user(&a.attach, sizeof(a.attach), (void *)ARGUMENT2(regs));
	if (failed)
		r.h.flags |= EVENT_PATH_UNREADABLE;
	describe_program(&r, &a, result);
	u32 n = 0;
	for (; n < sizeof(r.name) && r.name[n]; n++)
		;
	r.e.len[BPF_NAME] = n;
	r.h.length += n;
	send_vital(&r.h, r.h.length, sizeof(r));
	return 0;
}

static __always_inline int on_kexec(u64 flags, u64 segments, u32 from_file, long result)
{
	struct {
		struct event_header h;
		struct kexec_event e;
	} r = {};

	if (!identify(&r.h, KIND_KEXEC, sizeof(r.e)))
		return 0;
	r.e.flags = flags;
	r.e.segments = segments;
	r.e.from_file = from_file;
	r.e.result = result;
	if (result < 0)
		r.h.flags |= EVENT_FAILED;
	send_vital(&r.h, sizeof(r), sizeof(r));
	return 0;
}

SYSCALL(kexec_load) { return on_kexec(ARGUMENT4(regs), ARGUMENT2(regs), 0, result); }
SYSCALL(kexec_file_load) { return on_kexec(ARGUMENT5(regs), 0, 1, result); }
