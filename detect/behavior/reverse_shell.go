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
	connected     slots[uint64] // by process: when
	beside        slots[pair]   // by the process that started both
}

type pair struct{ shell, tool uint64 }

// NewReverseShell makes the machine.
func NewReverseShell() *ReverseShell {
	next := "Find the peer in the connections of this process, block it, and end the process tree; then look for how it was started."
	return &ReverseShell{
		connected: newSlots[uint64](1024), beside: newSlots[pair](256),
		socket: detect.Finding{
			Rule: "vigil-reverse-shell", Title: "Reverse shell", Severity: decode.High, Technique: "T1059.004", Next: next,
		},
		pipes: detect.Finding{
			Rule: "vigil-reverse-shell-pipes", Title: "Shell driven through pipes by a process that is connected", Severity: decode.Medium, Technique: "T1059.004", Next: next,
		},
	}
}

// Kinds are the records it wants to see.
func (m *ReverseShell) Kinds() Kinds {
	return kinds(decode.KindConnect, decode.KindExec, decode.KindFork, decode.KindExit)
}

// Findings are what it may find.
func (m *ReverseShell) Findings() []*detect.Finding { return []*detect.Finding{&m.socket, &m.pipes} }

// Judge takes one record.
func (m *ReverseShell) Judge(e *Event) (Alert, bool) {
	switch e.Kind() {
	case decode.KindConnect:
		s := e.Socket()
		if internet(&s.Ends) && began(e) && s.Ends.Type&0xf == 1 && s.Ends.RemotePort != 53 {
			when, _ := m.connected.at(e.ExecID, e.Time)
			*when = e.Time
		}
	case decode.KindFork:
		m.pass(e, e.ExecID, e.Fork().ChildExecID)
	case decode.KindExit:
		m.connected.drop(e.ExecID)
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
	m.connected.drop(x.PreviousExecID)
	above := m.connected.find(e.ParentExecID)
	near := own || above != nil && e.Time-*above < connectedFor
	in, out := x.Stdio[0], x.Stdio[1]
	isShell := shell(e.name())
	switch {
	case near && isShell && in == decode.StdioSocket && !sshd(e.parent()):
		return process(&m.socket, e)
	case near && in == decode.StdioSocket && out == decode.StdioSocket && shell(e.parent()):
		return process(&m.socket, e)
	case m.paired(e, isShell):
		return process(&m.socket, e)
	case near && isShell && in == decode.StdioPipe && out == decode.StdioPipe && interactive(e.arguments()) && !runner(e.parent()):
		return process(&m.pipes, e)
	}
	return Alert{}, false
}

// paired tells whether an interactive shell and a tool for connections have been
// started side by side, joined by pipes.
func (m *ReverseShell) paired(e *Event, isShell bool) bool {
	x := e.Exec()
	shellSide := isShell && x.Stdio[0] == decode.StdioPipe && x.Stdio[1] == decode.StdioPipe && interactive(e.arguments())
	toolSide := connects(e.name()) && (x.Stdio[0] == decode.StdioPipe || x.Stdio[1] == decode.StdioPipe)
	if !shellSide && !toolSide || e.ParentExecID == 0 {
		return false
	}
	p, _ := m.beside.at(e.ParentExecID, e.Time)
	if shellSide {
		p.shell = e.Time
	} else {
		p.tool = e.Time
	}
	if p.shell == 0 || p.tool == 0 || max(p.shell, p.tool)-min(p.shell, p.tool) > besideFor {
		return false
	}
	*p = pair{}
	return true
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
