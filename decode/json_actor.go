package decode

import "bytes"

// actor writes who did it: OCSF's actor.process. For a process that starts it is
// the parent, for all else the process of the header.
func (o *object) actor(r Record, a *Actor) {
	o.open("actor")
	o.open("process")
	if e := r.Exec(); e != nil {
		o.number("pid", uint64(e.PPID))
		o.hex16("uid", r.ParentExecID)
		o.image(a.Parent, a)
	} else {
		o.number("pid", uint64(r.PID))
		o.number("ptid", uint64(r.TID))
		o.hex16("uid", r.ExecID)
		o.image(a, a)
		o.user("user", r.UID, a)
		o.open("parent_process")
		if a.Parent != nil && a.Parent.PID != 0 {
			o.number("pid", uint64(a.Parent.PID))
		} else if a.PPID != 0 {
			o.number("pid", uint64(a.PPID))
		}
		o.hex16("uid", r.ParentExecID)
		o.image(a.Parent, a)
		o.close()
		o.container(&a.Container)
	}
	o.close()
	o.close()
}

// image writes what is known of a process's program; of nil, nothing.
func (o *object) image(p, clock *Actor) {
	if p == nil {
		return
	}
	o.text("name", p.Comm)
	o.command("cmd_line", p.Arguments)
	o.text("working_directory", p.CWD)
	if p.Start != 0 {
		o.time("created_time", p.Start, clock)
	}
	if len(p.Path) > 0 {
		o.open("file")
		o.path(p.Path)
		o.number("type_id", fileExecutable)
		o.close()
	}
}

// user writes OCSF's user; the name is of the actor's.
func (o *object) user(name string, uid uint32, a *Actor) {
	o.open(name)
	o.digits("uid", uint64(uid))
	if a != nil {
		o.text("name", stringBytes(a.User))
	}
	o.close()
}

func (o *object) container(c *Container) {
	if c.ID == "" {
		return
	}
	o.open("container")
	o.text("uid", stringBytes(c.ID))
	o.text("name", stringBytes(c.Name))
	if c.Image != "" {
		o.open("image")
		o.text("name", stringBytes(c.Image))
		o.close()
	}
	o.text("runtime", stringBytes(c.Runtime))
	o.text("pod_uuid", stringBytes(c.PodUID))
	o.close()
}

// path writes a file's name, which OCSF requires, and its path; of fields the path
// only, where it ends with the name.
func (o *object) path(path []byte) {
	if name := base(path); o.flat == nil || !bytes.HasSuffix(path, name) {
		o.shown("name", name)
	}
	o.text("path", path)
}

// base is the last element of a path, without the sensor's care for what a path is.
func base(path []byte) []byte {
	trimmed := bytes.TrimRight(path, "/")
	if len(trimmed) == 0 {
		return path[:min(len(path), 1)]
	}
	return trimmed[bytes.LastIndexByte(trimmed, '/')+1:]
}

// entity writes a process that the record names by its numbers only.
func (o *object) entity(pid uint32, id uint64, name []byte) {
	o.open("process")
	o.number("pid", uint64(pid))
	o.hex16("uid", id)
	o.text("name", name)
	o.close()
}
