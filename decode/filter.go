package decode

import (
	"bytes"
	"net/netip"
)

// Filter decides which records to show. It is parsed once from an expression:
//
//	kind=exec,connect pid=12 path~/etc/ name!=sh,bash container=
//
// Terms are parted by spaces and all must hold. A term is a field, an operator and
// values parted by commas, any of which may hold: = is equal, ~ contains, != and !~
// are their opposites (none holds). A value with a space, a comma or a quotation
// mark stands in "double quotes", where \" and \\ are those characters.
//
//	kind       kind of the record; ~ takes all kinds whose names contain the value
//	pid ppid tid uid cpu port   numbers; port is either end's
//	exec       exec ID, 16 hexadecimal digits
//	ip         either end's address, or a network such as 10.0.0.0/8
//	flag       a word of the flags in JSON output, such as file_deleted or script
//	user name exe args cwd      of the process; args have spaces between them
//	path       any path of the record
//	host       a name that is asked for in a DNS message
//	container  its name, or the beginning of its ID; an empty value is none
//	image pod  of the container
//
// Where a field is about a process, it is the one that runs the new image for
// kinds exec and process, else the one that acts. The nil Filter matches all.
type Filter struct{ terms []term }

// All tells whether it lets everything through.
func (f *Filter) All() bool { return f == nil || len(f.terms) == 0 }

type field uint8

const (
	fieldKind field = iota
	fieldPID
	fieldPPID
	fieldTID
	fieldUID
	fieldCPU
	fieldPort
	fieldExec
	fieldIP
	fieldFlag
	fieldUser
	fieldName
	fieldExe
	fieldArgs
	fieldCWD
	fieldPath
	fieldHost
	fieldContainer
	fieldImage
	fieldPod
	fieldCount
)

var fieldNames = [fieldCount]string{
	"kind", "pid", "ppid", "tid", "uid", "cpu", "port", "exec", "ip", "flag",
	"user", "name", "exe", "args", "cwd", "path", "host", "container", "image", "pod",
}

// term holds its values in the form that its field needs.
type term struct {
	texts    [][]byte
	numbers  []uint64
	networks []netip.Prefix
	kinds    [(KindCount + 63) / 64]uint64
	flags    flagSet
	field    field
	contains bool
	not      bool
}

type flagSet struct{ event, exec, memory uint64 }

// Match tells whether all terms hold of the record. It allocates nothing. The
// actor may be nil: then nothing is known of the process but what the record says.
func (f *Filter) Match(r Record, a *Actor) bool {
	if f == nil {
		return true
	}
	if a == nil {
		a = &Actor{}
	}
	for i := range f.terms {
		if t := &f.terms[i]; t.holds(r, a) == t.not {
			return false
		}
	}
	return true
}

func (t *term) holds(r Record, a *Actor) bool {
	e := r.Exec()
	switch t.field {
	case fieldKind:
		return t.kinds[r.Header.Kind/64]>>(r.Header.Kind%64)&1 != 0
	case fieldPID:
		return t.number(uint64(r.PID))
	case fieldPPID:
		switch {
		case e != nil:
			return t.number(uint64(e.PPID))
		case a.Parent != nil:
			return t.number(uint64(a.Parent.PID))
		}
		return t.number(uint64(a.PPID))
	case fieldTID:
		return t.number(uint64(r.TID))
	case fieldUID:
		return t.number(uint64(r.UID))
	case fieldCPU:
		return t.number(uint64(r.CPU))
	case fieldExec:
		return t.number(r.ExecID)
	case fieldPort, fieldIP:
		return t.end(r)
	case fieldFlag:
		return t.flag(r)
	case fieldUser:
		return t.text(stringBytes(a.User))
	case fieldName:
		if e != nil {
			return t.text(r.Text(ExecCommText))
		}
		return t.text(a.Comm)
	case fieldExe:
		if e != nil {
			return t.text(r.Text(ExecPathText))
		}
		return t.text(a.Path)
	case fieldArgs:
		if e != nil {
			return t.arguments(r.Text(ExecArgumentsText))
		}
		return t.arguments(a.Arguments)
	case fieldCWD:
		if e != nil {
			return t.text(r.Text(ExecCWDText))
		}
		return t.text(a.CWD)
	case fieldPath:
		return t.path(r)
	case fieldHost:
		return t.host(r)
	case fieldContainer:
		return t.container(&a.Container)
	case fieldImage:
		return t.text(stringBytes(a.Container.Image))
	case fieldPod:
		return t.text(stringBytes(a.Container.PodName))
	}
	return false
}

func (t *term) number(v uint64) bool {
	for _, n := range t.numbers {
		if n == v {
			return true
		}
	}
	return false
}

func (t *term) text(v []byte) bool {
	for _, s := range t.texts {
		if t.contains && bytes.Contains(v, s) || !t.contains && bytes.Equal(v, s) {
			return true
		}
	}
	return false
}

func (t *term) container(c *Container) bool {
	for _, s := range t.texts {
		switch name, id := stringBytes(c.Name), stringBytes(c.ID); {
		case len(s) == 0:
			if len(id) == 0 {
				return true
			}
		case t.contains && (bytes.Contains(name, s) || bytes.Contains(id, s)):
			return true
		case !t.contains && (bytes.Equal(name, s) || bytes.HasPrefix(id, s)):
			return true
		}
	}
	return false
}

// arguments compares as if there were a space where one argument ends.
func (t *term) arguments(v []byte) bool {
	v = bytes.TrimSuffix(v, []byte{0})
	for _, s := range t.texts {
		if !t.contains {
			if len(s) == len(v) && sameArguments(v, s) {
				return true
			}
			continue
		}
		for i := 0; i+len(s) <= len(v); i++ {
			if sameArguments(v[i:], s) {
				return true
			}
		}
	}
	return false
}

func sameArguments(v, s []byte) bool {
	for i, c := range s {
		if v[i] != c && (c != ' ' || v[i] != 0) {
			return false
		}
	}
	return true
}
