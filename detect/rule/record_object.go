package rule

import (
	"strconv"

	"vigil/decode"
)

func (e *Record) target(dst [][]byte) [][]byte {
	switch r := e.record; r.Kind() {
	case decode.KindFileRename, decode.KindFileLink, decode.KindFileSymlink:
		return e.text(dst, r.Text(decode.FilePairToText))
	case decode.KindFileSetxattr:
		return e.text(dst, r.Text(decode.FileSetxattrPathText))
	case decode.KindFileOpen, decode.KindFileWrite, decode.KindFileRead, decode.KindFileMkdir, decode.KindFileUnlink,
		decode.KindFileChmod, decode.KindFileChown, decode.KindFileTruncate, decode.KindMmap, decode.KindMprotect, decode.KindMemfd:
		return e.text(dst, r.Text(decode.FilePathText))
	}
	return dst
}

func (e *Record) sourceFile(dst [][]byte) [][]byte {
	if e.record.FilePair() == nil {
		return dst
	}
	return e.text(dst, e.record.Text(decode.FilePairFromText))
}

// operation says what was done; of some, more closely in a second value.
func (e *Record) operation(dst [][]byte) [][]byte {
	word := ""
	switch r := e.record; r.Kind() {
	case decode.KindFileOpen:
		word = "open"
	case decode.KindFileWrite:
		word = "write"
	case decode.KindFileRead:
		word = "read"
	case decode.KindFileRename:
		word = "rename"
	case decode.KindFileLink:
		word = "link"
	case decode.KindFileSymlink:
		word = "symlink"
	case decode.KindFileMkdir:
		word = "mkdir"
	case decode.KindFileUnlink:
		word = "unlink"
	case decode.KindFileChmod:
		word = "chmod"
	case decode.KindFileChown:
		word = "chown"
	case decode.KindFileSetxattr:
		word = "setxattr"
	case decode.KindFileTruncate:
		word = "truncate"
	case decode.KindNamespace:
		if word = "unshare"; r.Namespace().Joined != 0 {
			word = "setns"
		}
	case decode.KindProcessVM:
		if word = "vm_read"; r.ProcessVM().Write != 0 {
			word = "vm_write"
		}
	case decode.KindSignal:
		word = "kill"
	case decode.KindPtrace:
		word = ptraceWord(r.Ptrace().Request)
	case decode.KindBPF:
		return e.string(e.string(dst, "bpf"), bpfWord(r.BPF().Command))
	default: // the others are called as their kinds: listen, bind, mmap, mount, kexec, ...
		word = r.Kind().String()
	}
	return e.string(dst, word)
}

// ptraceWord names requests of ptrace (linux/ptrace.h) that tell who traces whom.
func ptraceWord(request uint32) string {
	switch request {
	case 0:
		return "ptrace_traceme"
	case 4, 5:
		return "ptrace_poke"
	case 13, 0x4205:
		return "ptrace_setregs"
	case 16:
		return "ptrace_attach"
	case 0x4206:
		return "ptrace_seize"
	}
	return "ptrace"
}

// bpfWord names commands of bpf(2) (linux/bpf.h) that change something.
func bpfWord(command uint32) string {
	switch command {
	case 0:
		return "map_create"
	case 5:
		return "prog_load"
	case 6:
		return "obj_pin"
	case 8:
		return "prog_attach"
	case 17:
		return "raw_tracepoint_open"
	case 18:
		return "btf_load"
	case 28:
		return "link_create"
	}
	return ""
}

func (e *Record) created(dst [][]byte) [][]byte {
	if o := e.record.FileOpen(); o != nil {
		return e.truth(dst, o.Created != 0)
	}
	return dst
}

func (e *Record) mode(dst [][]byte) [][]byte {
	if e.record.Kind() != decode.KindFileChmod {
		return dst
	}
	from := len(e.made)
	e.made = append(e.made, '0')
	e.made = strconv.AppendUint(e.made, uint64(e.record.FileChange().NewMode&0o7777), 8)
	return append(dst, e.made[from:])
}

func (e *Record) attribute(dst [][]byte) [][]byte {
	if e.record.FileSetxattr() == nil {
		return dst
	}
	return e.text(dst, e.record.Text(decode.FileSetxattrNameText))
}

func moduleText(i int) fieldOf {
	return func(e *Record, dst [][]byte) [][]byte {
		if e.record.Module() == nil {
			return dst
		}
		return e.text(dst, e.record.Text(i))
	}
}

func (e *Record) fromMemory(dst [][]byte) [][]byte {
	m := e.record.Module()
	if m == nil {
		return dst
	}
	return e.truth(dst, m.FromMemory != 0 || e.record.Is(decode.EventFileMemfd))
}

func memoryFlag(flags uint32) fieldOf {
	return func(e *Record, dst [][]byte) [][]byte {
		if m := e.record.Memory(); m != nil {
			return e.truth(dst, m.MemoryFlags&flags != 0)
		}
		return dst
	}
}

func mountText(i int) fieldOf {
	return func(e *Record, dst [][]byte) [][]byte {
		if e.record.Mount() == nil {
			return dst
		}
		return e.text(dst, e.record.Text(i))
	}
}

func (e *Record) kernelName(dst [][]byte) [][]byte {
	switch e.record.Kind() {
	case decode.KindBPF:
		return e.text(dst, e.record.Text(decode.BPFNameText))
	case decode.KindSysctl:
		return e.text(dst, e.record.Text(decode.SysctlPathText))
	}
	return dst
}

func (e *Record) kernelValue(dst [][]byte) [][]byte {
	if e.record.Kind() != decode.KindSysctl {
		return dst
	}
	return e.text(dst, e.record.Text(decode.SysctlValueText))
}
