package sensor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"vigil/detect"
	"vigil/detect/behavior"
	"vigil/detect/rule"
	"vigil/detect/rules"
)

// Rules is what events are judged by, beside the behaviours: it does not change, and
// may be shared.
type Rules struct {
	Set      *rule.Set
	Problems []rule.Problem // of files that are not loaded
	lists    *behavior.Lists
	off      map[string]bool // rules and behaviours that raise no alerts, by identifier
}

// Extra is what a sensor judges by that lies in no file: its server says it. Unlike a
// directory it is taken whole or not at all.
type Extra struct {
	Rules        []rule.Text
	Intelligence []string        // addresses, networks and domains
	Protections  map[string]bool // rules and behaviours by identifier: false raises no alerts
}

// Empty tells whether it says nothing.
func (x *Extra) Empty() bool {
	return len(x.Rules) == 0 && len(x.Intelligence) == 0 && len(x.Protections) == 0
}

// LoadRules loads Vigil's own rules, those of directories, and lists of threat
// intelligence: files of an address, network or domain a line. A rule that cannot be
// loaded is a problem, not an error: the rest are.
func LoadRules(dirs, lists []string) (*Rules, error) { return loadRules(dirs, lists, &Extra{}) }

// CheckRules says what of the rules, lists and protections keeps a sensor from taking the
// configuration, if anything.
func (c *Config) CheckRules() error {
	_, err := loadRules(c.Rules, c.Intelligence, &c.Extra)
	return err
}

func loadRules(dirs, lists []string, x *Extra) (*Rules, error) {
	var r Rules
	var err error
	if r.lists, err = readLists(lists, x.Intelligence); err != nil {
		return nil, err
	}
	all, problems := rule.Load(rules.FS())
	r.Problems = problems
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("rules: %w", &fs.PathError{Op: "read", Path: dir, Err: errors.New("not a directory")})
		}
		more, problems := rule.Load(os.DirFS(dir))
		all = append(all, more...)
		r.Problems = append(r.Problems, problems...)
	}
	more, broken := rule.LoadTexts(x.Rules)
	if len(broken) > 0 {
		return nil, fmt.Errorf("rules: %s, line %d: %s", broken[0].File, broken[0].Line, broken[0].Reason)
	}
	if r.Set, err = rule.Compile(append(all, more...)); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if err := r.protect(x.Protections); err != nil {
		return nil, err
	}
	for _, u := range r.Set.Rules() { // what nobody asks the sensor for need not stay in memory
		u.Trim()
	}
	return &r, nil
}

// protect notes what is off, by identifier; each must be known.
func (r *Rules) protect(all map[string]bool) error {
	if len(all) == 0 {
		return nil
	}
	known := map[string]bool{}
	for _, u := range r.Set.Rules() {
		known[u.Finding.Rule] = true
	}
	for _, f := range behavior.New(&behavior.Lists{}).Findings() { // those of intelligence, too
		known[f.Rule] = true
	}
	r.off = map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if !known[id] {
			return fmt.Errorf("protections: this sensor has no rule or behaviour %q", id)
		}
		if !all[id] {
			r.off[id] = true
		}
	}
	return nil
}

// noRules are those of a sensor that does not judge.
func noRules() (*Rules, error) {
	set, err := rule.Compile(nil)
	return &Rules{Set: set}, err
}

// readLists reads lists of files, and entries; nil for none.
func readLists(names, entries []string) (*behavior.Lists, error) {
	if len(names)+len(entries) == 0 {
		return nil, nil
	}
	all := make([]io.Reader, 0, len(names)+1)
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("intelligence: %w", err)
		}
		defer func() { _ = f.Close() }()
		all = append(all, f)
	}
	if len(entries) > 0 {
		all = append(all, extraList{strings.NewReader(strings.Join(entries, "\n"))})
	}
	return behavior.ReadLists(all...)
}

// extraList is a list that has a name in errors, though it is no file.
type extraList struct{ io.Reader }

// Name is what behavior.ReadLists calls it.
func (extraList) Name() string { return "the server's policy" }

// Findings are all that may be found by the rules and the behaviours.
func (r *Rules) Findings() []*detect.Finding {
	var all []*detect.Finding
	for _, u := range r.Set.Rules() {
		if !u.Silent {
			all = append(all, &u.Finding)
		}
	}
	return append(all, behavior.New(r.lists).Findings()...)
}
