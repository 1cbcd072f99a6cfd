package decode

import "strconv"

// AppendJSON appends the record as one JSON object, without a newline, in the
// names of OCSF (OCSFVersion). It allocates nothing when dst has room. The actor
// may be nil: then output has what the header tells, and times count from boot.
//
// All that the record holds can be read back. What OCSF has no name for is under
// "unmapped". Rules:
//   - Bytes that are no UTF-8 show as U+FFFD, and a member of the same name with
//     _hex behind it holds all bytes of that string as hexadecimal digits. A file's
//     name is the end of its path and has no such member.
//   - A string that is left out was empty; an object that is left out was zero.
//   - Identities of 64 bits, capabilities and addresses are hexadecimal strings;
//     times of the kernel's are ns since boot and end in _ns.
//   - What system calls gave back is status_code; left out, it was 0.
func AppendJSON(dst []byte, r Record, a *Actor) []byte {
	if a == nil {
		a = &Actor{}
	}
	o := object{b: append(dst, '{')}
	o.record(r, a)
	o.b = append(o.b, '}')
	return o.b
}

// record writes the members of the record's object.
func (o *object) record(r Record, a *Actor) {
	o.classification(r)
	o.occurrence(r, a)
	o.outcome(r)
	if a.Hostname != "" {
		o.device(a)
	}
	switch {
	case r.Kind() == KindLost:
	case o.flat != nil:
		o.flat.actor(o, r, a)
	default:
		o.actor(r, a)
	}
	o.subject(r, a)
	o.open("unmapped")
	o.header(r, a)
	o.unmapped(r)
	o.close()
}

const (
	profiles = `["container","host","linux/linux_users"]`
	metadata = `"metadata":{"version":"` + OCSFVersion + `","product":{"name":"Vigil","vendor_name":"Vigil"},"profiles":` + profiles + `}`
)

func (o *object) classification(r Record) {
	c := activityOf(r)
	if o.flat != nil {
		o.flat.metadata()
	} else {
		o.b = append(o.b, metadata...)
	}
	o.number("category_uid", uint64(c.class/1000))
	o.number("class_uid", uint64(c.class))
	o.name("class_name", className(c.class))
	o.number("activity_id", uint64(c.id))
	o.name("activity_name", c.name)
	o.number("type_uid", uint64(c.class)*100+uint64(c.id))
	s := severityOf(r.Kind())
	o.number("severity_id", uint64(s))
	o.name("severity", s.String())
}

func (o *object) occurrence(r Record, a *Actor) {
	o.time("time", r.Time, a)
	if r.Count > 1 {
		o.number("count", uint64(r.Count))
	}
	switch r.Kind() {
	case KindFileWrite:
		o.time("start_time", r.FileWrite().First, a)
		o.time("end_time", r.FileWrite().Last, a)
	case KindFlowEnd:
		o.time("start_time", r.Flow().Start, a)
		o.time("end_time", r.Time, a)
	case KindLost:
		o.time("start_time", r.Lost().Since, a)
		o.time("end_time", r.Lost().Until, a)
	}
}

// time writes a time since boot as OCSF wants it: ms since 1970, UTC.
func (o *object) time(name string, boot uint64, a *Actor) {
	o.signed(name, (int64(boot)+a.BootOffset)/1e6)
}

// outcome writes status_id and, when the call gave back anything but 0, what it
// gave as status_code and the error's name as status_detail.
func (o *object) outcome(r Record) {
	result := resultOf(r)
	o.number("status_id", statusOf(r, result))
	if result == 0 {
		return
	}
	if o.begin("status_code") {
		o.b = strconv.AppendInt(o.b, int64(result), 10)
		o.end()
	}
	if e := errorNumber(result); e != 0 {
		o.value("status_detail", uint64(e), errnos[:])
	}
}

func (o *object) device(a *Actor) {
	o.open("device")
	o.text("hostname", stringBytes(a.Hostname))
	o.number("type_id", 1) // Server
	o.close()
}

// header writes what of the header OCSF has no place for.
func (o *object) header(r Record, a *Actor) {
	o.name("kind", r.Kind().String())
	o.number("time_ns", r.Time)
	o.number("cpu", uint64(r.CPU))
	o.value("ring", uint64(r.Ring), rings[:])
	o.number("lost", uint64(r.Header.Lost))
	o.number("count", uint64(r.Count))
	o.number("cgroup_id", r.CgroupID)
	o.words("flags", uint64(r.Flags), eventFlags[:])
	if r.Kind() == KindLost {
		o.open("header") // nobody's: no actor has these
		o.number("pid", uint64(r.PID))
		o.number("tid", uint64(r.TID))
		o.number("uid", uint64(r.UID))
		o.hex16("exec_id", r.ExecID)
		o.hex16("parent_exec_id", r.ParentExecID)
		o.close()
	}
	if a.Container.PodName != "" {
		o.open("pod")
		o.text("name", stringBytes(a.Container.PodName))
		o.text("namespace", stringBytes(a.Container.PodNamespace))
		o.close()
	}
}

// subject writes the objects that OCSF has for what the record is about.
func (o *object) subject(r Record, a *Actor) {
	switch k := r.Kind(); {
	case processKind(k):
		o.processSubject(r, a)
	case fileKind(k):
		o.fileSubject(r)
	case memoryKind(k):
		o.memorySubject(r, a)
	case networkKind(k):
		o.networkSubject(r)
	default:
		o.kernelSubject(r)
	}
}

// unmapped writes what of the record OCSF has no place for.
func (o *object) unmapped(r Record) {
	switch k := r.Kind(); {
	case processKind(k):
		o.processUnmapped(r)
	case fileKind(k):
		o.fileUnmapped(r)
	case memoryKind(k):
		o.memoryUnmapped(r)
	case networkKind(k):
		o.networkUnmapped(r)
	default:
		o.kernelUnmapped(r)
	}
}

// The kinds by topic, as event.h has them; the rest are the kernel's and the sensor's own.

func processKind(k Kind) bool {
	return k >= KindFork && k <= KindRenameTask && k != KindProcessVM || k == KindProcess
}

func fileKind(k Kind) bool {
	return k >= KindFileOpen && k <= KindPivotRoot || k == KindMemfd
}

func memoryKind(k Kind) bool {
	return k == KindMmap || k == KindMprotect || k == KindProcessVM
}

func networkKind(k Kind) bool { return k >= KindConnect && k <= KindDNS }
