package builtin

import (
	"bytes"

	"vigil/decode"
	"vigil/detect"
)

// Judge looks at one record and gives what it proves; nil, nearly always. It
// allocates nothing: findings are shared and must not be changed.
type Judge struct {
	memfd, shm, shell, module, preload detect.Finding
}

// New makes a judge.
func New() *Judge {
	return &Judge{
		memfd: detect.Finding{
			Rule: "vigil-exec-memfd", Title: "Program run from anonymous memory (memfd)", Severity: decode.High, Technique: "T1620",
			Next: "Keep the process for memory forensics, look at what started it, and isolate the host if nobody can explain it.",
		},
		shm: detect.Finding{
			Rule: "vigil-exec-shm", Title: "Program run from shared memory (/dev/shm)", Severity: decode.Medium, Technique: "T1059.004",
			Next: "Copy the file before it is gone, and look at who wrote it; mount /dev/shm noexec if nothing needs it.",
		},
		shell: detect.Finding{
			Rule: "vigil-shell-socket", Title: "Shell with a network socket as standard input", Severity: decode.High, Technique: "T1059.004",
			Next: "Find the peer of the connection in the events of this process, and end the process if it is no known administration tool.",
		},
		module: detect.Finding{
			Rule: "vigil-module-load", Title: "Kernel module loaded", Severity: decode.Low, Technique: "T1547.006",
			Next: "Check that the module belongs to the distribution and that somebody asked for it.",
		},
		preload: detect.Finding{
			Rule: "vigil-ld-preload", Title: "Write to /etc/ld.so.preload", Severity: decode.High, Technique: "T1574.006",
			Next: "Read the file: every library in it is loaded into every program. Remove what no package put there.",
		},
	}
}

// Judge judges one record.
func (j *Judge) Judge(r decode.Record) *detect.Finding {
	switch r.Kind() {
	case decode.KindExec:
		return j.exec(r)
	case decode.KindModule:
		if !r.Is(decode.EventFailed) {
			return &j.module
		}
	case decode.KindFileOpen, decode.KindFileWrite:
		return j.path(r.Text(decode.FilePathText))
	case decode.KindFileRename, decode.KindFileLink, decode.KindFileSymlink:
		return j.path(r.Text(decode.FilePairToText))
	}
	return nil
}

func (j *Judge) path(path []byte) *detect.Finding {
	if string(path) == "/etc/ld.so.preload" {
		return &j.preload
	}
	return nil
}

func (j *Judge) exec(r decode.Record) *detect.Finding {
	e := r.Exec()
	path := r.Text(decode.ExecPathText)
	switch {
	case r.Is(decode.EventFileMemfd):
		return &j.memfd
	case r.Is(decode.EventFileSHM) || bytes.HasPrefix(path, []byte("/dev/shm/")):
		return &j.shm
	case e.Stdio[0] == decode.StdioSocket && isShell(path):
		return &j.shell
	}
	return nil
}

func isShell(path []byte) bool {
	switch string(path[bytes.LastIndexByte(path, '/')+1:]) {
	case "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "csh", "tcsh", "fish", "busybox":
		return true
	}
	return false
}
