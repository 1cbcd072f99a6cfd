package behavior

import (
	"bytes"

	"vigil/decode"
)

// forest knows, of each process, the first of its tree. A tree begins below what
// serves many: the first process, sign-in and job daemons, container runtimes, and dpkg, which runs
// the scripts of many packages.
type forest struct {
	roots slots[place]
}

// place is where in the forest a process is.
type place struct {
	root   uint64
	serves bool // a child of it begins a tree
}

func newForest() forest { return forest{newSlots[place](16384)} }

// plant keeps up with who makes whom.
func (f *forest) plant(e *Event) {
	switch e.Kind() {
	case decode.KindFork:
		parent := f.place(e)
		child, _ := f.roots.at(e.Fork().ChildExecID, e.Time)
		*child = parent
		if parent.serves {
			child.root = e.Fork().ChildExecID
		}
	case decode.KindExec:
		e.tree = f.exec(e)
		f.put(e)
	case decode.KindProcess:
		e.tree = f.place(e).root
		f.put(e)
	}
}

// put notes where a process is that has a new image.
func (f *forest) put(e *Event) {
	own, _ := f.roots.at(e.ExecID, e.Time)
	*own = place{e.tree, e.PID == 1 || serves(e.image())}
}

// place gives where the process of an event is.
func (f *forest) place(e *Event) place {
	if p := f.roots.find(e.ExecID); p != nil {
		return *p
	}
	p := place{f.parent(e), e.PID == 1 || serves(base(e.Actor().Path))}
	own, _ := f.roots.at(e.ExecID, e.Time)
	*own = p
	return p
}

// exec: the tree stays that of the image before.
func (f *forest) exec(e *Event) uint64 {
	if p := f.roots.find(e.Exec().PreviousExecID); p != nil {
		return p.root
	}
	return f.parent(e)
}

func (f *forest) parent(e *Event) uint64 {
	above := e.Actor().Parent
	if above != nil && (above.PID == 1 || serves(base(above.Path))) {
		return e.ExecID
	}
	if p := f.roots.find(e.ParentExecID); p != nil {
		return p.root
	}
	return e.ExecID
}

// serves names what starts work for many, so that what it starts is not related.
func serves(name []byte) bool {
	switch string(name) {
	case "systemd", "init", "sshd", "sshd-session", "dropbear", "cron", "crond", "anacron", "atd", "login", "agetty", "dockerd",
		"containerd", "conmon", "crio", "supervisord", "xinetd", "inetd", "tmux", "screen", "lightdm", "gdm3", "dpkg":
		return true
	}
	return bytes.HasPrefix(name, []byte("containerd-shim"))
}
