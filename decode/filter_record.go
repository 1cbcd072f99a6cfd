package decode

import (
	"iter"
	"net/netip"
)

// pathTexts has, by kind, a bit for each text of its records that is a path.
var pathTexts = [KindCount]uint8{
	KindExec:         1<<ExecPathText | 1<<ExecFilenameText | 1<<ExecInterpreterText,
	KindProcess:      1<<ExecPathText | 1<<ExecFilenameText | 1<<ExecInterpreterText,
	KindCgroup:       1 << CgroupPathText,
	KindFileOpen:     1 << FilePathText,
	KindFileWrite:    1 << FilePathText,
	KindFileRead:     1 << FilePathText,
	KindFileRename:   1<<FilePairFromText | 1<<FilePairToText,
	KindFileUnlink:   1 << FilePathText,
	KindFileLink:     1<<FilePairFromText | 1<<FilePairToText,
	KindFileSymlink:  1<<FilePairFromText | 1<<FilePairToText,
	KindFileChmod:    1 << FilePathText,
	KindFileChown:    1 << FilePathText,
	KindFileSetxattr: 1 << FileSetxattrPathText,
	KindFileTruncate: 1 << FilePathText,
	KindFileMkdir:    1 << FilePathText,
	KindMount:        1<<MountSourceText | 1<<MountTargetText,
	KindUmount:       1 << MountTargetText,
	KindPivotRoot:    1<<MountSourceText | 1<<MountTargetText,
	KindMmap:         1 << FilePathText,
	KindMprotect:     1 << FilePathText,
	KindMemfd:        1 << FilePathText,
	KindConnect:      1 << SocketPathText,
	KindAccept:       1 << SocketPathText,
	KindBind:         1 << SocketPathText,
	KindListen:       1 << SocketPathText,
	KindDatagram:     1 << SocketPathText,
	KindModule:       1 << ModulePathText,
	KindSysctl:       1 << SysctlPathText,
}

// Paths are the paths that a record tells of: views into it.
func Paths(r Record) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i, bits := 0, pathTexts[r.Header.Kind]; bits != 0; i, bits = i+1, bits>>1 {
			if bits&1 != 0 && !yield(r.Text(i)) {
				return
			}
		}
	}
}

// Peer gives the other end's address of a record of the network; an invalid one when
// there is none.
func Peer(r Record) netip.Addr {
	if e := endsOf(r); e != nil && e.internet() {
		return netip.AddrFrom16(e.Remote).Unmap()
	}
	return netip.Addr{}
}

func (t *term) path(r Record) bool {
	for path := range Paths(r) {
		if t.text(path) {
			return true
		}
	}
	return false
}

// endsOf gives the ends of a record of the network; nil for others.
func endsOf(r Record) *Endpoints {
	if e := r.Socket(); e != nil {
		return &e.Ends
	}
	if e := r.Flow(); e != nil {
		return &e.Ends
	}
	if e := r.DNS(); e != nil {
		return &e.Ends
	}
	return nil
}

func (t *term) end(r Record) bool {
	e := endsOf(r)
	if e == nil {
		return false
	}
	if t.field == fieldPort {
		return t.number(uint64(e.LocalPort)) || t.number(uint64(e.RemotePort))
	}
	if !e.internet() {
		return false
	}
	local, remote := netip.AddrFrom16(e.Local).Unmap(), netip.AddrFrom16(e.Remote).Unmap()
	for _, n := range t.networks {
		if n.Contains(local) || n.Contains(remote) {
			return true
		}
	}
	return false
}

func (t *term) flag(r Record) bool {
	if uint64(r.Flags)&t.flags.event != 0 {
		return true
	}
	if e := r.Exec(); e != nil {
		return uint64(e.Flags)&t.flags.exec != 0
	}
	if e := r.Memory(); e != nil {
		return uint64(e.MemoryFlags)&t.flags.memory != 0
	}
	return false
}

// maxPrintedName bounds what DNSName.AppendTo makes of a name: \DDD for each byte.
const maxPrintedName = 4 * maxName

// host compares without regard to case, as DNS does (RFC 4343).
func (t *term) host(r Record) bool {
	if r.Kind() != KindDNS {
		return false
	}
	m, err := ParseDNS(r.Text(DNSMessageText))
	if err != nil {
		return false
	}
	var room [maxPrintedName]byte
	for rr := (DNSRecord{}); m.Next(&rr) && rr.Section == DNSQuestion; {
		name := rr.Name.AppendTo(room[:0])
		lower(name)
		if t.text(name) {
			return true
		}
	}
	return false
}

func lower(b []byte) {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
}
