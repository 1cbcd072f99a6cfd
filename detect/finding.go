package detect

import (
	"strconv"

	"vigil/decode"
)

// Finding is what a judge says of an event.
type Finding struct {
	Rule      string // its stable identifier
	Title     string
	Severity  decode.Severity
	Technique string // ATT&CK
	Next      string // what an administrator does now
}

// AppendJSON appends the finding as the members of an event that OCSF's Detection
// Finding has for it. The severity is a member of every event: decode.AppendJSON.
func (f *Finding) AppendJSON(dst []byte) []byte {
	dst = append(dst, `"finding_info":{"uid":`...)
	dst = strconv.AppendQuote(dst, f.Rule)
	dst = append(dst, `,"title":`...)
	dst = strconv.AppendQuote(dst, f.Title)
	dst = append(dst, `,"attacks":[{"technique":{"uid":`...)
	dst = strconv.AppendQuote(dst, f.Technique)
	dst = append(dst, `}}]},"remediation":{"desc":`...)
	dst = strconv.AppendQuote(dst, f.Next)
	return append(dst, '}')
}
