//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The kernel object: every topic, in one compilation unit so that they share maps.
#include "identity.bpf.c"
#include "process.bpf.c"
#include "seed.bpf.c"
#include "file.bpf.c"
#include "write.bpf.c"
#include "close.bpf.c"
#include "directory.bpf.c"
#include "attribute.bpf.c"
#include "mount.bpf.c"
#include "trace.bpf.c"
#include "cgroup.bpf.c"
#include "memory.bpf.c"
#include "kernel.bpf.c"
#include "flow.bpf.c"
#include "unix.bpf.c"
#include "network.bpf.c"
#include "datagram.bpf.c"

struct wire *wire __attribute__((unused)); // keeps the records' types in the object's BTF

char _license[] SEC("license") = "Dual BSD/GPL";
