package decode

import (
	"net/netip"
	"strconv"
	"time"
)

// Style says how a line for a terminal looks.
type Style struct{ Colour bool }

const (
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

// AppendText appends the record as one line for a terminal, without newline.
// Names of hostile programs are escaped: see Printable.
func AppendText(dst []byte, r Record, a *Actor, s Style) []byte {
	var offset int64
	if a != nil {
		offset = a.BootOffset
	}
	if s.Colour {
		dst = append(dst, dim...)
	}
	dst = time.Unix(0, int64(r.Time)+offset).AppendFormat(dst, "15:04:05.000")
	if s.Colour {
		dst = append(dst, plain...)
	}
	dst = append(dst, ' ')
	dst = pad(append(dst, r.Kind().String()...), len(dst), 13)
	dst = appendRight(dst, uint64(r.PID), 7)
	dst = append(dst, ' ')
	at := len(dst)
	if a != nil {
		dst = appendPrintable(dst, a.Comm)
		if a.Container.Name != "" {
			dst = append(dst, '@')
			dst = appendPrintable(dst, stringBytes(a.Container.Name))
		}
	} else if r.Kind() == KindExec {
		dst = appendPrintable(dst, r.Text(ExecCommText))
	}
	dst = pad(dst, at, 15)
	dst = appendEssence(dst, r)
	if r.Count > 1 {
		dst = append(dst, " x"...)
		dst = strconv.AppendUint(dst, uint64(r.Count), 10)
	}
	for i, name := range eventFlags {
		if r.Flags>>i&1 != 0 {
			dst = append(append(dst, ' '), name...)
		}
	}
	return dst
}

func pad(dst []byte, from, width int) []byte {
	dst = append(dst, ' ')
	for len(dst)-from < width+1 {
		dst = append(dst, ' ')
	}
	return dst
}

func appendRight(dst []byte, v uint64, width int) []byte {
	var room [20]byte
	digits := strconv.AppendUint(room[:0], v, 10)
	for range width - len(digits) {
		dst = append(dst, ' ')
	}
	return append(dst, digits...)
}

func appendField(dst []byte, name string, v uint64) []byte {
	dst = append(append(append(dst, ' '), name...), '=')
	return strconv.AppendUint(dst, v, 10)
}

// appendEssence appends what of a record one looks for first.
func appendEssence(dst []byte, r Record) []byte {
	switch r.Kind() {
	case KindFork:
		return appendField(append(dst, "child"...), "pid", uint64(r.Fork().ChildPID))
	case KindExec, KindProcess:
		dst = appendPrintable(dst, r.Text(ExecPathText))
		first := true
		for a := range Arguments(r.Text(ExecArgumentsText)) {
			if !first {
				dst = appendPrintable(append(dst, ' '), a)
			}
			first = false
		}
		return dst
	case KindExit:
		e := r.Exit()
		dst = appendField(append(dst, "ended"...), "code", uint64(e.Code))
		if e.Signal != 0 {
			dst = appendField(dst, "signal", uint64(e.Signal))
		}
		return dst
	case KindCredentials:
		e := r.Credentials()
		dst = appendField(append(dst, "before"...), "uid", uint64(e.Before.UID))
		dst = appendField(dst, "euid", uint64(e.Before.EUID))
		dst = appendField(append(dst, " after"...), "uid", uint64(e.After.UID))
		return appendField(dst, "euid", uint64(e.After.EUID))
	case KindFileRename, KindFileLink, KindFileSymlink:
		dst = appendPrintable(dst, r.Text(FilePairFromText))
		return appendPrintable(append(dst, " -> "...), r.Text(FilePairToText))
	case KindFileWrite:
		dst = appendPrintable(dst, r.Text(FilePathText))
		return appendField(dst, "bytes", r.FileWrite().Bytes)
	case KindMount, KindUmount, KindPivotRoot:
		dst = appendPrintable(dst, r.Text(MountSourceText))
		return appendPrintable(append(dst, " on "...), r.Text(MountTargetText))
	case KindMmap, KindMprotect:
		e := r.Memory()
		dst = appendPrintable(dst, r.Text(FilePathText))
		dst = appendField(dst, "size", e.Size)
		for i, name := range memoryFlags {
			if e.MemoryFlags>>i&1 != 0 {
				dst = append(append(dst, ' '), name...)
			}
		}
		return dst
	case KindConnect, KindAccept, KindBind, KindListen, KindDatagram, KindRawSocket:
		if p := r.Text(SocketPathText); len(p) > 0 {
			return appendPrintable(dst, p)
		}
		return appendEnds(dst, &r.Socket().Ends)
	case KindFlowEnd:
		e := r.Flow()
		dst = appendEnds(dst, &e.Ends)
		dst = appendField(dst, "sent", e.BytesSent)
		return appendField(dst, "received", e.BytesReceived)
	case KindDNS:
		return appendDNS(dst, r)
	case KindPtrace:
		return appendField(appendField(dst, "request", uint64(r.Ptrace().Request)), "target", uint64(r.Ptrace().TargetPID))
	case KindProcessVM:
		return appendField(appendField(dst, "bytes", r.ProcessVM().Bytes), "target", uint64(r.ProcessVM().TargetPID))
	case KindSignal:
		return appendField(appendField(dst, "signal", uint64(r.Signal().Signal)), "target", uint64(r.Signal().TargetPID))
	case KindModule:
		dst = appendPrintable(dst, r.Text(ModuleNameText))
		return appendPrintable(append(dst, ' '), r.Text(ModulePathText))
	case KindSysctl:
		dst = appendPrintable(dst, r.Text(SysctlPathText))
		return appendPrintable(append(dst, " = "...), r.Text(SysctlValueText))
	case KindLost:
		e := r.Lost()
		dst = append(dst, Kind(e.Kind).String()...)
		return append(append(appendField(dst, "events", e.Records), ' '), e.ReasonName()...)
	case KindNamespace:
		return appendField(dst, "flags", r.Namespace().Flags)
	case KindBPF:
		return appendPrintable(append(appendField(dst, "command", uint64(r.BPF().Command)), ' '), r.Text(BPFNameText))
	case KindKexec:
		return appendField(dst, "segments", r.Kexec().Segments)
	}
	return appendPrintable(dst, r.Text(0)) // a path or a name
}

func appendEnds(dst []byte, e *Endpoints) []byte {
	dst = appendEndpoint(dst, e.Local, e.LocalPort)
	if e.Remote == [16]byte{} && e.RemotePort == 0 {
		return dst
	}
	return appendEndpoint(append(dst, " -> "...), e.Remote, e.RemotePort)
}

func appendEndpoint(dst []byte, address [16]byte, port uint16) []byte {
	return netip.AddrPortFrom(netip.AddrFrom16(address).Unmap(), port).AppendTo(dst)
}

func appendDNS(dst []byte, r Record) []byte {
	m, err := ParseDNS(r.Text(DNSMessageText))
	if err != nil {
		return dst
	}
	var room [256]byte
	for {
		name, kind, ok, err := m.Question(room[:0])
		if err != nil || !ok {
			break
		}
		dst = appendPrintable(dst, name)
		dst = append(append(dst, ' '), DNSTypeName(kind)...)
	}
	for {
		_, a, ok, err := m.Answer(room[:0])
		if err != nil || !ok {
			return dst
		}
		if a.Address.IsValid() {
			dst = a.Address.AppendTo(append(dst, ' '))
		}
	}
}
