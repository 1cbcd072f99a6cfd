package decode

import "unsafe"

// class is the OCSF class and activity of a record.
type class struct {
	uid          uint32
	name         string
	activity     uint32
	activityName string
}

// classOf gives the class of a kind: process activity 1007, file system activity
// 1001, kernel activity 1003, kernel extension activity 1002, memory activity
// 1004, network activity 4001, DNS activity 4003, event log activity 1008 for
// what was lost.
func classOf(k Kind, r Record) class {
	process := func(id uint32, name string) class { return class{1007, "Process Activity", id, name} }
	file := func(id uint32, name string) class { return class{1001, "File System Activity", id, name} }
	kernel := func(id uint32, name string) class { return class{1003, "Kernel Activity", id, name} }
	memory := func(id uint32, name string) class { return class{1004, "Memory Activity", id, name} }
	network := func(id uint32, name string) class { return class{4001, "Network Activity", id, name} }
	switch k {
	case KindFork, KindExec, KindProcess:
		return process(1, "Launch")
	case KindExit:
		return process(2, "Terminate")
	case KindPtrace, KindSignal:
		return process(3, "Open")
	case KindProcessVM:
		return process(4, "Inject")
	case KindCredentials:
		return process(5, "Set User ID")
	case KindNamespace, KindRenameTask, KindCgroup:
		return process(99, "Other")
	case KindFileOpen:
		if r.FileOpen().Created != 0 {
			return file(1, "Create")
		}
		return file(14, "Open")
	case KindFileRead:
		return file(2, "Read")
	case KindFileWrite, KindFileTruncate:
		return file(3, "Update")
	case KindFileUnlink:
		return file(4, "Delete")
	case KindFileRename:
		return file(5, "Rename")
	case KindFileChmod, KindFileChown:
		return file(7, "Set Security")
	case KindFileSetxattr:
		return file(6, "Set Attributes")
	case KindMount, KindPivotRoot:
		return file(12, "Mount")
	case KindUmount:
		return file(13, "Unmount")
	case KindFileMkdir, KindFileLink, KindFileSymlink:
		return file(1, "Create")
	case KindMmap:
		return memory(2, "Map View")
	case KindMprotect:
		return memory(7, "Modify Page")
	case KindMemfd:
		return memory(1, "Allocate Page")
	case KindUserfaultfd, KindIOUring:
		return kernel(1, "Create")
	case KindConnect, KindAccept:
		if r.Is(EventFailed) {
			return network(4, "Fail")
		}
		return network(1, "Open")
	case KindListen, KindBind:
		return network(7, "Listen")
	case KindFlowEnd:
		return network(2, "Close")
	case KindDatagram:
		return network(6, "Traffic")
	case KindRawSocket:
		return network(99, "Other")
	case KindDNS:
		if r.DNS().Answer != 0 {
			return class{4003, "DNS Activity", 2, "Response"}
		}
		return class{4003, "DNS Activity", 1, "Query"}
	case KindModule:
		return class{1002, "Kernel Extension Activity", 1, "Load"}
	case KindBPF:
		return class{1002, "Kernel Extension Activity", 99, "Other"}
	case KindKexec:
		return kernel(4, "Invoke")
	case KindSysctl:
		return kernel(99, "Other")
	case KindLost:
		return class{1008, "Event Log Activity", 99, "Records lost"}
	}
	return class{0, "Base Event", 0, "Unknown"}
}

func eventFlagNames() []string {
	return eventFlags[:]
}

// In the order of enum event_flag. Never changed.
var eventFlags = [...]string{
	"path_cut", "path_detached", "path_raw", "path_unreadable", "no_identity", "attempt", "io_uring",
	"file_deleted", "file_memfd", "file_shm", "failed", "compat", "cut",
}

var execFlags = [...]string{"arguments_cut", "script", "secure", "chroot", "cwd_detached", "seeded", "by_descriptor"}

var memoryFlags = [...]string{"anonymous", "shared", "writable", "write_to_execute", "stack", "heap"}

var stdioNames = [...]string{"closed", "file", "tty", "pipe", "socket", "null", "other"}

func stringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
