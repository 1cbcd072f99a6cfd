package behavior

import (
	"hash/maphash"

	"vigil/decode"
	"vigil/detect"
)

const (
	rewriteWindow = 2 * minute
	rewriteMany   = 20  // files that look encrypted
	rewriteFew    = 4   // files rewritten before any is looked into
	rewriteLooks  = 128 // into the files of one tree, in a window
)

// rewriting looks for one tree that rewrites many files with what looks encrypted,
// whatever their names: in place; anew, with the old one deleted; or aside, and then
// renamed to a document's name, which such content is not. It asks for a look into
// files (Wish), and is told what lies there (sample).
type rewriting struct {
	seed    maphash.Seed
	finding *detect.Finding
	trees   slots[rewriter]
	files   slots[written] // by path: opened for writing
	pairs   slots[beside]  // by tree and name without its ending: files made
	wish    Wish
	wished  bool
}

type rewriter struct {
	since   uint64
	changed distinct // files rewritten, or made with the old one deleted
	random  distinct // of those: that look encrypted
	other   uint16   // looks that found something else, in no known format
	looks   uint16
	fired   bool
}

type written struct {
	tree, inode, device uint64
	pair                uint64 // of a file made: its place among the pairs
	made                bool   // by the tree, which has not opened it again since
	closed              bool   // after it was written
}

type beside struct {
	name         uint64
	random, gone bool // the file made looks encrypted; the one it was made of is gone
}

// Wish is a file that is worth a look: the one that the record just judged is about.
type Wish struct {
	Text          int // which of the record's texts is its path
	Inode, Device uint64

	tree, file, pair uint64
}

// FileSample is what a look into a file found.
type FileSample struct {
	Wish
	Content
	Time uint64 // of the record, as in its header
}

func newRewriting(seed maphash.Seed, f *detect.Finding) rewriting {
	return rewriting{
		seed: seed, finding: f, trees: newSlots[rewriter](512), files: newSlots[written](2048), pairs: newSlots[beside](2048),
	}
}

func (m *rewriting) judge(e *Event) (Alert, bool) {
	m.wished = false
	switch e.Kind() {
	case decode.KindFileOpen:
		m.opened(e, e.Text(decode.FilePathText))
	case decode.KindFileWrite:
		m.wrote(e, e.Text(decode.FilePathText))
	case decode.KindFileRename:
		m.renamed(e, e.Text(decode.FilePairFromText), e.Text(decode.FilePairToText))
	case decode.KindFileUnlink:
		return m.deleted(e, e.Text(decode.FilePathText))
	}
	return Alert{}, false
}

// opened learns which files were there before.
func (m *rewriting) opened(e *Event, path []byte) {
	f, _ := m.files.at(hashOf(m.seed, path), e.Time)
	switch {
	case e.FileOpen().Created != 0:
		*f = written{tree: e.Tree(), made: true, pair: m.begin(e, path)}
	case f.closed: // what a tree made and opens again was there, for all that it writes now
		f.made = false
	}
}

// begin remembers a file whose name may be another's with an ending.
func (m *rewriting) begin(e *Event, path []byte) uint64 {
	name, end := base(path), ending(path)
	if len(end) == 0 {
		return 0
	}
	key := m.pair(e, name[:len(name)-len(end)-1])
	p, _ := m.pairs.at(key, e.Time)
	*p = beside{name: hashOf(m.seed, name)}
	return key
}

func (m *rewriting) pair(e *Event, name []byte) uint64 {
	return mix(hashOf(m.seed, name) ^ mix(e.Tree()))
}

func (m *rewriting) wrote(e *Event, path []byte) {
	w := e.FileWrite()
	key := hashOf(m.seed, path)
	f := m.files.find(key)
	if f == nil { // nobody knows whether it was there
		return
	}
	f.closed = true
	if w.Bytes < shortest || w.OpenFlags&appends != 0 || w.File.Mode&modeType != modeRegular || e.Is(unsure|decode.EventPathRaw) || spared(path) || trades(e.Actor().Path) {
		return
	}
	f.inode, f.device = w.File.Inode, w.File.Device
	if tree := e.Tree(); !f.made || f.tree != tree {
		f.tree, f.made, f.pair = tree, false, 0
		t := m.tree(tree, e.Time)
		t.changed.add(key)
		m.want(t, decode.FilePathText, f)
	} else if f.pair != 0 {
		m.want(m.tree(tree, e.Time), decode.FilePathText, f)
	}
}

