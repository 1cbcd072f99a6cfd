package behavior

import (
	"bytes"
	"math/bits"

	"vigil/decode"
	"vigil/detect"
)

const (
	scoreWindow = 10 * minute
	scoreEnough = 12
	scoreKinds  = 4 // how many different signs there must be
)

// Score adds up, over one tree of processes, signs that are weak alone; each
// counts once, from the first on that shows something foreign.
type Score struct {
	finding detect.Finding
	trees   slots[scored]
}

type scored struct {
	since uint64
	seen  uint32
	fired bool
}

// The signs, by bit.
const (
	signTemporary = iota
	signHidden
	signMarked
	signFetched
	signDecoded
	signScheduled
	signHistory
	signConnected
	signSelfDeleted
	signMemfd
	signTraced
	signImmutable
	signPasswords
	signLogs
	signLooked
	signKey
	signCount
)

// foreign are the signs of what an administrator did not put there, or hides. What a
// tree did before the first of them is not an intruder's: to set a server up is to
// schedule, to fetch and to let keys in.
const foreign = 1<<signTemporary | 1<<signHidden | 1<<signMemfd | 1<<signConnected | 1<<signSelfDeleted | 1<<signHistory | 1<<signTraced

// weights of the signs.
func weights() [signCount]int {
	return [signCount]int{
		signTemporary: 3, signHidden: 2, signMarked: 2, signFetched: 3, signDecoded: 2, signScheduled: 3, signHistory: 3, signConnected: 3,
		signSelfDeleted: 3, signMemfd: 2, signTraced: 2, signImmutable: 2, signPasswords: 2, signLogs: 3, signLooked: 1, signKey: 2,
	}
}

// NewScore makes the machine.
func NewScore() *Score {
	return &Score{
		trees: newSlots[scored](512),
		finding: detect.Finding{
			Rule: "vigil-weak-signals", Title: "Many weak signs of an intrusion in one process tree", Severity: decode.Medium, Tactic: "execution", Technique: "T1059",
			Next: "Read the events of the tree in their order: together they show what was done. Isolate the host if nobody can explain them.",
		},
	}
}

// Kinds are the records it wants to see.
func (m *Score) Kinds() Kinds {
	return kinds(decode.KindExec, decode.KindFileOpen, decode.KindFileRead, decode.KindFileUnlink, decode.KindFileChmod, decode.KindConnect,
		decode.KindMemfd, decode.KindPtrace, decode.KindProcessVM)
}

// Findings are what it may find.
func (m *Score) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Glance implements Glancer.
func (m *Score) Glance(e *Event) Glance {
	name := e.image()
	switch e.Kind() {
	case decode.KindExec:
		switch string(name) {
		case "base64", "openssl", "chattr", "crontab", "whoami", "id", "lscpu", "nproc":
			return Look
		}
		if !temporary(e.path()) && e.Exec().Flags&decode.ExecScript == 0 && !downloader(name) && !shell(name) {
			return Pass
		}
	case decode.KindConnect:
		if !temporary(e.path()) {
			return Pass
		}
	case decode.KindMemfd:
		if !temporary(e.path()) && !interpreter(name) {
			return Pass
		}
	}
	if packages(name) {
		return Pass
	}
	return Look
}

// Judge takes one record.
func (m *Score) Judge(e *Event) (Alert, bool) {
	seen := sign(e)
	if seen == 0 || packages(e.image()) {
		return Alert{}, false
	}
	t, _ := m.trees.at(e.Tree(), e.Time)
	if e.Time-t.since > scoreWindow && e.Time > t.since {
		*t = scored{since: e.Time}
	}
	if t.seen == 0 && seen&foreign == 0 {
		return Alert{}, false
	}
	t.seen |= seen
	sum := 0
	for i, w := range weights() {
		sum += w * int(t.seen>>i&1)
	}
	if sum < scoreEnough || bits.OnesCount32(t.seen) < scoreKinds || t.fired {
		return Alert{}, false
	}
	t.fired = true
	return tree(&m.finding, e)
}

func packages(name []byte) bool {
	switch string(name) {
	case "dpkg", "dpkg-deb", "apt", "apt-get", "rpm", "dnf", "yum", "snapd", "dockerd", "containerd", "puppet", "unattended-upgr":
		return true
	}
	return false
}

