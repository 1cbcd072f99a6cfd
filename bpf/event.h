// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The one definition of every record that leaves the kernel. scripts/wiregen
// turns the BTF of the compiled object into decode/wire_gen.go.
//
// A record is: struct event_header, the struct of its kind, then the strings of
// the kind, one after the other, without terminators. The lengths of the
// strings are the array `len` that ends each struct; the enum <kind>_string
// names their order. All structs are naturally aligned, with padding written out.
#ifndef VIGIL_EVENT_H
#define VIGIL_EVENT_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int s32;
typedef signed long long s64;

// KIND_COUNT bounds per-kind arrays. New kinds go at the end: numbers are in recordings.
enum kind {
	KIND_NONE = 0,
	// process
	KIND_FORK = 1,
	KIND_EXEC = 2,
	KIND_EXIT = 3,
	KIND_CREDENTIALS = 4,
	KIND_NAMESPACE = 5,
	KIND_PTRACE = 6,
	KIND_PROCESS_VM = 7,
	KIND_SIGNAL = 8,
	KIND_RENAME_TASK = 9,
	KIND_CGROUP = 10,
	// file
	KIND_FILE_OPEN = 11,
	KIND_FILE_WRITE = 12,
	KIND_FILE_READ = 13,
	KIND_FILE_RENAME = 14,
	KIND_FILE_UNLINK = 15,
	KIND_FILE_LINK = 16,
	KIND_FILE_SYMLINK = 17,
	KIND_FILE_CHMOD = 18,
	KIND_FILE_CHOWN = 19,
	KIND_FILE_SETXATTR = 20,
	KIND_FILE_TRUNCATE = 21,
	KIND_FILE_MKDIR = 22,
	KIND_MOUNT = 23,
	KIND_UMOUNT = 24,
	KIND_PIVOT_ROOT = 25,
	// memory
	KIND_MMAP = 26,
	KIND_MPROTECT = 27,
	KIND_MEMFD = 28,
	KIND_USERFAULTFD = 29,
	KIND_IO_URING = 30,
	// network
	KIND_CONNECT = 31,
	KIND_ACCEPT = 32,
	KIND_BIND = 33,
	KIND_LISTEN = 34,
	KIND_FLOW_END = 35,
	KIND_DATAGRAM = 36,
	KIND_RAW_SOCKET = 37,
	KIND_DNS = 38,
	// kernel
	KIND_MODULE = 39,
	KIND_BPF = 40,
	KIND_KEXEC = 41,
	KIND_SYSCTL = 42,
	// the sensor's own
	KIND_LOST = 43,
	KIND_PROCESS = 44, // a process that ran before the sensor did
	KIND_COUNT = 45,
};

// Flags of the header, true of any kind.
enum event_flag {
	EVENT_PATH_CUT = 1 << 0,	// a path is longer or deeper than the sensor reads: its tail is given
	EVENT_PATH_DETACHED = 1 << 1,	// a path could not be followed to the root of its mount namespace
	EVENT_PATH_RAW = 1 << 2,	// a path is as the program gave it, not resolved
	EVENT_PATH_UNREADABLE = 1 << 3, // a path or string could not be read and is empty
	EVENT_NO_IDENTITY = 1 << 4,	// the process was not in the kernel's table: exec ID made from its start
	EVENT_ATTEMPT = 1 << 5,		// reported when permitted, before its outcome is known
	EVENT_IO_URING = 1 << 6,	// done through io_uring
	EVENT_FILE_DELETED = 1 << 7,	// the file has no name any more
	EVENT_FILE_MEMFD = 1 << 8,	// the file is a memfd
	EVENT_FILE_SHM = 1 << 9,	// the file lies on a tmpfs mounted as /dev/shm
	EVENT_FAILED = 1 << 10,		// the operation failed: see the result
	EVENT_COMPAT = 1 << 11,		// done through a 32-bit system call
	EVENT_CUT = 1 << 12,		// a string other than a path is cut
};

