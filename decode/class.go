package decode

import "bytes"

// OCSFVersion is the version of the Open Cybersecurity Schema Framework that
// AppendJSON writes: https://schema.ocsf.io/1.8.0.
const OCSFVersion = "1.8.0"

// Classes of OCSF; their category is the number before the last three digits.
const (
	classFile            = 1001
	classKernelExtension = 1002
	classKernel          = 1003
	classMemory          = 1004
	classModule          = 1005
	classProcess         = 1007
	classNetwork         = 4001
	classDNS             = 4003
	classError           = 6008
)

func className(class uint32) string {
	switch class {
	case classFile:
		return "File System Activity"
	case classKernelExtension:
		return "Kernel Extension Activity"
	case classKernel:
		return "Kernel Activity"
	case classMemory:
		return "Memory Activity"
	case classModule:
		return "Module Activity"
	case classProcess:
		return "Process Activity"
	case classNetwork:
		return "Network Activity"
	case classDNS:
		return "DNS Activity"
	case classError:
		return "Application Error"
	}
	return "Base Event"
}

// activityOther is OCSF's for what its list lacks; the name is then ours.
const activityOther = 99

// activity is an OCSF class with one of its activity_id.
type activity struct {
	class uint32
	id    uint32
	name  string
}

// activities are those of each kind, where the record says nothing finer.
var activities = [KindCount]activity{
	KindFork:         {classProcess, 1, "Launch"},
	KindExec:         {classProcess, 1, "Launch"},
	KindExit:         {classProcess, 2, "Terminate"},
	KindCredentials:  {classProcess, activityOther, "Set Credentials"},
	KindNamespace:    {classProcess, activityOther, "Set Namespace"},
	KindPtrace:       {classProcess, 3, "Open"},
	KindProcessVM:    {classMemory, 7, "Read"},
	KindSignal:       {classProcess, activityOther, "Signal"},
	KindRenameTask:   {classProcess, activityOther, "Rename"},
	KindCgroup:       {classKernel, 1, "Create"},
	KindFileOpen:     {classFile, 14, "Open"},
	KindFileWrite:    {classFile, 3, "Update"},
	KindFileRead:     {classFile, 2, "Read"},
	KindFileRename:   {classFile, 5, "Rename"},
	KindFileUnlink:   {classFile, 4, "Delete"},
	KindFileLink:     {classFile, 1, "Create"},
	KindFileSymlink:  {classFile, 1, "Create"},
	KindFileChmod:    {classFile, 7, "Set Security"},
	KindFileChown:    {classFile, 7, "Set Security"},
	KindFileSetxattr: {classFile, 6, "Set Attributes"},
	KindFileTruncate: {classFile, 3, "Update"},
	KindFileMkdir:    {classFile, 1, "Create"},
	KindMount:        {classFile, 12, "Mount"},
	KindUmount:       {classFile, 13, "Unmount"},
	KindPivotRoot:    {classFile, activityOther, "Pivot Root"},
	KindMmap:         {classModule, 1, "Load"},
	KindMprotect:     {classMemory, 5, "Disable DEP"},
	KindMemfd:        {classFile, 1, "Create"},
	KindUserfaultfd:  {classKernel, 4, "Invoke"},
	KindIOUring:      {classKernel, 4, "Invoke"},
	KindConnect:      {classNetwork, 1, "Open"},
	KindAccept:       {classNetwork, 1, "Open"},
	KindBind:         {classNetwork, activityOther, "Bind"},
	KindListen:       {classNetwork, 7, "Listen"},
	KindFlowEnd:      {classNetwork, 2, "Close"},
	KindDatagram:     {classNetwork, 6, "Traffic"},
	KindRawSocket:    {classNetwork, activityOther, "Raw Socket"},
	KindDNS:          {classDNS, 1, "Query"},
	KindModule:       {classKernelExtension, 1, "Load"},
	KindBPF:          {classKernel, 4, "Invoke"},
	KindKexec:        {classKernel, 4, "Invoke"},
	KindSysctl:       {classKernel, activityOther, "Write"},
	KindLost:         {classError, 1, "General Error"},
	KindProcess:      {classProcess, activityOther, "Running"},
}