// sign gives the signs that an event shows, as bits.
func sign(e *Event) uint32 {
	switch e.Kind() {
	case decode.KindExec:
		return signOfExec(e)
	case decode.KindFileOpen:
		return signOfOpen(e)
	case decode.KindFileRead:
		if string(e.Text(decode.FilePathText)) == "/etc/shadow" && reads(e.image()) {
			return 1 << signPasswords
		}
	case decode.KindFileUnlink:
		path := e.Text(decode.FilePathText)
		switch {
		case len(path) > 0 && bytes.Equal(path, e.Actor().Path):
			return 1 << signSelfDeleted
		case bytes.HasSuffix(path, []byte("_history")) && !shell(e.image()):
			return 1 << signHistory
		case bytes.HasPrefix(path, []byte("/var/log/")) && string(e.image()) == "rm":
			return 1 << signLogs
		}
	case decode.KindFileChmod:
		if e.FileChange().NewMode&0o111 != 0 && e.FileChange().File.Mode&0o170000 == 0o100000 && temporary(e.Text(decode.FilePathText)) {
			return 1 << signMarked
		}
	case decode.KindConnect:
		if s := e.Socket(); internet(&s.Ends) && temporary(e.path()) && public(address(s.Ends.Remote)) {
			return 1 << signConnected
		}
	case decode.KindMemfd:
		if temporary(e.path()) || interpreter(e.image()) {
			return 1 << signMemfd
		}
	case decode.KindPtrace:
		if e.Ptrace().Request == 16 && string(e.image()) != "gdb" && string(e.image()) != "strace" { // PTRACE_ATTACH
			return 1 << signTraced
		}
	case decode.KindProcessVM:
		if e.ProcessVM().Write != 0 {
			return 1 << signTraced
		}
	}
	return 0
}

func signOfExec(e *Event) uint32 {
	var seen uint32
	path, all := e.path(), e.arguments()
	if configures(e) {
		return 0
	}
	if temporary(path) || e.Exec().Flags&decode.ExecScript != 0 && temporary(e.Text(decode.ExecFilenameText)) {
		seen |= 1 << signTemporary
	}
	if bytes.Contains(path, []byte("/.")) && temporary(path) {
		seen |= 1 << signHidden
	}
	switch name := e.image(); {
	case downloader(name) && !containsAny(all, []string{"//127.", "//localhost", "//[::1]"}):
		seen |= 1 << signFetched
	case string(name) == "base64" && (contains(all, "-d") || contains(all, "--decode")), string(name) == "openssl" && contains(all, " enc -d"):
		seen |= 1 << signDecoded
	case string(name) == "chattr" && contains(all, "+i"):
		seen |= 1 << signImmutable
	case string(name) == "crontab" && !contains(all, "-l") && !contains(all, "-r"):
		seen |= 1 << signScheduled
	case string(name) == "whoami", string(name) == "id", string(name) == "lscpu", string(name) == "nproc":
		seen |= 1 << signLooked
	case shell(name) && (contains(all, "unset HISTFILE") || contains(all, "HISTFILE=/dev/null") || contains(all, "history -c")):
		seen |= 1 << signHistory
	}
	return seen
}

// configures tells of the questions of a package, which debconf runs from /tmp.
func configures(e *Event) bool {
	script := e.Text(decode.ExecFilenameText)
	above := e.Actor().Parent
	return bytes.HasPrefix(script, []byte("/tmp/")) && bytes.Contains(script, []byte(".config.")) &&
		above != nil && bytes.HasPrefix(base(above.Path), []byte("perl")) && contains(above.Arguments, "dpkg-preconfigure")
}

func signOfOpen(e *Event) uint32 {
	switch path := e.Text(decode.FilePathText); {
	case bytes.HasPrefix(path, []byte("/etc/cron")), bytes.HasPrefix(path, []byte("/var/spool/cron/")),
		bytes.HasPrefix(path, []byte("/etc/systemd/system/")), bytes.HasPrefix(path, []byte("/etc/profile.d/")):
		return 1 << signScheduled
	case bytes.HasSuffix(path, []byte("/.ssh/authorized_keys")):
		return 1 << signKey
	case bytes.HasPrefix(path, []byte("/dev/shm/.")) && !bytes.HasPrefix(e.image(), []byte("postgres")):
		return 1 << signHidden
	}
	return 0
}

// reads names what shows files: an interpreter may only look an account up.
func reads(name []byte) bool {
	switch string(name) {
	case "cat", "cp", "head", "tail", "grep", "less", "awk", "sed", "base64", "xxd", "strings":
		return true
	}
	return false
}