struct event_header {
	u32 length; // of the whole record, bytes
	u16 kind;   // enum kind
	u16 flags;  // enum event_flag
	u64 time;   // CLOCK_BOOTTIME, ns
	u64 exec_id;
	u64 parent_exec_id;
	u64 cgroup_id; // kernfs ID
	u32 pid;       // thread group, in the first PID namespace
	u32 tid;
	u32 uid; // real, in the first user namespace
	u16 cpu;
	u16 ring;  // enum ring
	u32 lost;  // records that this CPU lost on this ring until now, modulo 2^32
	u32 count; // how many like it this record stands for: 1 unless folded
};

enum ring {
	RING_VITAL = 0,
	RING_BULK = 1,
	RING_COUNT = 2,
};

// The header's process is the one that forked.
struct fork_event {
	u64 child_exec_id;
	u32 child_pid;
	u32 ppid; // whose child it is for the kernel: another's with CLONE_PARENT
};

enum exec_flag {
	EXEC_ARGUMENTS_CUT = 1 << 0,
	EXEC_SCRIPT = 1 << 1,	     // run by an interpreter named in its first line (or binfmt_misc)
	EXEC_SECURE = 1 << 2,	     // set-uid, set-gid or file capabilities raised privileges (AT_SECURE)
	EXEC_CHROOT = 1 << 3,	     // the process's root is not the root of its mount namespace
	EXEC_CWD_DETACHED = 1 << 4,  // the working directory has no whole path, or was removed
	EXEC_SEEDED = 1 << 5,	     // ran before the sensor did
	EXEC_BY_DESCRIPTOR = 1 << 6, // execveat on a descriptor
};

// What a standard descriptor is.
enum stdio {
	STDIO_CLOSED = 0,
	STDIO_FILE = 1,
	STDIO_TTY = 2,
	STDIO_PIPE = 3,
	STDIO_SOCKET = 4,
	STDIO_NULL = 5,
	STDIO_OTHER = 6,
};

enum exec_string {
	EXEC_PATH = 0,	      // of the image that runs
	EXEC_ARGUMENTS = 1,   // each ended by a zero byte
	EXEC_CWD = 2,
	EXEC_FILENAME = 3,    // as given to execve; the script, where there is one
	EXEC_INTERPRETER = 4, // of a script
	EXEC_TTY = 5,
	EXEC_COMM = 6,
	EXEC_STRINGS = 7,
};

struct exec_event {
	u64 previous_exec_id; // of the image that this one replaces
	u64 inode;
	u64 device; // kernel's dev_t: major << 20 | minor
	u64 cap_effective;
	u64 cap_permitted;
	u64 cap_inheritable;
	u64 start; // of the process, CLOCK_BOOTTIME ns
	u32 ppid;
	u32 gid;
	u32 euid;
	u32 egid;
	u32 login_uid;
	u32 session_id; // audit session
	u32 mode;	// of the image, st_mode
	u32 owner;	// of the image, uid
	u32 mount_ns;
	u32 pid_ns;
	u32 net_ns;
	u32 user_ns;
	u32 cgroup_ns;
	u32 ns_pid; // its PID in its own PID namespace
	u32 flags;  // enum exec_flag
	u32 argc;
	u8 stdio[3]; // enum stdio
	u8 pad0;
	u16 len[7];
	u16 pad1[3];
};

struct exit_event {
	u64 start;     // of the process, CLOCK_BOOTTIME ns
	u64 user_ns;   // CPU time of the process, all threads
	u64 system_ns;
	u32 code;
	u32 signal;
	u32 core_dumped;
	u32 pad0;
};

struct ids {
	u32 uid;
	u32 euid;
	u32 suid;
	u32 fsuid;
	u32 gid;
	u32 egid;
	u32 sgid;
	u32 fsgid;
	u64 cap_effective;
	u64 cap_permitted;
	u32 user_ns;
	u32 pad0;
};

struct credentials_event {
	struct ids before;
	struct ids after;
};

