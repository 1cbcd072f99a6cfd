package bpf

// fileHooks: what happens to files.
func fileHooks() []hook {
	write := functions(vigilKindKIND_FILE_WRITE,
		[]string{"file_open", "file_write", "file_writev?", "file_splice?", "file_close"},
		"write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile64", "splice", "copy_file_range",
		"open?", "openat", "openat2?", "creat?")
	write.tiers[TierTracepoint] = append(write.tiers[TierTracepoint],
		"enter_sys_close", "enter_sys_dup2?", "enter_sys_dup3", "exit_file_close")
	sysctl := write
	sysctl.kind = vigilKindKIND_SYSCTL
	return []hook{
		functions(vigilKindKIND_FILE_OPEN, []string{"file_open"}, "open?", "openat", "openat2?", "creat?"),
		functions(vigilKindKIND_FILE_READ, []string{"file_open"}, "open?", "openat", "openat2?", "creat?"),
		write,
		sysctl,
		functions(vigilKindKIND_FILE_RENAME, []string{"file_rename"}, "rename?", "renameat?", "renameat2"),
		functions(vigilKindKIND_FILE_UNLINK, []string{"file_unlink", "file_rmdir"}, "unlink?", "unlinkat", "rmdir?"),
		functions(vigilKindKIND_FILE_LINK, []string{"file_link"}, "link?", "linkat"),
		functions(vigilKindKIND_FILE_SYMLINK, []string{"file_symlink"}, "symlink?", "symlinkat"),
		functions(vigilKindKIND_FILE_MKDIR, []string{"file_mkdir"}, "mkdir?", "mkdirat"),
		functions(vigilKindKIND_FILE_CHMOD, []string{"file_chmod"}, "chmod?", "fchmod", "fchmodat", "fchmodat2?"),
		functions(vigilKindKIND_FILE_CHOWN, []string{"file_chown"}, "chown?", "lchown?", "fchown", "fchownat"),
		called(vigilKindKIND_FILE_TRUNCATE, "truncate", "ftruncate"),
		called(vigilKindKIND_FILE_SETXATTR, "setxattr", "lsetxattr", "fsetxattr"),
		called(vigilKindKIND_MOUNT, "mount", "move_mount?"),
		called(vigilKindKIND_UMOUNT, "umount"),
		called(vigilKindKIND_PIVOT_ROOT, "pivot_root"),
	}
}
