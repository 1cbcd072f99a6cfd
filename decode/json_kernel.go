package decode

import "strconv"

// kernelSubject writes the module that a record of Kernel Extension Activity
// (1002) is about, or the resource of Kernel Activity (1003).
func (o *object) kernelSubject(r Record) {
	switch r.Kind() {
	case KindModule:
		o.module(r)
	case KindCgroup:
		o.resource(r.Text(CgroupPathText), "Control Group")
	case KindSysctl:
		o.resource(r.Text(SysctlPathText), "Parameter")
	case KindUserfaultfd:
		o.call("userfaultfd", "userfaultfd")
	case KindIOUring:
		o.call("io_uring", "io_uring_setup")
	case KindBPF:
		o.open("kernel")
		if o.begin("name") {
			o.b = appendValue(append(o.b, "bpf "...), uint64(r.BPF().Command), bpfCommands[:])
			o.end()
		}
		o.systemCall("bpf")
		o.close()
	case KindKexec:
		if r.Kexec().FromFile != 0 {
			o.call("kexec", "kexec_file_load")
		} else {
			o.call("kexec", "kexec_load")
		}
	case KindLost:
		o.lostMessage(r.Lost())
	}
}

func (o *object) module(r Record) {
	e := r.Module()
	o.open("driver")
	o.open("file")
	if path := r.Text(ModulePathText); len(path) > 0 {
		o.path(path)
	} else {
		o.shown("name", r.Text(ModuleNameText))
	}
	o.facts(r, &e.File, typeOf(e.File.Mode))
	o.close()
	o.close()
}

// resource writes OCSF's kernel object for what has a path.
func (o *object) resource(path []byte, kind string) {
	o.open("kernel")
	o.path(path)
	o.number("type_id", 99)
	o.name("type", kind)
	o.close()
}

func (o *object) call(name, call string) {
	o.open("kernel")
	o.name("name", name)
	o.systemCall(call)
	o.close()
}

func (o *object) systemCall(name string) {
	o.number("type_id", 2) // System Call
	o.name("system_call", name)
}

func (o *object) lostMessage(e *Lost) {
	if o.begin("message") {
		o.b = append(strconv.AppendUint(o.b, e.Records, 10), " records lost: "...)
		o.b = append(o.b, e.ReasonName()...)
		o.end()
	}
}

func (o *object) kernelUnmapped(r Record) {
	switch r.Kind() {
	case KindModule:
		o.identity(&r.Module().File)
		o.text("module_name", r.Text(ModuleNameText))
		o.text("parameters", r.Text(ModuleParametersText))
		o.boolean("from_memory", r.Module().FromMemory)
	case KindCgroup:
		e := r.Cgroup()
		o.number("id", e.ID)
		o.number("hierarchy", uint64(e.Hierarchy))
		o.boolean("removed", e.Removed)
	case KindSysctl:
		o.text("value", r.Text(SysctlValueText))
		o.number("bytes", r.Sysctl().Bytes)
	case KindUserfaultfd, KindIOUring:
		e := r.Descriptor()
		o.text("name", r.Text(FilePathText))
		o.address("descriptor_flags", uint64(e.Flags))
		o.number("entries", uint64(e.Entries))
	case KindBPF:
		e := r.BPF()
		o.text("name", r.Text(BPFNameText))
		o.number("command", uint64(e.Command))
		o.number("type", uint64(e.Type))
		if e.programType() {
			o.value("program_type", uint64(e.Type), bpfPrograms[:])
		}
		o.number("instructions", uint64(e.Instructions))
	case KindKexec:
		e := r.Kexec()
		o.address("kexec_flags", e.Flags)
		o.number("segments", e.Segments)
		o.boolean("from_file", e.FromFile)
	case KindLost:
		e := r.Lost()
		o.value("lost_kind", uint64(e.Kind), lostKinds(e.Kind))
		o.number("records", e.Records)
		o.value("reason", uint64(e.Reason), lostReasons[:])
		o.signed("lost_cpu", int64(int32(e.CPU))) // -1: all
		o.number("since_ns", e.Since)
		o.number("until_ns", e.Until)
	}
}

// lostKinds are the names of kinds; KindNone is for records of kinds not known.
func lostKinds(kind uint32) []string {
	if kind == uint32(KindNone) {
		return unknownKind[:]
	}
	return kindNames[:]
}

var unknownKind = [...]string{"unknown"}
