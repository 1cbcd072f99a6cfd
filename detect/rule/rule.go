package rule

import (
	"fmt"

	"vigil/decode"
	"vigil/detect"
)

// Rule is one loaded rule. It is shared and must not be changed.
type Rule struct {
	ID             string
	Name           string
	Title          string
	Status         string
	Description    string
	Author         string
	Level          string
	Tags           []string
	FalsePositives []string
	References     []string
	Source         LogSource
	File           string
	Line           int
	Cases          []Case
	Finding        detect.Finding

	// Silent is a rule that only a correlation asks for: its own match is no alert.
	Silent bool

	when        *expr // nil: a correlation
	correlation *correlation
}

// IsCorrelation tells whether the rule judges matches of other rules, by a Correlator.
func (r *Rule) IsCorrelation() bool { return r.correlation != nil }

// Trim forgets what only people read of a rule that is compiled: all but what it is
// called and what it finds.
func (r *Rule) Trim() {
	r.Description, r.Tags, r.FalsePositives, r.References, r.Cases, r.when = "", nil, nil, nil, nil, nil
}

// LogSource names what events are about and where they come from. In a rule an empty
// part means any.
type LogSource struct {
	Product, Category, Service string
}

func (l LogSource) String() string {
	s := l.Product
	for _, part := range [...]string{l.Category, l.Service} {
		if s != "" && part != "" {
			s += "/"
		}
		s += part
	}
	return s
}

// covers tells whether all events of the other source are of this one.
func (l LogSource) covers(other LogSource) bool {
	return (l.Product == "" || l.Product == other.Product) &&
		(l.Category == "" || l.Category == other.Category) &&
		(l.Service == "" || l.Service == other.Service)
}

// Case is an event beside a rule, and whether the rule must match it.
type Case struct {
	Name  string
	Match bool
	Event map[string][]string // the values of a field; none: null
	Line  int
}

// Problem says why a file, or a document of it, is not loaded.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason) }

// severityOf is the severity of a level; Sigma's critical has no more than High.
func severityOf(level string) (decode.Severity, bool) {
	switch level {
	case "critical", "high":
		return decode.High, true
	case "medium":
		return decode.Medium, true
	case "low":
		return decode.Low, true
	case "informational", "":
		return decode.Informational, true
	}
	return decode.Informational, false
}
