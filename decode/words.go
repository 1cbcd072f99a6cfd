package decode

// The words of output for numbers of event.h and of Linux, each at its number or
// at the number of its bit. Never changed.

var eventFlags = [...]string{
	"path_cut", "path_detached", "path_raw", "path_unreadable", "no_identity", "attempt", "io_uring",
	"file_deleted", "file_memfd", "file_shm", "failed", "compat", "cut",
}

var execFlags = [...]string{"arguments_cut", "script", "secure", "chroot", "cwd_detached", "seeded", "by_descriptor"}

var memoryFlags = [...]string{"anonymous", "shared", "writable", "write_to_execute", "stack", "heap"}

var rings = [...]string{"vital", "bulk"}

var stdioKinds = [...]string{"closed", "file", "tty", "pipe", "socket", "null", "other"}

var lostReasons = [...]string{"ring_full", "table_full", "recursion", "scratch", "reader", "upstream"}

// protections are PROT_* of asm-generic/mman-common.h.
var protections = [...]string{0: "read", 1: "write", 2: "exec", 3: "sem", 24: "growsdown", 25: "growsup"}

// protectionUnknown is Memory.Before where the kernel could not tell.
const protectionUnknown = ^uint32(0)

// mapFlags are MAP_* of x86 and arm64 (linux/mman.h, asm-generic/mman.h).
var mapFlags = [...]string{
	0: "shared", 1: "private", 4: "fixed", 5: "anonymous", 8: "growsdown", 11: "denywrite", 12: "executable",
	13: "locked", 14: "noreserve", 15: "populate", 16: "nonblock", 17: "stack", 18: "hugetlb", 19: "sync", 20: "fixed_noreplace",
}

// openFlags are the O_* that have one number on all our architectures
// (asm-generic/fcntl.h); the others are in file.access_mask only.
var openFlags = [...]string{
	0: "wronly", 1: "rdwr", 6: "creat", 7: "excl", 8: "noctty", 9: "trunc", 10: "append", 11: "nonblock",
	12: "dsync", 18: "noatime", 19: "cloexec", 20: "sync", 21: "path", 22: "tmpfile",
}

// namespaceFlags are CLONE_NEW* (linux/sched.h).
var namespaceFlags = [...]string{7: "time", 17: "mount", 25: "cgroup", 26: "uts", 27: "ipc", 28: "user", 29: "pid", 30: "net"}

// renameFlags are RENAME_* (linux/fs.h).
var renameFlags = [...]string{"noreplace", "exchange", "whiteout"}

// xattrFlags are XATTR_* (linux/xattr.h).
var xattrFlags = [...]string{"create", "replace"}

// memfdFlags are MFD_* (linux/memfd.h).
var memfdFlags = [...]string{"cloexec", "allow_sealing", "hugetlb", "noexec_seal", "exec"}

// families are AF_* (linux/socket.h).
var families = [...]string{
	0: "unspec", 1: "unix", 2: "inet", 10: "inet6", 15: "key", 16: "netlink", 17: "packet", 21: "rds", 29: "can",
	30: "tipc", 31: "bluetooth", 38: "alg", 39: "nfc", 40: "vsock", 41: "kcm", 43: "smc", 44: "xdp",
}

const (
	familyUnix  = 1
	familyInet  = 2
	familyInet6 = 10
)

// socketTypes are SOCK_* (linux/net.h).
var socketTypes = [...]string{1: "stream", 2: "dgram", 3: "raw", 4: "rdm", 5: "seqpacket", 6: "dccp", 10: "packet"}

// protocols are IANA's, as OCSF's connection_info.protocol_name wants them; and
// Linux's MPTCP.
var protocols = [...]string{
	1: "icmp", 2: "igmp", 4: "ipv4", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah",
	58: "ipv6-icmp", 89: "ospfigp", 103: "pim", 132: "sctp", 136: "udplite", 255: "raw", 262: "mptcp",
}

// bpfCommands are enum bpf_cmd (linux/bpf.h).
var bpfCommands = [...]string{
	"map_create", "map_lookup_elem", "map_update_elem", "map_delete_elem", "map_get_next_key", "prog_load", "obj_pin",
	"obj_get", "prog_attach", "prog_detach", "prog_test_run", "prog_get_next_id", "map_get_next_id", "prog_get_fd_by_id",
	"map_get_fd_by_id", "obj_get_info_by_fd", "prog_query", "raw_tracepoint_open", "btf_load", "btf_get_fd_by_id",
	"task_fd_query", "map_lookup_and_delete_elem", "map_freeze", "btf_get_next_id", "map_lookup_batch",
	"map_lookup_and_delete_batch", "map_update_batch", "map_delete_batch", "link_create", "link_update",
	"link_get_fd_by_id", "link_get_next_id", "enable_stats", "iter_create", "link_detach", "prog_bind_map", "token_create",
	"prog_stream_read_by_fd",
}

const (
	bpfMapCreate      = 0
	bpfProgLoad       = 5
	bpfTracepointOpen = 17
	bpfBTFLoad        = 18
	bpfLinkCreate     = 28
	bpfTokenCreate    = 36
)

// bpfPrograms are enum bpf_prog_type (linux/bpf.h).
var bpfPrograms = [...]string{
	"unspec", "socket_filter", "kprobe", "sched_cls", "sched_act", "tracepoint", "xdp", "perf_event", "cgroup_skb", "cgroup_sock",
	"lwt_in", "lwt_out", "lwt_xmit", "sock_ops", "sk_skb", "cgroup_device", "sk_msg", "raw_tracepoint", "cgroup_sock_addr",
	"lwt_seg6local", "lirc_mode2", "sk_reuseport", "flow_dissector", "cgroup_sysctl", "raw_tracepoint_writable",
	"cgroup_sockopt", "tracing", "struct_ops", "ext", "lsm", "sk_lookup", "syscall", "netfilter",
}

// programType tells whether Type is a program's, rather than one of attaching.
func (e *BPF) programType() bool { return e.Command == bpfProgLoad || e.Command == bpfTracepointOpen }

// signals are those of x86 and arm64 (asm/signal.h).
var signals = [...]string{
	1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL", 10: "USR1", 11: "SEGV",
	12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 16: "STKFLT", 17: "CHLD", 18: "CONT", 19: "STOP", 20: "TSTP",
	21: "TTIN", 22: "TTOU", 23: "URG", 24: "XCPU", 25: "XFSZ", 26: "VTALRM", 27: "PROF", 28: "WINCH", 29: "IO", 30: "PWR", 31: "SYS",
}

// ReasonName says why records were lost: enum lost_reason.
func (l *Lost) ReasonName() string {
	if l.Reason < uint32(len(lostReasons)) {
		return lostReasons[l.Reason]
	}
	return "unknown"
}
