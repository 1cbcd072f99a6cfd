package process

import "vigil/decode"

// describe sets what an exec or seed record says of the process.
func (t *Table) describe(p *Process, h *decode.Header, e *decode.Exec) {
	if p.ParentExecID != h.ParentExecID {
		t.unlink(p)
		p.ParentExecID = h.ParentExecID
	}
	p.CgroupID = h.CgroupID
	p.PID, p.PPID = h.PID, e.PPID
	p.Start = e.Start
	p.Flags &^= FlagStartInexact
	p.UID, p.EUID, p.GID, p.EGID = h.UID, e.EUID, e.GID, e.EGID
	p.CapEffective, p.CapPermitted, p.CapInheritable = e.CapEffective, e.CapPermitted, e.CapInheritable
	p.LoginUID, p.SessionID = e.LoginUID, e.SessionID
	p.MountNS, p.PIDNS, p.NetNS = e.MountNS, e.PIDNS, e.NetNS
	p.UserNS, p.CgroupNS, p.NSPID = e.UserNS, e.CgroupNS, e.NSPID
	p.childNS = e.PIDNS
}

// program gives p an image of its own, as an exec or seed record tells of it.
func (t *Table) program(p *Process, h *decode.Header, e *decode.Exec, texts *recorded) {
	m := t.newImage(p)
	m.ImageFacts = imageFacts(h, e)
	t.store(m, texts)
	p.setComm(texts[decode.ExecCommText])
}

func imageFacts(h *decode.Header, e *decode.Exec) ImageFacts {
	return ImageFacts{
		Inode: e.Inode, Device: e.Device,
		Mode: e.Mode, Owner: e.Owner,
		ExecFlags: e.Flags, Argc: e.Argc,
		FileFlags: h.Flags &^ decode.EventNoIdentity,
		Stdio:     e.Stdio,
	}
}

// sameFile tells whether both can be of one file: not when both are known and differ.
func (f *ImageFacts) sameFile(g *ImageFacts) bool {
	return f.Inode == 0 || g.Inode == 0 || f.Inode == g.Inode && f.Device == g.Device
}

// Unknown stands for an ID that no record has told: the kernel's (u32)-1, which
// is no user, group or session.
const Unknown = ^uint32(0)

// forget sets what a process made from a header alone must not be taken for:
// zero is root.
func (f *Facts) forget() {
	f.EUID, f.GID, f.EGID = Unknown, Unknown, Unknown
	f.LoginUID, f.SessionID = Unknown, Unknown
}