// activityOf gives the record's place in OCSF.
func activityOf(r Record) activity {
	switch r.Kind() {
	case KindCredentials:
		if e := r.Credentials(); changedUser(&e.Before, &e.After) {
			return activity{classProcess, 5, "Set User ID"}
		}
	case KindPtrace:
		if injects(r.Ptrace().Request) {
			return activity{classProcess, 4, "Inject"}
		}
	case KindProcessVM:
		if r.ProcessVM().Write != 0 {
			return activity{classMemory, 8, "Write"}
		}
	case KindCgroup:
		if r.Cgroup().Removed != 0 {
			return activity{classKernel, 3, "Delete"}
		}
	case KindFileOpen:
		if r.FileOpen().Created != 0 {
			return activity{classFile, 1, "Create"}
		}
	case KindFileSetxattr:
		if guards(r.Text(FileSetxattrNameText)) {
			return activity{classFile, 7, "Set Security"}
		}
	case KindMmap:
		if r.Memory().MemoryFlags&MemoryAnonymous != 0 {
			return activity{classMemory, 1, "Allocate Page"}
		}
	case KindMprotect:
		if r.Memory().Protection&protectionExecute == 0 {
			return activity{classMemory, 2, "Modify Page"}
		}
	case KindConnect, KindAccept:
		return connectionOf(r)
	case KindFlowEnd:
		if r.Flow().Error == errConnReset {
			return activity{classNetwork, 3, "Reset"}
		}
	case KindDNS:
		if answers(r) {
			return activity{classDNS, 2, "Response"}
		}
	case KindBPF:
		switch r.BPF().Command {
		case bpfMapCreate, bpfProgLoad, bpfBTFLoad, bpfLinkCreate, bpfTokenCreate:
			return activity{classKernel, 1, "Create"}
		}
	}
	return activities[r.Kind()]
}

const protectionExecute = 4 // PROT_EXEC

func connectionOf(r Record) activity {
	switch e := errorNumber(r.Socket().Result); {
	case e == errConnRefused:
		return activity{classNetwork, 5, "Refuse"}
	case r.Is(EventFailed), e != 0 && e != errInProgress:
		return activity{classNetwork, 4, "Fail"}
	}
	return activities[r.Kind()]
}

func changedUser(a, b *IDs) bool {
	return a.UID != b.UID || a.EUID != b.EUID || a.SUID != b.SUID || a.FSUID != b.FSUID
}

// injects tells of the requests that write to the other process's memory or
// registers: PTRACE_POKETEXT, POKEDATA, POKEUSER, SETREGS, SETFPREGS, SETREGSET.
func injects(request uint32) bool {
	switch request {
	case 4, 5, 6, 13, 15, 0x4205:
		return true
	}
	return false
}

// guards tells of extended attributes that decide who may do what: xattr(7).
func guards(name []byte) bool {
	return bytes.HasPrefix(name, []byte("security.")) || bytes.HasPrefix(name, []byte("system.posix_acl"))
}

// statusOf gives OCSF's status_id: 0 unknown, 1 success, 2 failure.
func statusOf(r Record, result int32) uint64 {
	switch e := errorNumber(result); {
	case r.Is(EventFailed), e != 0 && e != errInProgress:
		return 2
	case r.Is(EventAttempt), e == errInProgress, r.Kind() == KindLost:
		return 0
	}
	return 1
}

// resultOf is what the call gave back, where the record says.
func resultOf(r Record) int32 {
	switch r.Kind() {
	case KindPtrace:
		return r.Ptrace().Result
	case KindProcessVM:
		return r.ProcessVM().Result
	case KindFileRename, KindFileLink, KindFileSymlink:
		return r.FilePair().Result
	case KindFileUnlink, KindFileChmod, KindFileChown, KindFileTruncate, KindFileMkdir:
		return r.FileChange().Result
	case KindFileSetxattr:
		return r.FileSetxattr().Result
	case KindMount, KindUmount, KindPivotRoot:
		return r.Mount().Result
	case KindMemfd, KindUserfaultfd, KindIOUring:
		return r.Descriptor().Descriptor
	case KindConnect, KindAccept, KindBind, KindListen, KindDatagram, KindRawSocket:
		return r.Socket().Result
	case KindModule:
		return r.Module().Result
	case KindBPF:
		return r.BPF().Result
	case KindKexec:
		return r.Kexec().Result
	}
	return 0
}
