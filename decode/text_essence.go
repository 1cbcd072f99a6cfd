package decode

import "strconv"

// essence writes what one looks for first in a record of its kind.
func (l *line) essence(r Record) {
	switch k := r.Kind(); {
	case processKind(k), k == KindProcessVM:
		l.process(r)
	case fileKind(k):
		l.file(r)
	case memoryKind(k):
		e := r.Memory()
		if path := r.Text(FilePathText); len(path) > 0 {
			l.text(path)
		}
		l.size(e.Size)
		if k == KindMprotect {
			if e.Before != protectionUnknown {
				l.words(uint64(e.Before), protections[:])
			}
			l.arrow()
		}
		l.words(uint64(e.Protection), protections[:])
	case networkKind(k):
		l.network(r)
	default:
		l.kernel(r)
	}
}

func (l *line) process(r Record) {
	switch r.Kind() {
	case KindFork:
		l.arrow()
		l.pid(r.Fork().ChildPID)
	case KindExec, KindProcess:
		l.text(r.Text(ExecPathText))
		if arguments := r.Text(ExecArgumentsText); len(arguments) > 0 {
			l.b = appendCommand(append(l.b, ' ', ' '), arguments, appendPrintable)
		}
	case KindExit:
		l.exit(r)
	case KindCredentials:
		l.credentials(r.Credentials())
	case KindNamespace:
		e := r.Namespace()
		if e.Joined != 0 {
			l.word("setns")
		} else {
			l.word("unshare")
		}
		l.words(e.Flags, namespaceFlags[:])
	case KindPtrace:
		l.word(ptraceName(r.Ptrace().Request))
		l.arrow()
		l.pid(r.Ptrace().TargetPID)
	case KindProcessVM:
		e := r.ProcessVM()
		if e.Write != 0 {
			l.word("write")
		} else {
			l.word("read")
		}
		l.size(e.Bytes)
		l.arrow()
		l.pid(e.TargetPID)
	case KindSignal:
		l.value(uint64(r.Signal().Signal), signals[:])
		l.arrow()
		l.pid(r.Signal().TargetPID)
	case KindRenameTask:
		l.arrow()
		l.text(r.Text(RenameTaskCommText))
	}
}

func (l *line) exit(r Record) {
	e := r.Exit()
	if e.Signal != 0 {
		l.word("killed by")
		l.value(uint64(e.Signal), signals[:])
		if e.CoreDumped != 0 {
			l.capital("CORE")
		}
	} else {
		l.word("code")
		l.number(uint64(e.Code))
	}
	if e.Start != 0 && e.Start <= r.Time {
		l.word("after")
		l.duration(r.Time - e.Start)
	}
}

// credentials writes what changed.
func (l *line) credentials(e *Credentials) {
	l.change("uid", e.Before.UID, e.After.UID)
	l.change("euid", e.Before.EUID, e.After.EUID)
	l.change("suid", e.Before.SUID, e.After.SUID)
	l.change("fsuid", e.Before.FSUID, e.After.FSUID)
	l.change("gid", e.Before.GID, e.After.GID)
	l.change("egid", e.Before.EGID, e.After.EGID)
	l.change("sgid", e.Before.SGID, e.After.SGID)
	l.change("fsgid", e.Before.FSGID, e.After.FSGID)
	l.change("user_ns", e.Before.UserNS, e.After.UserNS)
	l.changeMask("cap_effective", e.Before.CapEffective, e.After.CapEffective)
	l.changeMask("cap_permitted", e.Before.CapPermitted, e.After.CapPermitted)
}

func (l *line) changeMask(name string, before, after uint64) {
	if before != after {
		l.word(name)
		l.b = strconv.AppendUint(append(l.b, " 0x"...), before, 16)
		l.b = strconv.AppendUint(append(l.b, "→0x"...), after, 16)
	}
}

func (l *line) change(name string, before, after uint32) {
	if before != after {
		l.word(name)
		l.number(uint64(before))
		l.b = appendValue(append(l.b, "→"...), uint64(after), nil)
	}
}

// ptraceName names the PTRACE_* that matter (linux/ptrace.h).
func ptraceName(request uint32) string {
	switch request {
	case 0:
		return "traceme"
	case 1, 2, 3:
		return "peek"
	case 4, 5, 6:
		return "poke"
	case 12, 14, 0x4204:
		return "getregs"
	case 13, 15, 0x4205:
		return "setregs"
	case 16:
		return "attach"
	case 17:
		return "detach"
	case 24:
		return "syscall"
	case 0x4206:
		return "seize"
	}
	return "ptrace"
}

func (l *line) file(r Record) {
	switch r.Kind() {
	case KindFileRename, KindFileLink, KindFileSymlink:
		l.text(r.Text(FilePairFromText))
		l.arrow()
		l.text(r.Text(FilePairToText))
		return
	case KindMount, KindUmount, KindPivotRoot:
		l.mount(r)
		return
	}
	l.text(r.Text(FilePathText))
	switch r.Kind() {
	case KindFileOpen:
		if r.FileOpen().Created != 0 {
			l.word("created")
		}
		l.words(named(uint64(r.FileOpen().OpenFlags), openFlags[:]), openFlags[:])
	case KindFileWrite:
		e := r.FileWrite()
		l.size(e.Bytes)
		if e.Writes > 1 {
			l.word("in")
			l.number(uint64(e.Writes))
			l.word("writes")
		}
	case KindFileChmod:
		l.octal(r.FileChange().File.Mode & 0o7777)
		l.arrow()
		l.octal(r.FileChange().NewMode & 0o7777)
	case KindFileChown:
		e := r.FileChange()
		l.owner(e.File.Owner, e.File.Group)
		l.arrow()
		l.owner(e.NewOwner, e.NewGroup)
	case KindFileTruncate:
		l.word("to")
		l.size(r.FileChange().Size)
	case KindFileMkdir:
		l.octal(r.FileChange().NewMode & 0o7777)
	case KindFileUnlink:
		if r.FileChange().Directory != 0 {
			l.word("directory")
		}
	case KindFileSetxattr:
		l.text(r.Text(FileSetxattrNameText))
		l.size(r.FileSetxattr().Size)
	}
}

// owner writes user:group; what a chown keeps is empty.
func (l *line) owner(user, group uint32) {
	const keep = ^uint32(0)
	l.b = append(l.b, ' ')
	if user != keep {
		l.b = appendValue(l.b, uint64(user), nil)
	}
	l.b = append(l.b, ':')
	if group != keep {
		l.b = appendValue(l.b, uint64(group), nil)
	}
}

func (l *line) mount(r Record) {
	source, target := r.Text(MountSourceText), r.Text(MountTargetText)
	switch r.Kind() {
	case KindMount:
		l.text(source)
		l.arrow()
		l.text(target)
		if kind := r.Text(MountTypeText); len(kind) > 0 {
			l.text(kind)
		}
	case KindUmount:
		l.text(target)
	default:
		l.text(target)
		l.word("old root at")
		l.text(source)
	}
}
