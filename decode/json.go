package decode

// AppendJSON appends the record as one JSON object with the field names of OCSF
// 1.3 (https://schema.ocsf.io/1.3.0). What OCSF has no name for is under
// "unmapped". It allocates nothing when dst has room. The actor may be nil.
func AppendJSON(dst []byte, r Record, a *Actor) []byte {
	o := object{append(dst, '{')}
	k := r.Kind()
	c := classOf(k, r)
	o.number("category_uid", uint64(c.uid/1000))
	o.number("class_uid", uint64(c.uid))
	o.word("class_name", c.name)
	o.number("activity_id", uint64(c.activity))
	o.word("activity_name", c.activityName)
	o.number("type_uid", uint64(c.uid)*100+uint64(c.activity))
	o.number("severity_id", 1)
	switch {
	case r.Is(EventFailed):
		o.number("status_id", 2)
	case !r.Is(EventAttempt):
		o.number("status_id", 1)
	}
	var offset int64
	if a != nil {
		offset = a.BootOffset
	}
	o.signed("time", (int64(r.Time)+offset)/1_000_000)
	if r.Count > 1 {
		o.number("count", uint64(r.Count))
	}
	if k != KindLost {
		o.open("actor")
		o.process("process", r, a)
		o.close()
	}
	o.kind(r)
	o.open("unmapped")
	o.word("kind", k.String())
	o.number("time_ns", r.Time)
	o.number("cpu", uint64(r.CPU))
	o.number("cgroup_id", r.CgroupID)
	o.words("flags", uint32(r.Flags), eventFlagNames())
	o.unmapped(r)
	o.close()
	o.close()
	return o.dst
}

func (o *object) process(name string, r Record, a *Actor) {
	o.open(name)
	o.number("pid", uint64(r.PID))
	o.number("tid", uint64(r.TID))
	o.id("uid", r.ExecID)
	if a != nil {
		o.image(a)
	} else if r.Kind() == KindExec || r.Kind() == KindProcess {
		o.execImage(r)
	}
	o.open("user")
	o.number("uid", uint64(r.UID))
	if a != nil {
		o.text("name", stringBytes(a.User))
	}
	o.close()
	o.open("parent_process")
	o.id("uid", r.ParentExecID)
	if a != nil && a.Parent != nil {
		o.number("pid", uint64(a.Parent.PID))
		o.image(a.Parent)
	}
	o.close()
	if a != nil && a.Container.ID != "" {
		o.container(&a.Container)
	}
	o.close()
}

func (o *object) container(c *Container) {
	o.open("container")
	o.word("uid", c.ID)
	o.text("name", stringBytes(c.Name))
	if c.Image != "" {
		o.open("image")
		o.text("name", stringBytes(c.Image))
		o.close()
	}
	o.word("runtime", c.Runtime)
	o.text("pod_uuid", stringBytes(c.PodUID))
	o.text("pod_name", stringBytes(c.PodName))
	o.text("pod_namespace", stringBytes(c.PodNamespace))
	o.close()
}

func (o *object) image(a *Actor) {
	o.text("name", a.Comm)
	if len(a.Path) > 0 {
		o.open("file")
		o.text("path", a.Path)
		o.close()
	}
	o.commandLine(a.Arguments)
	o.text("working_directory", a.CWD)
}

func (o *object) execImage(r Record) {
	o.text("name", r.Text(ExecCommText))
	o.open("file")
	o.text("path", r.Text(ExecPathText))
	o.close()
	o.commandLine(r.Text(ExecArgumentsText))
	o.text("working_directory", r.Text(ExecCWDText))
}

// commandLine appends arguments as one string, quoted as a shell would need.
func (o *object) commandLine(arguments []byte) {
	if len(arguments) == 0 {
		return
	}
	o.name("cmd_line")
	o.dst = append(o.dst, '"')
	first := true
	for a := range Arguments(arguments) {
		if !first {
			o.dst = append(o.dst, ' ')
		}
		first = false
		quote := needsQuotes(a)
		if quote {
			o.dst = append(o.dst, '\'')
		}
		at := len(o.dst)
		o.dst, _ = appendString(o.dst, a)
		copy(o.dst[at:], o.dst[at+1:len(o.dst)-1]) // without its quotation marks
		o.dst = o.dst[:len(o.dst)-2]
		if quote {
			o.dst = append(o.dst, '\'')
		}
	}
	o.dst = append(o.dst, '"')
}

func needsQuotes(a []byte) bool {
	if len(a) == 0 {
		return true
	}
	for _, c := range a {
		if c <= ' ' || c == '\'' || c == '"' || c == '$' || c == '`' || c == '\\' || c == ';' || c == '|' || c == '&' || c == '*' || c == '(' || c == ')' || c == '<' || c == '>' {
			return true
		}
	}
	return false
}
