package detect

// Tactic is one of the tactics of MITRE ATT&CK for Enterprise, version 17.
type Tactic struct {
	ID, Short, Name string
}

// Tactics are all of them, in the order of an attack.
func Tactics() []Tactic {
	return []Tactic{
		{"TA0043", "reconnaissance", "Reconnaissance"},
		{"TA0042", "resource-development", "Resource Development"},
		{"TA0001", "initial-access", "Initial Access"},
		{"TA0002", "execution", "Execution"},
		{"TA0003", "persistence", "Persistence"},
		{"TA0004", "privilege-escalation", "Privilege Escalation"},
		{"TA0005", "defense-evasion", "Defense Evasion"},
		{"TA0006", "credential-access", "Credential Access"},
		{"TA0007", "discovery", "Discovery"},
		{"TA0008", "lateral-movement", "Lateral Movement"},
		{"TA0009", "collection", "Collection"},
		{"TA0011", "command-and-control", "Command and Control"},
		{"TA0010", "exfiltration", "Exfiltration"},
		{"TA0040", "impact", "Impact"},
	}
}

// TacticOf gives a tactic by its short name; one without an ID when there is none.
func TacticOf(short string) Tactic {
	for _, t := range Tactics() {
		if t.Short == short {
			return t
		}
	}
	return Tactic{Short: short, Name: short}
}