// One record per call; the numbers are those after the change.
struct namespace_event {
	u64 flags; // CLONE_NEW* asked for
	u32 mount_ns;
	u32 pid_ns; // for children
	u32 net_ns;
	u32 user_ns;
	u32 uts_ns;
	u32 ipc_ns;
	u32 cgroup_ns;
	u32 joined; // 1 setns, 0 unshare
};

struct ptrace_event {
	u64 target_exec_id;
	u64 address;
	u32 request; // PTRACE_*
	u32 target_pid;
	s32 result;
	u32 pad0;
};

struct process_vm_event {
	u64 target_exec_id;
	u64 bytes;
	u32 target_pid;
	u32 write; // 1 process_vm_writev, 0 process_vm_readv
	s32 result;
	u32 pad0;
};

struct signal_event {
	u64 target_exec_id;
	u32 target_pid;
	u32 target_uid;
	u32 signal;
	u32 pad0;
};

enum rename_task_string { RENAME_TASK_COMM = 0, RENAME_TASK_STRINGS = 1 };

struct rename_task_event {
	u16 len[1];
	u16 pad0[3];
};

enum cgroup_string { CGROUP_PATH = 0, CGROUP_STRINGS = 1 };

struct cgroup_event {
	u64 id;
	u32 hierarchy;
	u32 removed; // 1 removed, 0 made
	u16 len[1];
	u16 pad0[3];
};

// What every record about one file says of it.
struct file_identity {
	u64 inode;
	u64 device;
	u32 mode;  // st_mode
	u32 owner; // uid
	u32 group;
	u32 links;
};

enum file_string { FILE_PATH = 0, FILE_STRINGS = 1 };

// KIND_FILE_OPEN (for write or create) and KIND_FILE_READ (of a watched path).
struct file_open_event {
	struct file_identity file;
	u32 open_flags; // O_*
	u32 created;
	u16 len[1];
	u16 pad0[3];
};

// KIND_FILE_WRITE: one per open file, when it is closed.
struct file_write_event {
	struct file_identity file;
	u64 bytes;
	u64 first; // CLOCK_BOOTTIME ns of the first write
	u64 last;
	u32 writes;
	u32 open_flags;
	u16 len[1];
	u16 pad0[3];
};

enum file_pair_string { FILE_PAIR_FROM = 0, FILE_PAIR_TO = 1, FILE_PAIR_STRINGS = 2 };

// KIND_FILE_RENAME, KIND_FILE_LINK, KIND_FILE_SYMLINK (from is the target's text).
struct file_pair_event {
	struct file_identity file;
	u32 flags; // RENAME_*
	s32 result;
	u16 len[2];
	u16 pad0[2];
};

// KIND_FILE_UNLINK, KIND_FILE_CHMOD, KIND_FILE_CHOWN, KIND_FILE_TRUNCATE, KIND_FILE_MKDIR.
struct file_change_event {
	struct file_identity file; // before the change
	u64 size;		   // truncate: the new size
	u32 new_mode;		   // chmod, mkdir
	u32 new_owner;		   // chown: (u32)-1 keeps
	u32 new_group;
	u32 directory; // unlink: 1 for rmdir
	s32 result;
	u32 pad0;
	u16 len[1];
	u16 pad1[3];
};

enum file_setxattr_string { FILE_SETXATTR_PATH = 0, FILE_SETXATTR_NAME = 1, FILE_SETXATTR_STRINGS = 2 };

struct file_setxattr_event {
	struct file_identity file;
	u64 size; // of the value
	s32 result;
	u32 flags;
	u16 len[2];
	u16 pad0[2];
};

enum mount_string { MOUNT_SOURCE = 0, MOUNT_TARGET = 1, MOUNT_TYPE = 2, MOUNT_STRINGS = 3 };

// KIND_MOUNT, KIND_UMOUNT (target only), KIND_PIVOT_ROOT (source: put_old, target: new_root).
struct mount_event {
	u64 flags; // MS_* or MNT_*
	s32 result;
	u32 pad0;
	u16 len[3];
	u16 pad1;
};

