package decode

// Severity is how much an event matters, with the numbers of OCSF's severity_id.
type Severity uint8

// The severities; 0 is none yet.
const (
	Informational Severity = iota + 1
	Low
	Medium
	High
)

func (s Severity) String() string {
	if s < Informational || s > High {
		return "Unknown"
	}
	return [...]string{"Informational", "Low", "Medium", "High"}[s-1]
}

// severityOf is what an event matters by itself.
func severityOf(k Kind) Severity {
	if k == KindLost {
		return Low
	}
	return Informational
}
