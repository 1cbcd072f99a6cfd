package decode

// memorySubject writes what became executable, Memory Activity (1004) or, where
// a file was mapped, Module Activity (1005); or whose memory was read or written.
func (o *object) memorySubject(r Record, a *Actor) {
	if e := r.ProcessVM(); e != nil {
		o.number("size", e.Bytes)
		o.entity(e.TargetPID, e.TargetExecID, nil)
		return
	}
	e := r.Memory()
	if activityOf(r).class == classModule {
		o.open("module")
		o.number("load_type_id", 4) // Mapped
		o.address("base_address", e.Address)
		o.file(r, r.Text(FilePathText), &e.File, typeOf(e.File.Mode))
		o.close()
		return
	}
	o.address("base_address", e.Address)
	o.number("size", e.Size)
	o.number("requested_permissions", uint64(e.Protection))
	o.entity(r.PID, r.ExecID, a.Comm)
}

func (o *object) memoryUnmapped(r Record) {
	if e := r.ProcessVM(); e != nil {
		o.boolean("write", e.Write)
		return
	}
	e := r.Memory()
	if activityOf(r).class == classModule {
		o.identity(&e.File)
	} else if path := r.Text(FilePathText); len(path) > 0 || e.File != (FileIdentity{}) {
		o.backing(r, path, &e.File)
	}
	o.number("size", e.Size)
	o.number("offset", e.Offset)
	o.words("protection", uint64(e.Protection), protections[:])
	if e.Before == protectionUnknown {
		o.openArray("protection_before")
		o.element("unknown")
		o.closeArray()
	} else {
		o.words("protection_before", uint64(e.Before), protections[:])
	}
	o.words("map_flags", uint64(e.MapFlags), mapFlags[:])
	o.words("memory_flags", uint64(e.MemoryFlags), memoryFlags[:])
}

// backing writes the file behind memory, for which OCSF's Memory Activity has no place.
func (o *object) backing(r Record, path []byte, f *FileIdentity) {
	o.open("file")
	o.path(path)
	o.facts(r, f, typeOf(f.Mode))
	o.rest(f)
	o.close()
}
