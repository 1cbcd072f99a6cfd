package behavior

import (
	"testing"
	"time"

	"vigil/decode"
)

func TestReverseShell(t *testing.T) {
	python := who{id: 10, parent: 9, path: "/usr/bin/python3.11"}
	sh := who{id: 11, parent: 10, path: "/usr/bin/dash", above: "/usr/bin/python3.11"}
	const peer = "203.0.113.9:4444"
	const socket, pipe, tty, null = decode.StdioSocket, decode.StdioPipe, decode.StdioTTY, decode.StdioNull
	const fires, pipes = "vigil-reverse-shell", "vigil-reverse-shell-pipes"
	bash := who{id: 20, parent: 9, path: "/usr/bin/bash"}
	id := who{id: 21, parent: 20, path: "/usr/bin/id", above: "/usr/bin/bash"}
	beside := func(path string) who { return who{id: 30, parent: 9, path: path} }
	self := decode.Exec{PreviousExecID: 10, Stdio: [3]uint8{socket, socket, socket}}
	play(t, func() Machine { return NewReverseShell() }, []scene{
		{"python hands its socket to a shell", []*Event{python.connects(0, peer), sh.exec(time.Second, "sh\x00-i\x00", socket, socket, socket)}, []string{fires}},
		{"through a fork", []*Event{python.connects(0, peer), python.forks(ms, 15), who{id: 16, parent: 10, path: "/bin/sh"}.execOf(2*ms, decode.Exec{PreviousExecID: 15, Stdio: self.Stdio}, "sh\x00")}, []string{fires}},
		{"turns into the shell itself", []*Event{python.connects(0, peer), who{id: 12, parent: 9, path: "/bin/sh"}.execOf(ms, self, "sh\x00")}, []string{fires}},
		{"through pipes", []*Event{python.connects(0, peer), sh.exec(time.Second, "sh\x00-i\x00", pipe, pipe, pipe)}, []string{pipes}},
		{"a shell that connects and hands the socket down", []*Event{bash.connects(0, peer), id.exec(time.Second, "id\x00", socket, socket, socket)}, []string{fires}},
		{"mkfifo, sh and nc", []*Event{beside("/bin/sh").exec(0, "sh\x00-i\x00", pipe, pipe), beside("/usr/bin/nc").exec(ms, "nc\x00h\x00\x31\x00", pipe, pipe)}, []string{fires}},
		{"nc first", []*Event{beside("/usr/bin/ncat").exec(0, "ncat\x00h\x00\x31\x00", pipe, tty), beside("/bin/bash").exec(ms, "bash\x00-i\x00", pipe, pipe)}, []string{fires}},
		{"the connection told after the shell", []*Event{sh.exec(time.Second, "sh\x00-i\x00", socket, socket, socket), python.connects(0, peer)}, []string{fires}},
		{"a shell that connects later", []*Event{sh.exec(0, "sh\x00-i\x00", socket, socket, socket), python.connects(time.Second, peer)}, nil},

		{"a shell of a connected python, on the terminal", []*Event{python.connects(0, peer), sh.exec(time.Second, "sh\x00-c\x00ls\x00", tty, pipe)}, nil},
		{"a command through pipes", []*Event{python.connects(0, peer), sh.exec(time.Second, "sh\x00-c\x00ls\x00", pipe, pipe)}, nil},
		{"a runner of CI", []*Event{
			who{id: 10, path: "/usr/bin/gitlab-runner"}.connects(0, peer),
			who{id: 11, parent: 10, path: "/bin/bash", above: "/usr/bin/gitlab-runner"}.exec(ms, "bash\x00--login\x00", pipe, pipe),
		}, nil},
		{"long after the connection", []*Event{python.connects(0, peer), sh.exec(time.Hour, "sh\x00", pipe, pipe)}, nil},
		{"nobody connected", []*Event{sh.exec(0, "sh\x00", pipe, pipe)}, nil},
		{"the shell asks whether a port is open", []*Event{bash.connects(0, peer), id.exec(ms, "id\x00", tty, tty)}, nil},
		{"a service with its output in the journal", []*Event{bash.connects(0, peer), id.exec(ms, "id\x00", null, socket, socket)}, nil},
		{"nc without a shell", []*Event{beside("/usr/bin/nc").exec(0, "nc\x00h\x00\x31\x00", pipe, tty)}, nil},
		{"a shell script beside nc", []*Event{beside("/bin/sh").exec(0, "sh\x00x.sh\x00", pipe, pipe), beside("/usr/bin/nc").exec(ms, "nc\x00h\x00\x31\x00", pipe, tty)}, nil},
	})
}
