package process

import (
	"bytes"

	"vigil/decode"
)

// Complete adds what a seed of the same process knows to what the table does;
// what records told stays. It does nothing and says false when they do not run
// the same program: an exec came in between.
func (t *Table) Complete(p *Process, s *Seed) bool {
	known, told := p.Path(), s.Texts[decode.ExecPathText]
	if len(known) > 0 && len(told) > 0 && !bytes.Equal(base(known), base(told)) {
		return false // paths may differ by mounts and roots, names do not
	}
	m := p.Image
	was := *m
	was.text = bytes.Clone(m.text) // store gives the buffer back first
	texts := recorded(s.Texts)
	keep := func(i int, part []byte) {
		if len(part) > 0 {
			texts[i] = part
		}
	}
	keep(decode.ExecPathText, was.Path())
	keep(decode.ExecCWDText, was.CWD())
	keep(decode.ExecFilenameText, was.Filename())
	keep(decode.ExecInterpreterText, was.Interpreter())
	keep(decode.ExecTTYText, was.TTY())
	if len(was.Arguments()) > 0 && m.ExecFlags&decode.ExecArgumentsCut == 0 {
		keep(decode.ExecArgumentsText, was.Arguments())
	} else {
		m.ExecFlags = m.ExecFlags&^decode.ExecArgumentsCut | s.Exec.Flags&decode.ExecArgumentsCut
		m.Argc = s.Exec.Argc
	}
	if len(known) == 0 {
		m.FileFlags = s.Header.Flags
	}
	if m.Inode == 0 {
		m.Inode, m.Device = s.Exec.Inode, s.Exec.Device
		m.Mode, m.Owner = s.Exec.Mode, s.Exec.Owner
	}
	m.Incomplete = false
	t.store(m, &texts)
	if p.Flags&FlagRepaired != 0 {
		h, e := s.Header, s.Exec
		h.ExecID, h.ParentExecID = 0, 0
		t.refresh(p, &h, &e, &texts)
	}
	if p.commLen == 0 {
		p.setComm(s.Texts[decode.ExecCommText])
	}
	return true
}

func base(path []byte) []byte { return path[bytes.LastIndexByte(path, '/')+1:] }
