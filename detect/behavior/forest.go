package behavior

import (
	"bytes"

	"vigil/decode"
)

// forest knows, of each process, the first of its tree. A tree begins below what
// serves many: the first process, sign-in and job daemons, container runtimes, and dpkg, which runs
// the scripts of many packages.
type forest struct {
	roots slots[uint64]
}

func newForest() forest { return forest{newSlots[uint64](16384)} }

// plant keeps up with who makes whom.
func (f *forest) plant(e *Event) {
	switch e.Kind() {
	case decode.KindFork:
		root := e.Tree()
		child, _ := f.roots.at(e.Fork().ChildExecID, e.Time)
		if *child = root; e.PID == 1 || serves(base(e.Actor().Path)) {
			*child = e.Fork().ChildExecID
		}
	case decode.KindExec:
		e.tree = f.exec(e)
		own, _ := f.roots.at(e.ExecID, e.Time)
		*own = e.tree
	case decode.KindProcess:
		e.tree = f.root(e)
	}
}

func (f *forest) root(e *Event) uint64 {
	if root := f.roots.find(e.ExecID); root != nil {
		return *root
	}
	root := f.parent(e)
	own, _ := f.roots.at(e.ExecID, e.Time)
	*own = root
	return root
}

// exec: the tree stays that of the image before.
func (f *forest) exec(e *Event) uint64 {
	if root := f.roots.find(e.Exec().PreviousExecID); root != nil {
		return *root
	}
	return f.parent(e)
}

func (f *forest) parent(e *Event) uint64 {
	above := e.Actor().Parent
	if above != nil && (above.PID == 1 || serves(base(above.Path))) {
		return e.ExecID
	}
	if root := f.roots.find(e.ParentExecID); root != nil {
		return *root
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
