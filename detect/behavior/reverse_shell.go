package behavior

import (
	"bytes"

	"vigil/decode"
	"vigil/detect"
)

const (
	connectedFor = minute
	besideFor    = 5 * second
)

// ReverseShell looks for a shell at the end of a connection that was made from
// here: on the socket itself, behind pipes of the process that holds it, beside a
// tool such as nc, or a shell that connected by itself and hands the socket down.
type ReverseShell struct {
	socket, pipes detect.Finding
	connected     slots[uint64]  // by process: when
	waiting       slots[suspect] // by the process whose connection would make it one
	beside        slots[pair]    // by the process that started both
}

// suspect is a shell whose connection has not been told yet.
type suspect struct {
	time, shell uint64
	finding     *detect.Finding
}

// NewReverseShell makes the machine.
func NewReverseShell() *ReverseShell {
	next := "Find the peer in the connections of this process, block it, and end the process tree; then look for how it was started."
	return &ReverseShell{
		connected: newSlots[uint64](1024), waiting: newSlots[suspect](256), beside: newSlots[pair](256),
		socket: detect.Finding{
			Rule: "vigil-reverse-shell", Title: "Reverse shell", Severity: decode.High, Tactic: "execution", Technique: "T1059.004", Next: next,
		},
		pipes: detect.Finding{
			Rule: "vigil-reverse-shell-pipes", Title: "Shell driven through pipes by a process that is connected", Severity: decode.Medium, Tactic: "execution", Technique: "T1059.004", Next: next,
		},
	}
}

// Kinds are the records it wants to see.
func (m *ReverseShell) Kinds() Kinds {
	return kinds(decode.KindConnect, decode.KindExec, decode.KindFork)
}

// Findings are what it may find.
func (m *ReverseShell) Findings() []*detect.Finding { return []*detect.Finding{&m.socket, &m.pipes} }

// Glance implements Glancer.
func (m *ReverseShell) Glance(e *Event) Glance {
	if e.Kind() != decode.KindExec {
		return Look
	}
	for _, s := range e.Exec().Stdio[:2] {
		if s == decode.StdioSocket || s == decode.StdioPipe {
			if shell(e.image()) || shell(e.parent()) || connects(e.image()) {
				return Look
			}
		}
	}
	return Follow
}

// Judge takes one record.
func (m *ReverseShell) Judge(e *Event) (Alert, bool) {
	switch e.Kind() {
	case decode.KindConnect:
		s := e.Socket()
		if internet(&s.Ends) && began(e) && s.Ends.Type&0xf == 1 && s.Ends.RemotePort != 53 {
			when, _ := m.connected.at(e.ExecID, e.Time)
			*when = e.Time
			return m.late(e)
		}
	case decode.KindFork:
		m.pass(e, e.ExecID, e.Fork().ChildExecID)
	case decode.KindExec:
		return m.exec(e)
	}
	return Alert{}, false
}

// pass hands what one process is connected to on to the next.
func (m *ReverseShell) pass(e *Event, from, to uint64) bool {
	when := m.connected.find(from)
	if when == nil || e.Time-*when > connectedFor {
		return false
	}
	since := *when
	own, _ := m.connected.at(to, e.Time)
	*own = since
	return true
}

func (m *ReverseShell) exec(e *Event) (Alert, bool) {
	x := e.Exec()
	own := m.pass(e, x.PreviousExecID, e.ExecID)
	if e.glance == Follow {
		return Alert{}, false
	}
	above := m.connected.find(e.ParentExecID)
	f := m.suspect(e)
	switch {
	case f != nil && (own || above != nil && e.Time-*above < connectedFor):
		return process(f, e)
	case m.paired(e, shell(e.image())):
		return process(&m.socket, e)
	case f != nil:
		for _, id := range [...]uint64{x.PreviousExecID, e.ParentExecID} {
			w, _ := m.waiting.at(id, e.Time)
			*w = suspect{e.Time, e.ExecID, f}
		}
	}
	return Alert{}, false
}

// suspect gives what a program is, should it turn out that it or its parent is
// connected; nil for nothing.
func (m *ReverseShell) suspect(e *Event) *detect.Finding {
	x := e.Exec()
	in, out := x.Stdio[0], x.Stdio[1]
	switch isShell := shell(e.image()); {
	case isShell && in == decode.StdioSocket && !sshd(e.parent()), in == decode.StdioSocket && out == decode.StdioSocket && shell(e.parent()):
		return &m.socket
	case isShell && in == decode.StdioPipe && out == decode.StdioPipe && interactive(e.arguments()) && !runner(e.parent()):
		return &m.pipes
	}
	return nil
}

// late finds the shell of a connection that was made before it and told after.
func (m *ReverseShell) late(e *Event) (Alert, bool) {
	w := m.waiting.find(e.ExecID)
	if w == nil || w.time < e.Time || w.time-e.Time > connectedFor {
		return Alert{}, false
	}
	shell := *w
	m.waiting.drop(e.ExecID)
	return Alert{shell.finding, Entity{Kind: Process, ExecID: shell.shell}}, true
}

// paired tells whether an interactive shell and a tool for connections have been
// started side by side, joined by pipes.
func (m *ReverseShell) paired(e *Event, isShell bool) bool {
	x := e.Exec()
	shellSide := isShell && x.Stdio[0] == decode.StdioPipe && x.Stdio[1] == decode.StdioPipe && interactive(e.arguments())
	toolSide := connects(e.image()) && (x.Stdio[0] == decode.StdioPipe || x.Stdio[1] == decode.StdioPipe)
	if !shellSide && !toolSide || e.ParentExecID == 0 {
		return false
	}
	p, _ := m.beside.at(e.ParentExecID, e.Time)
	return p.met(shellSide, e.Time, besideFor)
}

func connects(name []byte) bool {
	switch string(name) {
	case "nc", "ncat", "netcat", "nc.traditional", "nc.openbsd", "socat", "telnet", "openssl", "busybox":
		return true
	}
	return false
}

func sshd(name []byte) bool {
	return bytes.HasPrefix(name, []byte("sshd")) || string(name) == "dropbear"
}

// runner names what others drive from afar on purpose, and what signs users in.
func runner(name []byte) bool {
	switch string(name) {
	case "gitlab-runner", "Runner.Worker", "Runner.Listener", "buildkite-agent", "drone-runner-exec", "java", "act_runner", "salt-minion",
		"puppet", "chef-client", "ssh", "git", "make", "ansible", "ansible-playbook":
		return true
	}
	return sshd(name)
}
