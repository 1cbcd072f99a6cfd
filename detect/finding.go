package detect

import (
	"encoding/json"

	"vigil/decode"
)

// Finding is what a judge says of an event.
type Finding struct {
	Rule      string // its stable identifier
	Title     string
	Severity  decode.Severity
	Technique string // ATT&CK
	Next      string // what an administrator does now
	Author    string // of the rule; "": Vigil itself
	Defender  string // the name of the alert of Defender for servers that it answers; "": none
}

// AppendJSON appends the finding as the members of an event that OCSF's Detection
// Finding has for it. The severity is a member of every event: decode.AppendJSON.
func (f *Finding) AppendJSON(dst []byte) []byte {
	dst = appendText(append(dst, `"finding_info":{"uid":`...), f.Rule)
	dst = appendText(append(dst, `,"title":`...), f.Title)
	if f.Author != "" {
		dst = appendText(append(dst, `,"analytic":{"type_id":1,"type":"Rule","uid":`...), f.Rule)
		dst = append(appendText(append(dst, `,"desc":`...), "by "+f.Author), '}')
	}
	dst = appendText(append(dst, `,"attacks":[{"technique":{"uid":`...), f.Technique)
	dst = appendText(append(dst, `}}]},"remediation":{"desc":`...), f.Next)
	return append(dst, '}')
}

func appendText(dst []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // a string never fails
		return append(dst, `""`...)
	}
	return append(dst, quoted...)
}
