package decode

import (
	"net/netip"
)

// kind appends the objects that OCSF has for what the record is about.
func (o *object) kind(r Record) {
	switch r.Kind() {
	case KindFork:
		e := r.Fork()
		o.open("process")
		o.number("pid", uint64(e.ChildPID))
		o.id("uid", e.ChildExecID)
		o.close()
	case KindExec, KindProcess:
		o.exec(r)
	case KindExit:
		o.signed("exit_code", int64(r.Exit().Code))
	case KindPtrace:
		o.target(r.Ptrace().TargetPID, r.Ptrace().TargetExecID)
	case KindProcessVM:
		o.target(r.ProcessVM().TargetPID, r.ProcessVM().TargetExecID)
	case KindSignal:
		o.target(r.Signal().TargetPID, r.Signal().TargetExecID)
	case KindFileOpen, KindFileRead:
		o.file("file", r.Text(FilePathText), &r.FileOpen().File)
	case KindFileWrite:
		o.file("file", r.Text(FilePathText), &r.FileWrite().File)
	case KindFileRename, KindFileLink, KindFileSymlink:
		o.file("file", r.Text(FilePairFromText), &r.FilePair().File)
		o.open("file_result")
		o.text("path", r.Text(FilePairToText))
		o.close()
	case KindFileUnlink, KindFileChmod, KindFileChown, KindFileTruncate, KindFileMkdir:
		o.file("file", r.Text(FilePathText), &r.FileChange().File)
	case KindFileSetxattr:
		o.file("file", r.Text(FileSetxattrPathText), &r.FileSetxattr().File)
	case KindMount, KindUmount, KindPivotRoot:
		o.open("file")
		o.text("path", r.Text(MountTargetText))
		o.close()
	case KindMmap, KindMprotect:
		e := r.Memory()
		o.number("base_address", e.Address)
		o.number("size", e.Size)
		if p := r.Text(FilePathText); len(p) > 0 {
			o.file("file", p, &e.File)
		}
	case KindConnect, KindAccept, KindBind, KindListen, KindDatagram, KindRawSocket:
		o.ends(&r.Socket().Ends, r.Kind() == KindAccept || r.Socket().Inbound != 0)
	case KindFlowEnd:
		o.flow(r.Flow())
	case KindDNS:
		o.dns(r)
	case KindModule:
		o.open("driver")
		o.file("file", r.Text(ModulePathText), &r.Module().File)
		o.text("name", r.Text(ModuleNameText))
		o.close()
	case KindSysctl:
		o.open("kernel")
		o.text("name", r.Text(SysctlPathText))
		o.close()
	}
}

func (o *object) target(pid uint32, execID uint64) {
	o.open("process")
	o.number("pid", uint64(pid))
	o.id("uid", execID)
	o.close()
}

func (o *object) exec(r Record) {
	e := r.Exec()
	o.open("process")
	o.number("pid", uint64(r.PID))
	o.id("uid", r.ExecID)
	o.execImage(r)
	o.number("inode", e.Inode)
	o.number("euid", uint64(e.EUID))
	o.number("namespace_pid", uint64(e.NSPID))
	o.close()
}

func (o *object) file(name string, path []byte, f *FileIdentity) {
	o.open(name)
	o.text("path", path)
	if f.Inode != 0 {
		o.number("inode", f.Inode)
		o.number("device", f.Device)
		o.number("mode", uint64(f.Mode))
		o.number("owner_uid", uint64(f.Owner))
		o.number("group_uid", uint64(f.Group))
		o.number("links", uint64(f.Links))
	}
	o.close()
}

// ends appends the two sides: the source is who began.
func (o *object) ends(e *Endpoints, inbound bool) {
	local, remote := "src_endpoint", "dst_endpoint"
	direction := uint64(2)
	if inbound {
		local, remote, direction = remote, local, 1
	}
	o.endpoint(local, e.Local, e.LocalPort)
	o.endpoint(remote, e.Remote, e.RemotePort)
	o.open("connection_info")
	o.number("protocol_num", uint64(e.Protocol))
	o.number("direction_id", direction)
	o.id("uid", e.Socket)
	o.close()
}

func (o *object) endpoint(name string, address [16]byte, port uint16) {
	if address == [16]byte{} && port == 0 {
		return
	}
	o.open(name)
	o.name("ip")
	o.dst = append(o.dst, '"')
	o.dst = netip.AddrFrom16(address).Unmap().AppendTo(o.dst)
	o.dst = append(o.dst, '"')
	o.number("port", uint64(port))
	o.close()
}

