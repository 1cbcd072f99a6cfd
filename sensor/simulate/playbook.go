package simulate

import (
	"cmp"
	"fmt"
	"slices"
)

// Playbook makes one alert come, or a few.
type Playbook struct {
	Name  string
	Rules []string // that it must raise
	Does  string   // in words
	Lacks Lack     // what a tier does not tell that the alert comes of

	act func(*stage) error
}

// Lack is what a tier does not tell of a kind of event; zero: none lacks anything.
type Lack struct{ Kind, Tier, Why string }

// String is the tier, and why.
func (l Lack) String() string {
	if l.Tier == "" {
		return ""
	}
	return l.Tier + ": " + l.Why
}

// All gives the playbooks by name: those of the rules, and those of the behaviours.
func All() ([]Playbook, error) {
	all, err := ofRules("")
	if err != nil {
		return nil, err
	}
	all = append(all, ofBehaviours()...)
	slices.SortFunc(all, func(a, b Playbook) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// Find gives a playbook by its name.
func Find(name string) (Playbook, error) {
	all := ofBehaviours()
	if !slices.ContainsFunc(all, func(p Playbook) bool { return p.Name == name }) {
		var err error
		if all, err = ofRules(prefix + name); err != nil {
			return Playbook{}, err
		}
	}
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	return Playbook{}, fmt.Errorf("simulate: there is no playbook %q", name)
}

// Indicators is a list for threat intelligence that the playbooks of it need: names
// and addresses kept for documentation (RFC 2606, RFC 5737).
const Indicators = "malware.vigil.example\n203.0.113.66\n"
