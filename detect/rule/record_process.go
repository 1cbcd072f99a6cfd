package rule

import (
	"bytes"

	"vigil/decode"
)

func (e *Record) image(dst [][]byte) [][]byte {
	if e.record.Exec() != nil {
		if path := e.record.Text(decode.ExecPathText); len(path) > 0 {
			return append(dst, path)
		}
	}
	return e.text(dst, e.by().Path)
}

// arguments are of the new image for exec, else of who acts.
func (e *Record) arguments() []byte {
	if e.record.Exec() != nil {
		if all := e.record.Text(decode.ExecArgumentsText); len(all) > 0 {
			return all
		}
	}
	return e.by().Arguments
}

func (e *Record) commandLine(dst [][]byte) [][]byte { return e.joined(dst, e.arguments()) }

func (e *Record) firstArgument(dst [][]byte) [][]byte {
	_, rest, _ := bytes.Cut(e.arguments(), []byte{0})
	first, _, _ := bytes.Cut(rest, []byte{0})
	return e.text(dst, first)
}

func (e *Record) directory(dst [][]byte) [][]byte {
	if e.record.Exec() != nil {
		if path := e.record.Text(decode.ExecCWDText); len(path) > 0 {
			return append(dst, path)
		}
	}
	return e.text(dst, e.by().CWD)
}

func (e *Record) user(dst [][]byte) [][]byte {
	if e.by().User != "" {
		return e.string(dst, e.by().User)
	}
	return e.number(dst, uint64(e.record.UID))
}

func (e *Record) parentID(dst [][]byte) [][]byte {
	switch x := e.record.Exec(); {
	case x != nil:
		return e.number(dst, uint64(x.PPID))
	case e.by().PPID != 0:
		return e.number(dst, uint64(e.by().PPID))
	}
	return dst
}

func (e *Record) parentImage(dst [][]byte) [][]byte {
	if e.by().Parent == nil {
		return dst
	}
	return e.text(dst, e.by().Parent.Path)
}

func (e *Record) parentCommandLine(dst [][]byte) [][]byte {
	if e.by().Parent == nil {
		return dst
	}
	return e.joined(dst, e.by().Parent.Arguments)
}

func execNumber(of func(*decode.Exec) uint32) fieldOf {
	return func(e *Record, dst [][]byte) [][]byte {
		if x := e.record.Exec(); x != nil {
			return e.number(dst, uint64(of(x)))
		}
		return dst
	}
}

func execText(i int) fieldOf {
	return func(e *Record, dst [][]byte) [][]byte {
		if e.record.Exec() == nil {
			return dst
		}
		return e.text(dst, e.record.Text(i))
	}
}

func stdio(i int) fieldOf {
	return func(e *Record, dst [][]byte) [][]byte {
		x := e.record.Exec()
		if x == nil {
			return dst
		}
		word := "other"
		switch x.Stdio[i] {
		case decode.StdioClosed:
			word = "closed"
		case decode.StdioFile:
			word = "file"
		case decode.StdioTTY:
			word = "tty"
		case decode.StdioPipe:
			word = "pipe"
		case decode.StdioSocket:
			word = "socket"
		case decode.StdioNull:
			word = "null"
		}
		return e.string(dst, word)
	}
}

func (e *Record) script(dst [][]byte) [][]byte {
	if x := e.record.Exec(); x == nil || x.Flags&decode.ExecScript == 0 {
		return dst
	}
	return e.text(dst, e.record.Text(decode.ExecFilenameText))
}

func (e *Record) imageFlags(dst [][]byte) [][]byte {
	if e.record.Exec() == nil {
		return dst
	}
	if e.record.Is(decode.EventFileMemfd) {
		dst = e.string(dst, "memfd")
	}
	if e.record.Is(decode.EventFileSHM) {
		dst = e.string(dst, "shm")
	}
	if e.record.Is(decode.EventFileDeleted) {
		dst = e.string(dst, "deleted")
	}
	return dst
}

func (e *Record) targetID(dst [][]byte) [][]byte {
	switch r := e.record; r.Kind() {
	case decode.KindPtrace:
		return e.number(dst, uint64(r.Ptrace().TargetPID))
	case decode.KindProcessVM:
		return e.number(dst, uint64(r.ProcessVM().TargetPID))
	case decode.KindSignal:
		return e.number(dst, uint64(r.Signal().TargetPID))
	}
	return dst
}

// signal is the number and, of the signals that end or stop, the name.
func (e *Record) signal(dst [][]byte) [][]byte {
	s := e.record.Signal()
	if s == nil {
		return dst
	}
	dst = e.number(dst, uint64(s.Signal))
	switch s.Signal {
	case 1:
		return e.string(dst, "HUP")
	case 2:
		return e.string(dst, "INT")
	case 3:
		return e.string(dst, "QUIT")
	case 6:
		return e.string(dst, "ABRT")
	case 9:
		return e.string(dst, "KILL")
	case 15:
		return e.string(dst, "TERM")
	case 19:
		return e.string(dst, "STOP")
	}
	return dst
}

func newID(of func(*decode.IDs) uint32) fieldOf {
	return func(e *Record, dst [][]byte) [][]byte {
		if c := e.record.Credentials(); c != nil {
			return e.number(dst, uint64(of(&c.After)))
		}
		return dst
	}
}

// gained are the capabilities (linux/capability.h) that are effective after and were not
// permitted before.
func (e *Record) gained(dst [][]byte) [][]byte {
	c := e.record.Credentials()
	if c == nil {
		return dst
	}
	gained := c.After.CapEffective &^ c.Before.CapPermitted
	for i, name := range [...]string{
		"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
		"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
		"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
		"sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
		"wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
	} {
		if gained>>i&1 != 0 {
			dst = e.string(dst, name)
		}
	}
	return dst
}