enum memory_flag {
	MEMORY_ANONYMOUS = 1 << 0,
	MEMORY_SHARED = 1 << 1,
	MEMORY_WRITABLE = 1 << 2,	   // writable and executable at once
	MEMORY_WRITE_TO_EXECUTE = 1 << 3, // was writable, now executable
	MEMORY_STACK = 1 << 4,
	MEMORY_HEAP = 1 << 5,
};

// KIND_MMAP and KIND_MPROTECT: memory that became executable.
struct memory_event {
	struct file_identity file; // zero when anonymous
	u64 address;
	u64 size;
	u64 offset; // in the file
	u32 protection;
	u32 before; // mprotect: protection before
	u32 map_flags;
	u32 memory_flags; // enum memory_flag
	u16 len[1];
	u16 pad0[3];
};

// KIND_MEMFD (name), KIND_USERFAULTFD, KIND_IO_URING (entries).
struct descriptor_event {
	u32 flags;
	u32 entries;
	s32 descriptor;
	u32 pad0;
	u16 len[1];
	u16 pad1[3];
};

// Addresses are IPv6, IPv4 as ::ffff:a.b.c.d; ports in host order.
struct endpoints {
	u8 local[16];
	u8 remote[16];
	u16 local_port;
	u16 remote_port;
	u16 family;   // AF_*
	u16 protocol; // IPPROTO_*
	u32 net_ns;
	u32 type; // SOCK_*
	u64 socket; // the kernel's identity of the socket: joins the records of a flow
};

enum socket_string { SOCKET_PATH = 0, SOCKET_STRINGS = 1 };

// KIND_CONNECT, KIND_ACCEPT, KIND_BIND, KIND_LISTEN, KIND_RAW_SOCKET, KIND_DATAGRAM (the first of a flow).
struct socket_event {
	struct endpoints ends;
	s32 result;
	u32 backlog;	// listen
	u64 bytes;	// datagram: its size
	u64 latency_ns; // connect: from the call to established
	u32 inbound;	// datagram: 1 received
	u32 pad0;
	u16 len[1];	// AF_UNIX path, abstract names begin with '@'
	u16 pad1[3];
};

// KIND_FLOW_END.
struct flow_event {
	struct endpoints ends;
	u64 start;
	u64 bytes_sent;
	u64 bytes_received;
	u64 packets_sent;
	u64 packets_received;
	u32 accepted; // 1: this end accepted it, 0: this end connected
	u32 error;    // sk_err
};

enum dns_string { DNS_MESSAGE = 0, DNS_STRINGS = 1 };

// KIND_DNS: the message as it was on the wire (RFC 1035, section 4).
struct dns_event {
	struct endpoints ends;
	u32 answer; // 1 received, 0 sent
	u32 size;   // of the whole message
	u16 len[1];
	u16 pad0[3];
};

enum module_string { MODULE_NAME = 0, MODULE_PATH = 1, MODULE_PARAMETERS = 2, MODULE_STRINGS = 3 };

struct module_event {
	struct file_identity file;
	u32 from_memory; // init_module, or a file that is a memfd
	s32 result;
	u16 len[3];
	u16 pad0;
};

enum bpf_string { BPF_NAME = 0, BPF_STRINGS = 1 };

struct bpf_event {
	u32 command; // enum bpf_cmd
	u32 type;    // program or attach type
	s32 result;
	u32 instructions;
	u16 len[1];
	u16 pad0[3];
};

struct kexec_event {
	u64 flags;
	u64 segments;
	s32 result;
	u32 from_file;
};

enum sysctl_string { SYSCTL_PATH = 0, SYSCTL_VALUE = 1, SYSCTL_STRINGS = 2 };

struct sysctl_event {
	u64 bytes;
	u16 len[2];
	u16 pad0[2];
};

// KIND_LOST: made by the sensor when counters move or a gap is seen.
struct lost_event {
	u64 records;
	u64 since; // CLOCK_BOOTTIME ns of the last record before the gap
	u64 until;
	u32 kind; // of what was lost; KIND_NONE: unknown
	u32 cpu;  // (u32)-1: all
	u32 reason; // enum lost_reason
	u32 pad0;
};