// renamed follows a file that was written to its new name. If it was made for that
// name, and the name is a document's, the old one is gone with it.
func (m *rewriting) renamed(e *Event, from, to []byte) {
	key := hashOf(m.seed, from)
	before := m.files.find(key)
	if before == nil || e.Is(unsure|decode.EventFailed) {
		return
	}
	f := *before
	m.files.drop(key)
	key = hashOf(m.seed, to)
	after, _ := m.files.at(key, e.Time)
	*after = f
	if f.inode == 0 || f.tree != e.Tree() || spared(to) {
		return
	}
	t := m.tree(f.tree, e.Time)
	if p := m.pairs.find(f.pair); p == nil || !p.gone { // its own is not, or there is none
		f.pair = 0
		if f.made {
			if !document(ending(to)) {
				return
			}
			t.changed.add(key)
		}
	}
	m.want(t, decode.FilePairToText, &f)
}

// deleted notices that the file is gone which another was made of.
func (m *rewriting) deleted(e *Event, path []byte) (Alert, bool) {
	if f := m.files.find(hashOf(m.seed, path)); e.FileChange().Directory != 0 || f != nil && f.made && f.tree == e.Tree() {
		return Alert{}, false
	}
	name := base(path)
	own := hashOf(m.seed, name)
	if alert, ok := m.left(e, name, own); ok {
		return alert, true
	}
	if end := ending(path); len(end) > 0 {
		return m.left(e, name[:len(name)-len(end)-1], own)
	}
	return Alert{}, false
}

// left notices that the file is gone which, but for the ending, has the name of one made.
func (m *rewriting) left(e *Event, name []byte, own uint64) (Alert, bool) {
	key := m.pair(e, name)
	p := m.pairs.find(key)
	if p == nil || p.name == own || p.gone {
		return Alert{}, false
	}
	p.gone = true
	t := m.tree(e.Tree(), e.Time)
	t.changed.add(key)
	if !p.random {
		return Alert{}, false
	}
	return m.count(t, e.Tree(), key)
}

// want asks for a look, once the tree has rewritten a few.
func (m *rewriting) want(t *rewriter, text int, f *written) {
	if t.changed.n < rewriteFew || t.looks >= rewriteLooks || t.fired {
		return
	}
	t.looks++
	m.wished = true
	m.wish = Wish{Text: text, Inode: f.inode, Device: f.device, tree: f.tree, file: identity(f.device, f.inode), pair: f.pair}
}

// sample takes what a look found.
func (m *rewriting) sample(s *FileSample) (Alert, bool) {
	t := m.tree(s.tree, s.Time)
	if !s.Random() {
		if !s.Known {
			t.other++
		}
		return Alert{}, false
	}
	if s.pair == 0 {
		return m.count(t, s.tree, s.file)
	}
	p := m.pairs.find(s.pair)
	if p == nil {
		return Alert{}, false
	}
	if p.random = true; !p.gone {
		return Alert{}, false
	}
	return m.count(t, s.tree, s.pair)
}

// count adds a file. A tree that rewrites much else is another matter: of ten files in
// a format that nobody knows, a few look encrypted.
func (m *rewriting) count(t *rewriter, tree, file uint64) (Alert, bool) {
	t.random.add(file)
	if t.random.n < rewriteMany || t.random.n < 3*t.other || t.fired {
		return Alert{}, false
	}
	t.fired = true
	return Alert{m.finding, Entity{Kind: Tree, ExecID: tree}}, true
}

func (m *rewriting) tree(tree, now uint64) *rewriter {
	t, _ := m.trees.at(tree, now)
	if now > t.since && now-t.since > rewriteWindow {
		*t = rewriter{since: now}
	}
	return t
}

const (
	appends     = 0o2000 // O_APPEND: what is there stays
	modeType    = 0o170000
	modeRegular = 0o100000

	// unsure are flags of paths that lead nowhere, or elsewhere.
	unsure = decode.EventPathCut | decode.EventPathDetached | decode.EventPathUnreadable | decode.EventFileDeleted | decode.EventFileMemfd
)
