package detect

import "strconv"

// Severity is how much a finding matters, with the numbers of OCSF's severity_id.
type Severity uint8

// The severities.
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

// Finding is what a judge says of an event.
type Finding struct {
	Rule      string // its stable identifier
	Title     string
	Severity  Severity
	Technique string // ATT&CK
	Next      string // what an administrator does now
}

// AppendJSON appends the finding as an OCSF finding_info object.
func (f *Finding) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"uid":`...)
	dst = strconv.AppendQuote(dst, f.Rule)
	dst = append(dst, `,"title":`...)
	dst = strconv.AppendQuote(dst, f.Title)
	dst = append(dst, `,"attacks":[{"technique":{"uid":`...)
	dst = strconv.AppendQuote(dst, f.Technique)
	return append(dst, `}}]}`...)
}
