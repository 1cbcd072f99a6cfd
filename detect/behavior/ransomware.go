package behavior

import (
	"bytes"
	"hash/maphash"

	"vigil/decode"
	"vigil/detect"
)

const (
	ransomWindow = minute
	ransomMany   = 30 // files that got the same foreign ending
	ransomSure   = 12 // when the ending itself speaks of locking
	ransomNotes  = 10 // directories that got the same note
)

// Ransomware looks for one tree of processes that gives many files the same
// foreign ending, by renaming them or by writing them anew and deleting the old
// ones, that lays the same note into many directories, or that rewrites many files
// with what looks encrypted (rewriting.go).
type Ransomware struct {
	seed    maphash.Seed
	finding detect.Finding
	trees   slots[ransom]
	made    slots[uint64] // by the name without its ending: the ending
	content rewriting
}

type ransom struct {
	since, ending, note uint64
	changed, rewritten  uint16
	places              distinct // directories of the note
	fired               bool
}

// NewRansomware makes the machine.
func NewRansomware(seed maphash.Seed) *Ransomware {
	m := &Ransomware{
		seed: seed, trees: newSlots[ransom](512), made: newSlots[uint64](4096),
		finding: detect.Finding{
			Rule: "vigil-ransomware", Title: "Many files rewritten as ransomware does it", Severity: decode.High, Tactic: "impact", Technique: "T1486",
			Next: "End the process tree now, take the host off the network, and do not reboot: keys may still be in memory. Then restore from backups.",
		},
	}
	m.content = newRewriting(seed, &m.finding)
	return m
}

// Kinds are the records it wants to see.
func (m *Ransomware) Kinds() Kinds {
	return kinds(decode.KindFileOpen, decode.KindFileWrite, decode.KindFileRename, decode.KindFileUnlink)
}

// Findings are what it may find.
func (m *Ransomware) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Judge takes one record.
func (m *Ransomware) Judge(e *Event) (Alert, bool) {
	alert, ok := m.content.judge(e)
	if named, also := m.names(e); also {
		return named, true
	}
	return alert, ok
}

// names judges by names and notes alone.
func (m *Ransomware) names(e *Event) (Alert, bool) {
	switch e.Kind() {
	case decode.KindFileRename:
		from, to := e.Text(decode.FilePairFromText), e.Text(decode.FilePairToText)
		if len(to) > len(from)+1 && to[len(from)] == '.' && bytes.HasPrefix(to, from) {
			return m.changed(e, ending(to))
		}
	case decode.KindFileUnlink:
		path := hashOf(m.seed, e.Text(decode.FilePathText))
		if made := m.made.find(path); made != nil {
			hash := *made
			m.made.drop(path)
			return m.count(e, hash, ransomMany)
		}
	case decode.KindFileOpen:
		if e.FileOpen().Created != 0 {
			return m.created(e, e.Text(decode.FilePathText))
		}
	case decode.KindFileWrite:
		if t := m.trees.find(e.Tree()); t != nil && t.places.n >= 3 {
			t.rewritten++
			return m.judge(e, t, t.rewritten >= 20)
		}
	}
	return Alert{}, false
}

// changed counts a file that got an ending.
func (m *Ransomware) changed(e *Event, end []byte) (Alert, bool) {
	if ordinary(end) {
		return Alert{}, false
	}
	most := uint16(ransomMany)
	if containsAny(end, []string{"lock", "crypt", "encr", "ransom"}) {
		most = ransomSure
	}
	return m.count(e, hashOf(m.seed, end), most)
}

func (m *Ransomware) count(e *Event, end uint64, most uint16) (Alert, bool) {
	t := m.tree(e)
	if t.ending != end {
		t.ending, t.changed = end, 0
	}
	t.changed++
	return m.judge(e, t, t.changed >= most || t.changed >= 5 && t.places.n >= 3)
}

// created remembers a file whose name is another's with an ending, and notes.
func (m *Ransomware) created(e *Event, path []byte) (Alert, bool) {
	if end := ending(path); !ordinary(end) {
		made, _ := m.made.at(hashOf(m.seed, path[:len(path)-len(end)-1]), e.Time)
		*made = hashOf(m.seed, end)
	}
	name := base(path)
	if !note(name) {
		return Alert{}, false
	}
	t := m.tree(e)
	if h := hashOf(m.seed, name); t.note != h {
		t.note, t.places = h, distinct{}
	}
	t.places.add(hashOf(m.seed, path[:len(path)-len(name)]))
	return m.judge(e, t, t.places.n >= ransomNotes || t.changed >= 5 && t.places.n >= 3)
}

func (m *Ransomware) tree(e *Event) *ransom {
	t, _ := m.trees.at(e.Tree(), e.Time)
	if e.Time-t.since > ransomWindow && e.Time > t.since {
		*t = ransom{since: e.Time}
	}
	return t
}

func (m *Ransomware) judge(e *Event, t *ransom, complete bool) (Alert, bool) {
	if !complete || t.fired {
		return Alert{}, false
	}
	t.fired = true
	return tree(&m.finding, e)
}

// ending is what follows the last dot of a name, at most 32 bytes; empty when
// there is nothing before the dot.
func ending(path []byte) []byte {
	name := base(path)
	if i := bytes.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 33 {
		return name[i+1:]
	}
	return nil
}

// ordinary tells of endings that tools give files by the hundred: archives,
// copies kept aside, files in the making, and the kinds that files have.
func ordinary(end []byte) bool {
	if len(end) < 2 || bytes.HasPrefix(end, []byte("dpkg-")) || bytes.HasPrefix(end, []byte("ucf-")) {
		return true
	}
	digits := 0
	for _, c := range end {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits == len(end) {
		return true
	}
	switch string(end) {
	case "gz", "xz", "bz2", "zst", "lz4", "lzma", "zip", "7z", "br", "gpg", "asc", "sig", "age", "tar", "tgz",
		"old", "bak", "backup", "orig", "save", "tmp", "temp", "new", "part", "partial", "swp", "rej", "lock", "pid",
		"rpmnew", "rpmsave", "rpmorig", "log", "txt", "md", "html", "htm", "xml", "json", "yml", "yaml", "toml", "ini", "conf", "cfg",
		"csv", "sql", "db", "jpg", "jpeg", "png", "gif", "webp", "svg", "mp3", "mp4", "mkv", "pdf", "docx", "xlsx", "odt",
		"go", "py", "pyc", "rb", "js", "ts", "jsx", "tsx", "mjs", "cjs", "map", "css", "php", "pl", "pm", "sh", "rs", "java", "class", "jar",
		"cc", "cpp", "hpp", "so", "ko", "mod", "cmd", "dtb", "rmeta", "rlib", "list", "md5sums", "service", "timer", "socket",
		"disabled", "sample", "in", "am", "ac", "m4", "po", "mo", "rst", "mdx", "lua", "tcl", "vim", "el", "deb", "rpm", "udeb",
		"debhelper", "substvars", "patch", "diff", "cache", "idx", "pack", "keep", "snap", "wal", "dat", "bin", "img", "iso":
		return true
	}
	return false
}

// note tells of names that ransom notes have.
func note(name []byte) bool {
	var lower [64]byte
	n := copy(lower[:], name)
	for i, c := range lower[:n] {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	switch string(ending(name)) {
	case "txt", "html", "hta", "md", "TXT", "HTML", "":
	default:
		return false
	}
	return containsAny(lower[:n], []string{"decrypt", "recover", "restore", "ransom", "your_files", "your-files", "unlock", "how_to_back"})
}