func (o *object) flow(e *Flow) {
	o.ends(&e.Ends, e.Accepted != 0)
	o.open("traffic")
	o.number("bytes_in", e.BytesReceived)
	o.number("bytes_out", e.BytesSent)
	o.number("packets_in", e.PacketsReceived)
	o.number("packets_out", e.PacketsSent)
	o.close()
}

// unmapped appends what OCSF has no name for.
func (o *object) unmapped(r Record) {
	switch r.Kind() {
	case KindExec, KindProcess:
		e := r.Exec()
		o.id("previous_uid", e.PreviousExecID)
		o.words("exec_flags", e.Flags, execFlags[:])
		o.text("filename", r.Text(ExecFilenameText))
		o.text("interpreter", r.Text(ExecInterpreterText))
		o.text("tty", r.Text(ExecTTYText))
		for i, name := range [...]string{"stdin", "stdout", "stderr"} {
			if int(e.Stdio[i]) < len(stdioNames) {
				o.word(name, stdioNames[e.Stdio[i]])
			}
		}
		for _, n := range [...]struct {
			name string
			v    uint64
		}{
			{"start_ns", e.Start}, {"device", e.Device}, {"file_mode", uint64(e.Mode)}, {"file_owner", uint64(e.Owner)},
			{"ppid", uint64(e.PPID)}, {"gid", uint64(e.GID)}, {"egid", uint64(e.EGID)}, {"login_uid", uint64(e.LoginUID)},
			{"session_id", uint64(e.SessionID)}, {"cap_effective", e.CapEffective}, {"cap_permitted", e.CapPermitted},
			{"cap_inheritable", e.CapInheritable}, {"mount_ns", uint64(e.MountNS)}, {"pid_ns", uint64(e.PIDNS)},
			{"net_ns", uint64(e.NetNS)}, {"user_ns", uint64(e.UserNS)}, {"cgroup_ns", uint64(e.CgroupNS)}, {"argc", uint64(e.Argc)},
		} {
			o.number(n.name, n.v)
		}
	case KindExit:
		e := r.Exit()
		o.number("signal", uint64(e.Signal))
		o.flag("core_dumped", e.CoreDumped != 0)
		o.number("user_time_ns", e.UserNS)
		o.number("system_time_ns", e.SystemNS)
		o.number("start_ns", e.Start)
	case KindCredentials:
		e := r.Credentials()
		o.ids("before", &e.Before)
		o.ids("after", &e.After)
	case KindNamespace:
		e := r.Namespace()
		o.number("clone_flags", e.Flags)
		o.flag("joined", e.Joined != 0)
		for i, name := range [...]string{"mount_ns", "pid_ns", "net_ns", "user_ns", "uts_ns", "ipc_ns", "cgroup_ns"} {
			o.number(name, uint64([...]uint32{e.MountNS, e.PIDNS, e.NetNS, e.UserNS, e.UTSNS, e.IPCNS, e.CgroupNS}[i]))
		}
	case KindPtrace:
		e := r.Ptrace()
		o.number("request", uint64(e.Request))
		o.number("address", e.Address)
		o.signed("result", int64(e.Result))
	case KindProcessVM:
		e := r.ProcessVM()
		o.flag("write", e.Write != 0)
		o.number("bytes", e.Bytes)
		o.signed("result", int64(e.Result))
	case KindSignal:
		o.number("signal", uint64(r.Signal().Signal))
		o.number("target_user", uint64(r.Signal().TargetUID))
	case KindRenameTask:
		o.text("name", r.Text(RenameTaskCommText))
	case KindCgroup:
		o.number("id", r.Cgroup().ID)
		o.number("hierarchy", uint64(r.Cgroup().Hierarchy))
		o.flag("removed", r.Cgroup().Removed != 0)
		o.text("path", r.Text(CgroupPathText))
	default:
		o.unmappedMore(r)
	}
}

func (o *object) ids(name string, e *IDs) {
	o.open(name)
	for i, n := range [...]string{"uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid", "user_ns"} {
		o.number(n, uint64([...]uint32{e.UID, e.EUID, e.SUID, e.FSUID, e.GID, e.EGID, e.SGID, e.FSGID, e.UserNS}[i]))
	}
	o.number("cap_effective", e.CapEffective)
	o.number("cap_permitted", e.CapPermitted)
	o.close()
}
