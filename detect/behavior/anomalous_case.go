package behavior

import (
	"encoding/binary"

	"vigil/decode"
	"vigil/detect"
)

// AnomalousCase looks for command words whose letters are mixed in case as nobody
// types them: hidden from a search, then folded back before they run.
type AnomalousCase struct {
	finding detect.Finding
	words   map[string]bool // never changed
}

// NewAnomalousCase makes the machine.
func NewAnomalousCase() *AnomalousCase {
	m := &AnomalousCase{
		words: map[string]bool{},
		finding: detect.Finding{
			Rule: "vigil-anomalous-case", Title: "Anomalous mix of upper and lower case in a command line", Severity: decode.Medium, Tactic: "defense-evasion", Technique: "T1027.010",
			Next: "Fold the command to lower case and read what it does; then judge it as if it had been typed so.",
		},
	}
	for _, w := range []string{
		"wget", "curl", "bash", "base", "python", "perl", "echo", "eval", "exec", "chmod", "chattr", "crontab", "history", "passwd", "shadow",
		"useradd", "usermod", "authorized", "mkfifo", "netcat", "socat", "xmrig", "stratum", "nohup", "iptables", "systemctl", "setenforce",
		"unset", "import", "socket", "subprocess", "sudo", "shell", "http", "https", "insmod", "kill", "pkill", "decode", "touch", "sleep",
	} {
		m.words[w] = true
	}
	return m
}

// Kinds are the records it wants to see.
func (m *AnomalousCase) Kinds() Kinds { return kinds(decode.KindExec) }

// Findings are what it may find.
func (m *AnomalousCase) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Judge takes one record.
func (m *AnomalousCase) Judge(e *Event) (Alert, bool) {
	odd := 0
	all := e.arguments()
	if !capitals(all) {
		return Alert{}, false
	}
	for i := 0; i < len(all); {
		start := i
		for i < len(all) && letter(all[i]) {
			i++
		}
		if n := i - start; n >= 4 && n <= 10 {
			odd += m.odd(all[start:i])
		}
		if i == start {
			i++
		}
	}
	if odd < 3 {
		return Alert{}, false
	}
	return process(&m.finding, e)
}

// capitals tells whether there may be any: it takes what lies between Z and a for one.
func capitals(all []byte) bool {
	const ones = 0x0101010101010101
	for ; len(all) >= 8; all = all[8:] {
		w := binary.LittleEndian.Uint64(all)
		if w&(0x40*ones)&^(w<<1) != 0 {
			return true
		}
	}
	for _, c := range all {
		if c&0x60 == 0x40 {
			return true
		}
	}
	return false
}

// odd counts how often the case changes in a known word that is not written as
// names in programs are: there, each capital begins a part of two letters or more.
func (m *AnomalousCase) odd(word []byte) int {
	var lower [10]byte
	changes, n, named := 0, len(word), true
	for i, c := range word {
		lower[i] = c | 0x20
		if i > 0 && (c^word[i-1])&0x20 != 0 {
			changes++
		}
		if c&0x20 == 0 && (i+2 >= n || word[i+1]&0x20 == 0 || word[i+2]&0x20 == 0) {
			named = false
		}
	}
	if changes < 2 || named || !m.words[string(lower[:n])] {
		return 0
	}
	return changes
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
