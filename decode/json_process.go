package decode

// processSubject writes the process that a record of Process Activity (1007) is about.
func (o *object) processSubject(r Record, a *Actor) {
	switch r.Kind() {
	case KindFork:
		e := r.Fork()
		o.launch(2, "Fork")
		o.entity(e.ChildPID, e.ChildExecID, a.Comm)
	case KindExec:
		o.launch(3, "Exec")
		o.executed(r, a)
	case KindProcess:
		o.executed(r, a)
	case KindExit:
		e := r.Exit()
		o.number("exit_code", uint64(e.Code))
		o.open("process")
		o.number("pid", uint64(r.PID))
		o.hex16("uid", r.ExecID)
		o.text("name", a.Comm)
		o.time("created_time", e.Start, a)
		o.time("terminated_time", r.Time, a)
		o.close()
	case KindPtrace:
		o.entity(r.Ptrace().TargetPID, r.Ptrace().TargetExecID, nil)
	case KindSignal:
		e := r.Signal()
		o.open("process")
		o.number("pid", uint64(e.TargetPID))
		o.hex16("uid", e.TargetExecID)
		o.user("user", e.TargetUID, nil)
		o.close()
	case KindRenameTask:
		o.entity(r.PID, r.ExecID, r.Text(RenameTaskCommText))
	default: // credentials, namespace: the process itself
		o.entity(r.PID, r.ExecID, a.Comm)
	}
}

func (o *object) launch(id uint64, name string) {
	o.number("launch_type_id", id)
	o.name("launch_type", name)
}

// executed writes the process that runs a new image, from the record; what it
// lacks comes from the actor.
func (o *object) executed(r Record, a *Actor) {
	e := r.Exec()
	o.open("process")
	o.number("pid", uint64(r.PID))
	o.number("ptid", uint64(r.TID))
	o.hex16("uid", r.ExecID)
	o.text("name", r.Text(ExecCommText))
	o.command("cmd_line", r.Text(ExecArgumentsText))
	o.text("working_directory", r.Text(ExecCWDText))
	o.time("created_time", e.Start, a)
	o.open("file")
	o.path(r.Text(ExecPathText))
	o.number("type_id", fileExecutable)
	o.digits("uid", e.Inode)
	o.volume(e.Device)
	o.user("owner", e.Owner, nil)
	o.deleted(r)
	o.close()
	o.user("user", r.UID, a)
	o.open("group")
	o.digits("uid", uint64(e.GID))
	o.close()
	o.number("euid", uint64(e.EUID))
	o.number("egid", uint64(e.EGID))
	o.number("auid", uint64(e.LoginUID))
	o.open("session")
	o.digits("uid", uint64(e.SessionID))
	o.text("terminal", r.Text(ExecTTYText))
	o.close()
	o.number("namespace_pid", uint64(e.NSPID))
	o.open("parent_process")
	o.number("pid", uint64(e.PPID))
	o.hex16("uid", r.ParentExecID)
	o.close()
	o.container(&a.Container)
	o.close()
}

func (o *object) processUnmapped(r Record) {
	switch r.Kind() {
	case KindExec, KindProcess:
		o.execUnmapped(r)
	case KindFork:
		o.number("ppid", uint64(r.Fork().PPID))
	case KindExit:
		e := r.Exit()
		o.number("start_ns", e.Start)
		o.number("user_cpu_ns", e.UserNS)
		o.number("system_cpu_ns", e.SystemNS)
		o.number("signal", uint64(e.Signal))
		o.boolean("core_dumped", e.CoreDumped)
	case KindCredentials:
		e := r.Credentials()
		o.ids("before", &e.Before)
		o.ids("after", &e.After)
	case KindNamespace:
		e := r.Namespace()
		o.words("namespace_flags", e.Flags, namespaceFlags[:])
		o.boolean("joined", e.Joined)
		o.open("namespaces")
		o.number("mount", uint64(e.MountNS))
		o.number("pid_for_children", uint64(e.PIDNS))
		o.number("net", uint64(e.NetNS))
		o.number("user", uint64(e.UserNS))
		o.number("uts", uint64(e.UTSNS))
		o.number("ipc", uint64(e.IPCNS))
		o.number("cgroup", uint64(e.CgroupNS))
		o.close()
	case KindPtrace:
		o.number("request", uint64(r.Ptrace().Request))
		o.address("address", r.Ptrace().Address)
	case KindSignal:
		o.number("signal", uint64(r.Signal().Signal))
	}
}

func (o *object) execUnmapped(r Record) {
	e := r.Exec()
	o.arguments(r.Text(ExecArgumentsText))
	o.number("argc", uint64(e.Argc))
	o.text("filename", r.Text(ExecFilenameText))
	o.text("interpreter", r.Text(ExecInterpreterText))
	o.words("exec_flags", uint64(e.Flags), execFlags[:])
	o.openArray("stdio")
	for _, v := range e.Stdio {
		o.next()
		o.b = append(appendValue(append(o.b, '"'), uint64(v), stdioKinds[:]), '"')
	}
	o.closeArray()
	o.hex16("previous_exec_id", e.PreviousExecID)
	o.number("start_ns", e.Start)
	o.octal("file_mode", e.Mode)
	o.hex16("cap_effective", e.CapEffective)
	o.hex16("cap_permitted", e.CapPermitted)
	o.hex16("cap_inheritable", e.CapInheritable)
	o.open("namespaces")
	o.number("mount", uint64(e.MountNS))
	o.number("pid", uint64(e.PIDNS))
	o.number("net", uint64(e.NetNS))
	o.number("user", uint64(e.UserNS))
	o.number("cgroup", uint64(e.CgroupNS))
	o.close()
}

// arguments writes each argument by itself. All their bytes are in cmd_line or,
// where some are no UTF-8, in cmd_line_hex. The last one lacks its zero byte when
// the sensor cut it.
func (o *object) arguments(arguments []byte) {
	if len(arguments) == 0 {
		return
	}
	o.openArray("args")
	for argument := range Arguments(arguments) {
		o.next()
		o.b = append(appendJSONText(append(o.b, '"'), argument), '"')
	}
	o.closeArray()
	if arguments[len(arguments)-1] != 0 {
		o.boolean("args_unterminated", 1)
	}
}

func (o *object) ids(name string, e *IDs) {
	o.open(name)
	o.number("uid", uint64(e.UID))
	o.number("euid", uint64(e.EUID))
	o.number("suid", uint64(e.SUID))
	o.number("fsuid", uint64(e.FSUID))
	o.number("gid", uint64(e.GID))
	o.number("egid", uint64(e.EGID))
	o.number("sgid", uint64(e.SGID))
	o.number("fsgid", uint64(e.FSGID))
	o.hex16("cap_effective", e.CapEffective)
	o.hex16("cap_permitted", e.CapPermitted)
	o.number("user_ns", uint64(e.UserNS))
	o.close()
}
