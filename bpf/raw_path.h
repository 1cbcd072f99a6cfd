// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Paths as a program gave them to a system call, for the tier that has nothing
// better: the directory they start from, a slash, and the text, flagged
// EVENT_PATH_RAW (not resolved: symbolic links and dots may be in it).
#ifndef VIGIL_RAW_PATH_H
#define VIGIL_RAW_PATH_H

#include "calls.h"

enum {
	AT_FDCWD = (u32)-100,
	RAW_PATH_MAX = 2 * PATH_MAX - 256, // directory and text, where they are a record's only path
	RAW_PAIR_MAX = PATH_MAX,	   // where they are one of two
};

static __always_inline u16 add_directory(enum slot slot, struct event_header *h, u32 descriptor)
{
	struct task_struct *task = current_task();
	if (descriptor == AT_FDCWD) {
		struct fs_struct *fs = READ(task, fs);
		return add_path(slot, h, READ(fs, pwd.dentry), READ(fs, pwd.mnt));
	}
	struct file *file = file_of(task, descriptor);
	return file ? add_path(slot, h, READ(file, f_path.dentry), READ(file, f_path.mnt)) : 0;
}

// add_raw_path appends a path. One that has no room goes without its directory.
static __always_inline u16 add_raw_path(enum slot slot, u8 *record, struct event_header *h, u32 directory, const char *text, u32 most)
{
	u32 begin = h->length, at;
	char first = 0;

	h->flags |= EVENT_PATH_RAW;
	if (bpf_probe_read_user(&first, 1, text)) {
		h->flags |= EVENT_PATH_UNREADABLE;
		return 0;
	}
	if (first != '/') {
		add_directory(slot, h, directory);
		at = h->length;
		if (at > begin + 1 && at <= RECORD_SIZE && first) {
			record[at] = '/';
			h->length++;
		}
	}
	add_text(record, h, text, PATH_MAX, true, EVENT_PATH_CUT);
	if (h->length - begin > most) {
		h->length = begin;
		h->flags |= EVENT_PATH_CUT;
		add_text(record, h, text, PATH_MAX, true, EVENT_PATH_CUT);
	}
	return h->length - begin;
}

#endif
