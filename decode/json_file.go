package decode

import "strconv"

// OCSF's file.type_id.
const (
	fileUnknown    = 0
	fileRegular    = 1
	fileFolder     = 2
	fileSymlink    = 7
	fileExecutable = 8
	fileOther      = 99
)

// typeOf gives OCSF's type_id for an st_mode (inode(7)).
func typeOf(mode uint32) uint64 {
	switch mode >> 12 & 15 {
	case 8:
		return fileRegular
	case 4:
		return fileFolder
	case 2:
		return 3 // Character Device
	case 6:
		return 4 // Block Device
	case 12:
		return 5 // Local Socket
	case 1:
		return 6 // Named Pipe
	case 10:
		return fileSymlink
	}
	return fileUnknown
}

// fileSubject writes the file that a record of File System Activity (1001) is about.
func (o *object) fileSubject(r Record) {
	switch r.Kind() {
	case KindFileOpen, KindFileRead:
		e := r.FileOpen()
		o.number("access_mask", uint64(e.OpenFlags))
		o.file(r, r.Text(FilePathText), &e.File, typeOf(e.File.Mode))
	case KindFileWrite:
		e := r.FileWrite()
		o.number("access_mask", uint64(e.OpenFlags))
		o.file(r, r.Text(FilePathText), &e.File, typeOf(e.File.Mode))
	case KindFileRename:
		e := r.FilePair()
		o.file(r, r.Text(FilePairFromText), &e.File, typeOf(e.File.Mode))
		o.open("file_result")
		o.path(r.Text(FilePairToText))
		o.number("type_id", typeOf(e.File.Mode))
		o.close()
	case KindFileLink:
		e := r.FilePair()
		o.file(r, r.Text(FilePairToText), &e.File, typeOf(e.File.Mode))
	case KindFileSymlink:
		o.file(r, r.Text(FilePairToText), &r.FilePair().File, fileSymlink)
	case KindFileUnlink, KindFileChmod, KindFileChown, KindFileTruncate, KindFileMkdir:
		o.changed(r)
	case KindFileSetxattr:
		e := r.FileSetxattr()
		o.file(r, r.Text(FileSetxattrPathText), &e.File, typeOf(e.File.Mode))
	case KindMount, KindUmount, KindPivotRoot:
		o.open("file")
		o.path(r.Text(MountTargetText))
		o.number("type_id", fileFolder)
		o.close()
	case KindMemfd:
		o.open("file")
		o.required("name", r.Text(FilePathText))
		o.number("type_id", fileOther)
		o.name("type", "Memory File")
		o.close()
	}
}

// changed writes a file as it was, and as it became where that can be told.
func (o *object) changed(r Record) {
	e := r.FileChange()
	kind := typeOf(e.File.Mode)
	if e.Directory != 0 || r.Kind() == KindFileMkdir {
		kind = fileFolder
	}
	o.file(r, r.Text(FilePathText), &e.File, kind)
	if r.Kind() == KindFileTruncate {
		o.open("file_result")
		o.path(r.Text(FilePathText))
		o.number("type_id", kind)
		o.number("size", e.Size)
		o.close()
	}
}

// file writes a file by its path and what the kernel says of it.
func (o *object) file(r Record, path []byte, f *FileIdentity, kind uint64) {
	o.open("file")
	o.path(path)
	o.facts(r, f, kind)
	o.close()
}

// facts writes what the kernel says of a file.
func (o *object) facts(r Record, f *FileIdentity, kind uint64) {
	o.number("type_id", kind)
	if *f != (FileIdentity{}) {
		o.digits("uid", f.Inode)
		o.volume(f.Device)
		o.user("owner", f.Owner, nil)
	}
	o.deleted(r)
}

func (o *object) deleted(r Record) {
	if r.Is(EventFileDeleted) {
		o.boolean("is_deleted", 1)
	}
}

// volume writes a device as major:minor, as /proc/self/mountinfo does.
func (o *object) volume(device uint64) {
	if o.begin("volume") {
		o.b = appendDevice(o.b, device)
		o.end()
	}
}

// appendDevice takes the kernel's dev_t: 20 bits of minor (linux/kdev_t.h).
func appendDevice(dst []byte, device uint64) []byte {
	dst = append(strconv.AppendUint(dst, device>>20, 10), ':')
	return strconv.AppendUint(dst, device&(1<<20-1), 10)
}

func (o *object) fileUnmapped(r Record) {
	switch r.Kind() {
	case KindFileOpen, KindFileRead:
		e := r.FileOpen()
		o.identity(&e.File)
		o.words("open_flags", uint64(e.OpenFlags), openFlags[:])
		o.boolean("created", e.Created)
	case KindFileWrite:
		e := r.FileWrite()
		o.identity(&e.File)
		o.words("open_flags", uint64(e.OpenFlags), openFlags[:])
		o.number("bytes", e.Bytes)
		o.number("writes", uint64(e.Writes))
		o.number("first_ns", e.First)
		o.number("last_ns", e.Last)
	case KindFileRename:
		o.identity(&r.FilePair().File)
		o.words("rename_flags", uint64(r.FilePair().Flags), renameFlags[:])
	case KindFileLink, KindFileSymlink:
		o.identity(&r.FilePair().File)
		o.text("link_target", r.Text(FilePairFromText))
		o.number("link_flags", uint64(r.FilePair().Flags))
	case KindFileUnlink, KindFileChmod, KindFileChown, KindFileTruncate, KindFileMkdir:
		e := r.FileChange()
		o.identity(&e.File)
		o.number("new_size", e.Size)
		o.octal("new_mode", e.NewMode)
		o.number("new_owner", uint64(e.NewOwner))
		o.number("new_group", uint64(e.NewGroup))
		o.boolean("directory", e.Directory)
	case KindFileSetxattr:
		e := r.FileSetxattr()
		o.identity(&e.File)
		o.text("xattr", r.Text(FileSetxattrNameText))
		o.number("xattr_size", e.Size)
		o.words("xattr_flags", uint64(e.Flags), xattrFlags[:])
	case KindMount, KindUmount, KindPivotRoot:
		o.text("source", r.Text(MountSourceText))
		o.text("file_system", r.Text(MountTypeText))
		o.address("mount_flags", r.Mount().Flags)
	case KindMemfd:
		e := r.Descriptor()
		o.words("memfd_flags", uint64(e.Flags), memfdFlags[:])
		o.number("entries", uint64(e.Entries))
	}
}

// identity writes what of a file's identity OCSF's file has no place for.
func (o *object) identity(f *FileIdentity) {
	if *f == (FileIdentity{}) {
		return
	}
	o.open("file")
	o.rest(f)
	o.close()
}

func (o *object) rest(f *FileIdentity) {
	o.octal("mode", f.Mode)
	o.number("group", uint64(f.Group))
	o.number("links", uint64(f.Links))
}
