package rule

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Loader loads rules. The zero Loader knows no placeholders.
type Loader struct {
	// Placeholders has the values of %name% for the modifier expand.
	Placeholders map[string][]string
}

// Load loads all rules of a file system with a Loader that knows no placeholders.
func Load(files fs.FS) ([]*Rule, []Problem) { return (&Loader{}).Load(files) }

// maxFile bounds the size of a file of rules, bytes.
const maxFile = 1 << 20

// Load reads every .yml and .yaml file, puts filters into the rules that they are for,
// and ties correlations to theirs. What has a problem is left out; the rest is loaded.
func (l *Loader) Load(files fs.FS) ([]*Rule, []Problem) {
	var b batch
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		ext := path.Ext(name)
		switch {
		case err != nil:
			b.problem(name, err)
		case !d.IsDir() && (ext == ".yml" || ext == ".yaml"):
			l.file(&b, files, name)
		}
		return nil
	})
	if err != nil {
		b.problem(".", err)
	}
	return b.done()
}

// Text is a file of rules that lies nowhere.
type Text struct{ Name, Text string }

// LoadTexts is Load for texts. One without a rule is a problem: somebody wrote it.
func LoadTexts(texts []Text) ([]*Rule, []Problem) {
	var b batch
	for _, t := range texts {
		before := len(b.rules) + len(b.filters) + len(b.problems)
		(&Loader{}).text(&b, []byte(t.Text), t.Name)
		if len(b.rules)+len(b.filters)+len(b.problems) == before {
			b.problem(t.Name, errors.New("no rule in it"))
		}
	}
	return b.done()
}

// batch is what one Load gathers.
type batch struct {
	rules    []*Rule
	filters  []*filter
	problems []Problem
	ids      map[string]*Rule
}

func (b *batch) done() ([]*Rule, []Problem) {
	b.filter()
	b.correlate()
	return b.rules, b.problems
}

func (b *batch) problem(file string, err error) {
	line := 1
	var m *mistake
	if errors.As(err, &m) {
		line = m.line
	}
	b.problems = append(b.problems, Problem{file, line, err.Error()})
}

func (l *Loader) file(b *batch, files fs.FS, name string) {
	if info, err := fs.Stat(files, name); err != nil || info.Size() > maxFile {
		if err == nil {
			err = fmt.Errorf("larger than %d bytes", maxFile)
		}
		b.problem(name, err)
		return
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		b.problem(name, err)
		return
	}
	l.text(b, text, name)
}

func (l *Loader) text(b *batch, text []byte, name string) {
	documents, err := parse(text)
	if err != nil {
		b.problem(name, err)
		return
	}
	var global *node
	for _, d := range documents {
		if d.get("action").scalar() == "global" { // what old files share among their documents
			global = d
			continue
		}
		if global != nil {
			d = overlay(global, d)
		}
		if err := l.document(b, d, name); err != nil {
			b.problem(name, err)
		}
	}
}

// overlay gives a document with the keys of another that it lacks; maps are laid over
// each other.
func overlay(under, over *node) *node {
	n := *over
	n.keys = slices.Clone(over.keys)
	for _, p := range under.keys {
		i := slices.IndexFunc(n.keys, func(q pair) bool { return q.key == p.key })
		switch {
		case p.key == "action":
		case i < 0:
			n.keys = append(n.keys, p)
		case p.value.kind == mapNode && n.keys[i].value.kind == mapNode:
			n.keys[i].value = overlay(p.value, n.keys[i].value)
		}
	}
	return &n
}

func (l *Loader) document(b *batch, d *node, file string) error {
	if d.kind != mapNode {
		return wrong(d.line, "a document that is no map")
	}
	r, err := readMeta(d, file)
	if err != nil {
		return err
	}
	source := readSource(d.get("logsource"))
	switch {
	case d.get("filter") != nil:
		f, err := l.readFilter(d.get("filter"), source, r)
		if err != nil {
			return err
		}
		b.filters = append(b.filters, f)
		return nil
	case d.get("correlation") != nil:
		if r.correlation, err = readCorrelation(d.get("correlation")); err != nil {
			return err
		}
	case d.get("detection") == nil:
		return wrong(d.line, "neither detection, correlation nor filter")
	case source == LogSource{}:
		return wrong(d.line, "logsource names neither product, category nor service")
	default:
		r.Source = source
		if r.when, err = l.detection(d.get("detection")); err != nil {
			return err
		}
	}
	return b.add(r)
}

func (b *batch) add(r *Rule) error {
	if b.ids == nil {
		b.ids = map[string]*Rule{}
	}
	for _, id := range [...]string{r.ID, r.Name} {
		if other := b.ids[id]; id != "" && other != nil {
			return wrong(r.Line, "%q is a rule of %s already", id, other.File)
		}
	}
	for _, id := range [...]string{r.ID, r.Name} {
		if id != "" {
			b.ids[id] = r
		}
	}
	b.rules = append(b.rules, r)
	return nil
}

func readSource(n *node) LogSource {
	return LogSource{
		Product:  strings.ToLower(n.get("product").scalar()),
		Category: strings.ToLower(n.get("category").scalar()),
		Service:  strings.ToLower(n.get("service").scalar()),
	}
}
