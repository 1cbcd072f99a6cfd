//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What a process may be and is called: its name (prctl).
#include "calls.h"

enum { PR_SET_NAME = 15 }; // include/uapi/linux/prctl.h

SYSCALL(prctl)
{
	struct {
		struct event_header h;
		struct rename_task_event e;
		char comm[16];
	} r = {};

	if (ARGUMENT1(regs) != PR_SET_NAME || result)
		return 0;
	if (!identify(&r.h, KIND_RENAME_TASK, sizeof(r.e)))
		return 0;
	bpf_get_current_comm(r.comm, sizeof(r.comm));
	u32 n = 0;
	for (; n < sizeof(r.comm) && r.comm[n]; n++)
		;
	r.e.len[RENAME_TASK_COMM] = n;
	r.h.length += n;
	send_vital(&r.h, r.h.length, sizeof(r));
	return 0;
}
