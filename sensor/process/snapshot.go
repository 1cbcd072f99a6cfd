package process

import "strings"

// View is a copy of an entry, for readers on other goroutines.
type View struct {
	Facts
	ImageFacts
	Comm        string
	Path        string
	Arguments   string // each ended by a zero byte unless cut
	CWD         string
	Filename    string
	Interpreter string
	TTY         string
	Children    int
}

// Snapshot copies the table: running processes, the oldest image first, then
// ended ones. The goroutine that owns the table calls it, on request. It
// allocates twice, however long the table is.
func (t *Table) Snapshot() []View {
	size := 0
	t.each(func(p *Process) { size += len(p.text) + int(p.commLen) })
	var all strings.Builder
	all.Grow(size)
	t.each(func(p *Process) {
		all.Write(p.text)
		all.Write(p.Comm())
	})
	rest := all.String() // strings taken from one string share its memory
	text := func(n int) string {
		s := rest[:n]
		rest = rest[n:]
		return s
	}
	views := make([]View, 0, t.Len())
	t.each(func(p *Process) {
		v := View{Facts: p.Facts, ImageFacts: p.ImageFacts, Children: p.Children()}
		v.Path = text(len(p.part(textPath)))
		v.CWD = text(len(p.part(textCWD)))
		v.Filename = text(len(p.part(textFilename)))
		v.Interpreter = text(len(p.part(textInterpreter)))
		v.TTY = text(len(p.part(textTTY)))
		v.Arguments = text(len(p.Arguments()))
		v.Comm = text(int(p.commLen))
		if p.alias {
			v.Filename = v.Path
		}
		views = append(views, v)
	})
	return views
}

func (t *Table) each(visit func(*Process)) {
	for _, head := range [...]*Process{t.live.head, t.pinned.head, t.fading.head} {
		for p := head; p != nil; p = p.links.next {
			visit(p)
		}
	}
}
