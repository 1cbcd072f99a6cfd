package sensor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
}

// LoadRules loads Vigil's own rules, those of directories, and lists of threat
// intelligence: files of an address, network or domain a line. A rule that cannot be
// loaded is a problem, not an error: the rest are.
func LoadRules(dirs, lists []string) (*Rules, error) {
	var r Rules
	var err error
	if r.lists, err = readLists(lists); err != nil {
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
	if r.Set, err = rule.Compile(all); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	for _, u := range all { // what nobody asks the sensor for need not stay in memory
		u.Trim()
	}
	return &r, nil
}

// noRules are those of a sensor that does not judge.
func noRules() (*Rules, error) {
	set, err := rule.Compile(nil)
	return &Rules{Set: set}, err
}

// readLists reads lists; nil for none.
func readLists(names []string) (*behavior.Lists, error) {
	if len(names) == 0 {
		return nil, nil
	}
	all := make([]io.Reader, 0, len(names))
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("intelligence: %w", err)
		}
		defer func() { _ = f.Close() }()
		all = append(all, f)
	}
	return behavior.ReadLists(all...)
}

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
