package detect

import "vigil/decode"

// Finding is what a judge says of an event.
type Finding struct {
	Rule      string // its stable identifier
	Title     string
	Severity  decode.Severity
	Tactic    string // ATT&CK, by its short name: persistence
	Technique string // ATT&CK, by its number: T1053.003
	Next      string // what an administrator does now
	Author    string // of the rule; "": Vigil itself
	Defender  string // the name of the alert of Defender for servers that it answers; "": none
}
