package recordtest

import "vigil/decode"

// Sample gives a record of the kind as a server might have it; nil for a kind
// that has none.
func Sample(kind decode.Kind) []byte {
	switch kind {
	case decode.KindExec, decode.KindProcess:
		return Build(kind, exec(), Texts("/usr/bin/curl", "curl\x00-fsS\x00https://example.com/a b\x00", "/home/deploy",
			"/usr/bin/curl", "", "pts0", "curl")...)
	case decode.KindFork:
		return Build(kind, decode.Fork{ChildExecID: 0xabcdef0123456789, ChildPID: 1240, PPID: 1234})
	case decode.KindExit:
		return Build(kind, decode.Exit{Start: 999_000_000_000, UserNS: 1_500_000, SystemNS: 900_000, Code: 22})
	case decode.KindCredentials:
		before, after := ids(1000), ids(1000)
		after.EUID, after.SUID, after.FSUID, after.CapEffective, after.CapPermitted = 0, 0, 0, 0x1ffffffffff, 0x1ffffffffff
		return Build(kind, decode.Credentials{Before: before, After: after})
	case decode.KindNamespace:
		return Build(kind, decode.Namespace{
			Flags: 0x20020000, MountNS: 4026532001, PIDNS: 4026532002, NetNS: 4026531840, UserNS: 4026531837,
			UTSNS: 4026531838, IPCNS: 4026531839, CgroupNS: 4026531835,
		})
	case decode.KindPtrace:
		return Build(kind, decode.Ptrace{TargetExecID: 0x0102030405060708, Address: 0x7f0000001000, Request: 16, TargetPID: 77})
	case decode.KindProcessVM:
		return Build(kind, decode.ProcessVM{TargetExecID: 0x0102030405060708, Bytes: 4096, TargetPID: 77, Write: 1, Result: 4096})
	case decode.KindSignal:
		return Build(kind, decode.Signal{TargetExecID: 0x0102030405060708, TargetPID: 77, TargetUID: 33, Signal: 9})
	case decode.KindRenameTask:
		return Build(kind, decode.RenameTask{}, []byte("kworker/0:1"))
	}
	if b := sampleFile(kind); b != nil {
		return b
	}
	return sampleNetwork(kind)
}

func exec() decode.Exec {
	return decode.Exec{
		PreviousExecID: 0x5555666677778888, Inode: 262_147, Device: 8<<20 | 1, Start: 999_000_000_000, PPID: 1200, GID: 1000,
		EUID: 1000, EGID: 1000, LoginUID: 1000, SessionID: 3, Mode: 0o100755, MountNS: 4026531841, PIDNS: 4026531836,
		NetNS: 4026531840, UserNS: 4026531837, CgroupNS: 4026531835, NSPID: 1234, Argc: 3,
		Stdio: [3]uint8{decode.StdioTTY, decode.StdioPipe, decode.StdioNull},
	}
}

func ids(id uint32) decode.IDs {
	return decode.IDs{UID: id, EUID: id, SUID: id, FSUID: id, GID: id, EGID: id, SGID: id, FSGID: id, UserNS: 4026531837}
}

func file() decode.FileIdentity {
	return decode.FileIdentity{Inode: 393_221, Device: 8<<20 | 1, Mode: 0o100644, Owner: 1000, Group: 1000, Links: 1}
}

