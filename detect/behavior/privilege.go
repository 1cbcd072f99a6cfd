package behavior

import (
	"vigil/decode"
	"vigil/detect"
)

const (
	capSetUID   = 1 << 7     // CAP_SETUID: linux/capability.h
	firstUserNS = 0xeffffffd // PROC_USER_INIT_INO: linux/proc_ns.h
)

// Privilege looks for a process that became root, or got capabilities, without
// having had the right to and without running a program that grants it: what an
// exploit of the kernel does.
type Privilege struct {
	finding detect.Finding
	known   slots[rights] // by image of a process
}

type rights struct {
	time    uint64
	uid     uint32
	pending bool // rose; only an exec of a set-uid program may explain it
	granted bool // was replaced by such a program
	gone    bool // was replaced by another
}

// NewPrivilege makes the machine.
func NewPrivilege() *Privilege {
	return &Privilege{
		known: newSlots[rights](8192),
		finding: detect.Finding{
			Rule: "vigil-privilege-gained", Title: "Privilege gained without a program that grants it", Severity: decode.High, Tactic: "privilege-escalation", Technique: "T1068",
			Next: "Isolate the host: the kernel was probably exploited. Keep the program and its memory, and upgrade the kernel before the host goes back to work.",
		},
	}
}

// Kinds are the records it wants to see: those that come often enough to see a
// changed number, and those that change it by right.
func (m *Privilege) Kinds() Kinds {
	return kinds(decode.KindCredentials, decode.KindExec, decode.KindFork, decode.KindExit, decode.KindFileOpen, decode.KindConnect,
		decode.KindNamespace, decode.KindLost)
}

// Findings are what it may find.
func (m *Privilege) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Judge takes one record.
func (m *Privilege) Judge(e *Event) (Alert, bool) {
	switch e.Kind() {
	case decode.KindLost: // a change may be among what was lost
		m.known.clear()
		return Alert{}, false
	case decode.KindExit:
		return m.exit(e)
	case decode.KindCredentials:
		return m.credentials(e)
	case decode.KindExec:
		return m.exec(e)
	}
	if e.TID != e.PID || e.Is(decode.EventNoIdentity) {
		return Alert{}, false // each thread has its own
	}
	return m.other(e)
}

// credentials: the header's number is the one before.
func (m *Privilege) credentials(e *Event) (Alert, bool) {
	c := e.Credentials()
	r, _ := m.known.at(e.ExecID, e.Time)
	r.time, r.uid = max(r.time, e.Time), c.After.UID
	if !rose(&c.Before, &c.After) || r.granted {
		return Alert{}, false
	}
	if r.gone {
		return m.found(e, r)
	}
	r.pending = true
	return Alert{}, false
}

// rose tells whether the change needs a right that the process had not.
func rose(before, after *decode.IDs) bool {
	if before.UserNS != firstUserNS || after.UserNS != firstUserNS { // whoever is root within a namespace may do all in it
		return false
	}
	if before.UID == 0 || before.EUID == 0 || before.SUID == 0 || before.CapEffective&capSetUID != 0 {
		return false
	}
	return after.UID == 0 || after.EUID == 0 || after.CapPermitted&^before.CapPermitted != 0
}

func (m *Privilege) exec(e *Event) (Alert, bool) {
	x := e.Exec()
	secure := x.Flags&decode.ExecSecure != 0
	before, fresh := m.known.at(x.PreviousExecID, e.Time)
	rose := before.pending && !secure || !fresh && !secure && before.uid != 0 && e.UID == 0 && before.time < e.Time
	*before = rights{time: e.Time, uid: before.uid, granted: secure, gone: !secure}
	own, _ := m.known.at(e.ExecID, e.Time)
	own.time, own.uid = e.Time, e.UID
	if rose {
		return m.found(e, own)
	}
	return Alert{}, false
}

// exit is the last of a process, but what it did before may be told later: it stays
// known, so that this is seen to be older.
func (m *Privilege) exit(e *Event) (Alert, bool) {
	r := m.known.find(e.ExecID)
	if r == nil {
		r, _ = m.known.at(e.ExecID, e.Time)
	} else if e.TID == e.PID && r.time < e.Time && (r.pending || r.uid != 0 && e.UID == 0) {
		alert, ok := m.found(e, r)
		r.time = e.Time
		return alert, ok
	}
	r.time, r.uid, r.pending = max(r.time, e.Time), e.UID, false
	return Alert{}, false
}

func (m *Privilege) other(e *Event) (Alert, bool) {
	r, fresh := m.known.at(e.ExecID, e.Time)
	if e.Kind() == decode.KindFork {
		child, _ := m.known.at(e.Fork().ChildExecID, e.Time)
		child.time, child.uid = e.Time, e.UID
	}
	if fresh || e.Time <= r.time { // the rings are read one after the other
		if fresh {
			r.time, r.uid = e.Time, e.UID
		}
		return Alert{}, false
	}
	rose := r.pending || r.uid != 0 && e.UID == 0
	r.time, r.uid = e.Time, e.UID
	if rose {
		return m.found(e, r)
	}
	return Alert{}, false
}

func (m *Privilege) found(e *Event, r *rights) (Alert, bool) {
	r.pending, r.uid = false, 0
	return process(&m.finding, e)
}