enum lost_reason {
	LOST_RING_FULL = 0,
	LOST_TABLE_FULL = 1,
	LOST_RECURSION = 2, // the kernel skipped a program that was already running on this CPU
	LOST_SCRATCH = 3,
	LOST_READER = 4, // the sensor's own queues
	LOST_UPSTREAM = 5, // seen, and not brought to the server: the disk had no room
	LOST_REASONS = 6,
};

// What scripts/wiregen reads: each kind by its name with the struct of its records.
struct wire {
	struct event_header header;
	union {
		struct fork_event fork;
		struct exec_event exec, process;
		struct exit_event exit;
		struct credentials_event credentials;
		struct namespace_event namespace;
		struct ptrace_event ptrace;
		struct process_vm_event process_vm;
		struct signal_event signal;
		struct rename_task_event rename_task;
		struct cgroup_event cgroup;
		struct file_open_event file_open, file_read;
		struct file_write_event file_write;
		struct file_pair_event file_rename, file_link, file_symlink;
		struct file_change_event file_unlink, file_chmod, file_chown, file_truncate, file_mkdir;
		struct file_setxattr_event file_setxattr;
		struct mount_event mount, umount, pivot_root;
		struct memory_event mmap, mprotect;
		struct descriptor_event memfd, userfaultfd, io_uring;
		struct socket_event connect, accept, bind, listen, datagram, raw_socket;
		struct flow_event flow_end;
		struct dns_event dns;
		struct module_event module;
		struct bpf_event bpf;
		struct kexec_event kexec;
		struct sysctl_event sysctl;
		struct lost_event lost;
	} event;
	enum kind kind;
	enum event_flag event_flag;
	enum ring ring;
	enum stdio stdio;
	enum exec_flag exec_flag;
	enum memory_flag memory_flag;
	enum lost_reason lost_reason;
	enum exec_string exec_string;
	enum rename_task_string rename_task_string;
	enum cgroup_string cgroup_string;
	enum file_string file_string;
	enum file_pair_string file_pair_string;
	enum file_setxattr_string file_setxattr_string;
	enum mount_string mount_string;
	enum socket_string socket_string;
	enum dns_string dns_string;
	enum module_string module_string;
	enum bpf_string bpf_string;
	enum sysctl_string sysctl_string;
};

#define ASSERT_SIZE(type, size) _Static_assert(sizeof(struct type) == size, #type)
ASSERT_SIZE(event_header, 64);
ASSERT_SIZE(fork_event, 16);
ASSERT_SIZE(exec_event, 144);
ASSERT_SIZE(exit_event, 40);
ASSERT_SIZE(ids, 56);
ASSERT_SIZE(credentials_event, 112);
ASSERT_SIZE(namespace_event, 40);
ASSERT_SIZE(ptrace_event, 32);
ASSERT_SIZE(process_vm_event, 32);
ASSERT_SIZE(signal_event, 24);
ASSERT_SIZE(rename_task_event, 8);
ASSERT_SIZE(cgroup_event, 24);
ASSERT_SIZE(file_identity, 32);
ASSERT_SIZE(file_open_event, 48);
ASSERT_SIZE(file_write_event, 72);
ASSERT_SIZE(file_pair_event, 48);
ASSERT_SIZE(file_change_event, 72);
ASSERT_SIZE(file_setxattr_event, 56);
ASSERT_SIZE(mount_event, 24);
ASSERT_SIZE(memory_event, 80);
ASSERT_SIZE(descriptor_event, 24);
ASSERT_SIZE(endpoints, 56);
ASSERT_SIZE(socket_event, 96);
ASSERT_SIZE(flow_event, 104);
ASSERT_SIZE(dns_event, 72);
ASSERT_SIZE(module_event, 48);
ASSERT_SIZE(bpf_event, 24);
ASSERT_SIZE(kexec_event, 24);
ASSERT_SIZE(sysctl_event, 16);
ASSERT_SIZE(lost_event, 40);

#endif