func sampleFile(kind decode.Kind) []byte {
	path := []byte("/var/www/html/uploads/shell.php")
	switch kind {
	case decode.KindFileOpen:
		return Build(kind, decode.FileOpen{File: file(), OpenFlags: 0o1101, Created: 1}, path)
	case decode.KindFileRead:
		return Build(kind, decode.FileOpen{File: file()}, []byte("/etc/shadow"))
	case decode.KindFileWrite:
		return Build(kind, decode.FileWrite{File: file(), Bytes: 13_000, First: 1_000_000_000_000, Last: 1_000_100_000_000, Writes: 4, OpenFlags: 1}, path)
	case decode.KindFileRename:
		return Build(kind, decode.FilePair{File: file(), Flags: 1}, []byte("/var/lib/dpkg/status-new"), []byte("/var/lib/dpkg/status"))
	case decode.KindFileLink:
		return Build(kind, decode.FilePair{File: file()}, []byte("/etc/passwd"), []byte("/tmp/p"))
	case decode.KindFileSymlink:
		return Build(kind, decode.FilePair{}, []byte("../../etc/shadow"), []byte("/srv/www/s"))
	case decode.KindFileUnlink:
		return Build(kind, decode.FileChange{File: file()}, []byte("/var/log/auth.log"))
	case decode.KindFileChmod:
		return Build(kind, decode.FileChange{File: file(), NewMode: 0o4755}, []byte("/tmp/x"))
	case decode.KindFileChown:
		return Build(kind, decode.FileChange{File: file(), NewOwner: 0, NewGroup: 1<<32 - 1}, []byte("/tmp/x"))
	case decode.KindFileTruncate:
		return Build(kind, decode.FileChange{File: file()}, []byte("/root/.bash_history"))
	case decode.KindFileMkdir:
		return Build(kind, decode.FileChange{NewMode: 0o755}, []byte("/tmp/.X11-unix/..."))
	case decode.KindFileSetxattr:
		return Build(kind, decode.FileSetxattr{File: file(), Size: 20}, []byte("/tmp/x"), []byte("security.capability"))
	case decode.KindMount:
		return Build(kind, decode.Mount{Flags: 0x1000}, []byte("/dev/vda1"), []byte("/mnt/host"), []byte("ext4"))
	case decode.KindUmount:
		return Build(kind, decode.Mount{Flags: 2}, nil, []byte("/mnt/host"))
	case decode.KindPivotRoot:
		return Build(kind, decode.Mount{}, []byte("/new/old"), []byte("/new"))
	case decode.KindCgroup:
		return Build(kind, decode.Cgroup{ID: 5001, Hierarchy: 0}, []byte("/system.slice/docker-0123.scope"))
	case decode.KindSysctl:
		return Build(kind, decode.Sysctl{Bytes: 2}, []byte("kernel/core_pattern"), []byte("|/tmp/x"))
	case decode.KindMmap:
		return Build(kind, decode.Memory{File: file(), Address: 0x7f1234560000, Size: 8192, Offset: 4096, Protection: 5, MapFlags: 2},
			[]byte("/usr/lib/x86_64-linux-gnu/libc.so.6"))
	case decode.KindMprotect:
		return Build(kind, decode.Memory{Address: 0x7f1234560000, Size: 4096, Protection: 7, Before: 3, MapFlags: 0x22, MemoryFlags: decode.MemoryAnonymous | decode.MemoryWritable})
	case decode.KindMemfd:
		return Build(kind, decode.Descriptor{Flags: 1, Descriptor: 3}, []byte("payload"))
	case decode.KindUserfaultfd:
		return Build(kind, decode.Descriptor{Flags: 0x800, Descriptor: 4})
	case decode.KindIOUring:
		return Build(kind, decode.Descriptor{Entries: 256, Descriptor: 5})
	case decode.KindModule:
		return Build(kind, decode.Module{File: file()}, []byte("rootkit"), []byte("/tmp/rootkit.ko"), []byte("hide=1"))
	case decode.KindBPF:
		return Build(kind, decode.BPF{Command: 5, Type: 26, Result: 7, Instructions: 512}, []byte("trace_exec"))
	case decode.KindKexec:
		return Build(kind, decode.Kexec{Segments: 4, FromFile: 1})
	case decode.KindLost:
		return Build(kind, decode.Lost{Records: 120, Since: 990_000_000_000, Until: 999_000_000_000, Kind: uint32(decode.KindFileOpen), CPU: 1})
	}
	return nil
}
