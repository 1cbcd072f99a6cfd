package decode

// unmappedMore is unmapped for what happens to files, memory, network and kernel.
func (o *object) unmappedMore(r Record) {
	switch r.Kind() {
	case KindFileOpen, KindFileRead:
		o.number("open_flags", uint64(r.FileOpen().OpenFlags))
		o.flag("created", r.FileOpen().Created != 0)
	case KindFileWrite:
		e := r.FileWrite()
		o.number("bytes", e.Bytes)
		o.number("writes", uint64(e.Writes))
		o.number("first_ns", e.First)
		o.number("last_ns", e.Last)
		o.number("open_flags", uint64(e.OpenFlags))
	case KindFileRename, KindFileLink, KindFileSymlink:
		o.number("operation_flags", uint64(r.FilePair().Flags))
		o.signed("result", int64(r.FilePair().Result))
	case KindFileUnlink, KindFileChmod, KindFileChown, KindFileTruncate, KindFileMkdir:
		e := r.FileChange()
		o.number("size", e.Size)
		o.number("new_mode", uint64(e.NewMode))
		o.number("new_owner", uint64(e.NewOwner))
		o.number("new_group", uint64(e.NewGroup))
		o.flag("directory", e.Directory != 0)
		o.signed("result", int64(e.Result))
	case KindFileSetxattr:
		e := r.FileSetxattr()
		o.text("attribute", r.Text(FileSetxattrNameText))
		o.number("size", e.Size)
		o.number("operation_flags", uint64(e.Flags))
		o.signed("result", int64(e.Result))
	case KindMount, KindUmount, KindPivotRoot:
		o.text("source", r.Text(MountSourceText))
		o.text("type", r.Text(MountTypeText))
		o.number("mount_flags", r.Mount().Flags)
		o.signed("result", int64(r.Mount().Result))
	case KindMmap, KindMprotect:
		e := r.Memory()
		o.number("protection", uint64(e.Protection))
		o.number("protection_before", uint64(e.Before))
		o.number("map_flags", uint64(e.MapFlags))
		o.number("offset", e.Offset)
		o.words("memory_flags", e.MemoryFlags, memoryFlags[:])
	case KindMemfd, KindUserfaultfd, KindIOUring:
		e := r.Descriptor()
		o.text("name", r.Text(FilePathText))
		o.signed("descriptor", int64(e.Descriptor))
		o.number("entries", uint64(e.Entries))
		o.number("operation_flags", uint64(e.Flags))
	case KindConnect, KindAccept, KindBind, KindListen, KindDatagram, KindRawSocket:
		e := r.Socket()
		o.socket(&e.Ends)
		o.text("path", r.Text(SocketPathText))
		o.signed("result", int64(e.Result))
		o.number("backlog", uint64(e.Backlog))
		o.number("bytes", e.Bytes)
		o.number("latency_ns", e.LatencyNS)
	case KindFlowEnd:
		e := r.Flow()
		o.socket(&e.Ends)
		o.number("start_ns", e.Start)
		o.number("error", uint64(e.Error))
	case KindDNS:
		o.socket(&r.DNS().Ends)
		o.number("message_size", uint64(r.DNS().Size))
	case KindModule:
		o.flag("from_memory", r.Module().FromMemory != 0)
		o.signed("result", int64(r.Module().Result))
		o.text("parameters", r.Text(ModuleParametersText))
	case KindBPF:
		e := r.BPF()
		o.number("command", uint64(e.Command))
		o.number("type", uint64(e.Type))
		o.number("instructions", uint64(e.Instructions))
		o.signed("result", int64(e.Result))
		o.text("name", r.Text(BPFNameText))
	case KindKexec:
		e := r.Kexec()
		o.number("kexec_flags", e.Flags)
		o.number("segments", e.Segments)
		o.flag("from_file", e.FromFile != 0)
		o.signed("result", int64(e.Result))
	case KindSysctl:
		o.text("value", r.Text(SysctlValueText))
		o.number("bytes", r.Sysctl().Bytes)
	case KindLost:
		e := r.Lost()
		o.word("lost_kind", Kind(e.Kind).String())
		o.number("records", e.Records)
		o.word("reason", e.ReasonName())
		o.signed("lost_cpu", int64(int32(e.CPU)))
		o.number("since_ns", e.Since)
		o.number("until_ns", e.Until)
	}
}

func (o *object) socket(e *Endpoints) {
	o.number("family", uint64(e.Family))
	o.number("socket_type", uint64(e.Type))
	o.number("net_ns", uint64(e.NetNS))
}

// ReasonName says why records were lost: enum lost_reason.
func (e *Lost) ReasonName() string {
	names := [...]string{"ring full", "table full", "program busy", "entry taken", "reader slow"}
	if int(e.Reason) < len(names) {
		return names[e.Reason]
	}
	return "unknown"
}
