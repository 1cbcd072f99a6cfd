//go:build ignore

// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Cgroups made and removed, in every hierarchy. Both tracepoints are raised under
// trace_cgroup_path_lock with interrupts off (kernel/cgroup/cgroup-internal.h), so
// they may share a slot. The path is the cgroup's in its hierarchy.
#include "calls.h"

enum { CGROUP_PATH_MAX = 1024 }; // TRACE_CGROUP_PATH_LEN

static __always_inline int on_cgroup(struct cgroup *cgroup, const char *path, u32 removed)
{
	struct scratch *s = scratch_of(SLOT_CGROUP);
	if (!s)
		return 0;
	struct event_header *h = (void *)s->record;
	struct cgroup_event *e = (void *)(h + 1);

	if (!identify(h, KIND_CGROUP, sizeof(*e)))
		return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->id = READ(cgroup, kn, id);
	e->hierarchy = READ(cgroup, root, hierarchy_id);
	e->removed = removed;
	e->len[CGROUP_PATH] = add_text(s->record, h, path, CGROUP_PATH_MAX, false, EVENT_PATH_CUT);
	send_vital(h, h->length, RECORD_SIZE);
	return 0;
}

HELD("tp_btf/cgroup_mkdir", cgroup_made, on_cgroup((void *)ctx[0], (void *)ctx[1], 0))

HELD("tp_btf/cgroup_rmdir", cgroup_removed, on_cgroup((void *)ctx[0], (void *)ctx[1], 1))
