package behavior

import (
	"bytes"

	"vigil/decode"
	"vigil/detect"
)

const webWindow = minute

// WebShell looks for a web server, or what runs its pages, whose shells do what
// an intruder does: fetch, connect, look around. Mail, pictures and other work
// that applications give to shells is silent.
type WebShell struct {
	finding detect.Finding
	below   slots[uint64]  // processes below a shell of a web server: the server
	servers slots[curious] // by server
}

type curious struct {
	since uint64
	seen  uint32
	fired uint64
}

// NewWebShell makes the machine.
func NewWebShell() *WebShell {
	return &WebShell{
		below: newSlots[uint64](1024), servers: newSlots[curious](128),
		finding: detect.Finding{
			Rule: "vigil-web-shell", Title: "Web server runs the commands of an intruder", Severity: decode.Medium, Tactic: "persistence", Technique: "T1505.003",
			Next: "Find the request of this moment in the access log and the page it called; take the page away, and look at what the commands left behind.",
		},
	}
}

// Kinds are the records it wants to see.
func (m *WebShell) Kinds() Kinds { return kinds(decode.KindExec, decode.KindFork, decode.KindExit) }

// Findings are what it may find.
func (m *WebShell) Findings() []*detect.Finding { return []*detect.Finding{&m.finding} }

// Glance implements Glancer.
func (m *WebShell) Glance(e *Event) Glance {
	if e.Kind() != decode.KindExec || webServer(e.parent(), nil) || string(e.parent()) == "java" {
		return Look
	}
	return Follow
}

// Judge takes one record.
func (m *WebShell) Judge(e *Event) (Alert, bool) {
	switch e.Kind() {
	case decode.KindFork:
		if server := m.below.find(e.ExecID); server != nil {
			of := *server
			child, _ := m.below.at(e.Fork().ChildExecID, e.Time)
			*child = of
		}
	case decode.KindExit:
		m.below.drop(e.ExecID)
	case decode.KindExec:
		if server := m.server(e); server != 0 {
			return m.exec(e, server)
		}
	}
	return Alert{}, false
}

// server gives the web server that an exec comes from, 0 for none.
func (m *WebShell) server(e *Event) uint64 {
	before := e.Exec().PreviousExecID
	server := m.below.find(before)
	if server != nil {
		of := *server
		m.below.drop(before)
		return of
	}
	if e.glance == Follow || e.Actor().Parent == nil || webServer(e.parent(), e.Actor().Parent.Arguments) == webServer(e.image(), e.arguments()) {
		return 0
	}
	if webServer(e.parent(), e.Actor().Parent.Arguments) {
		return e.ParentExecID
	}
	return 0
}

func (m *WebShell) exec(e *Event, server uint64) (Alert, bool) {
	own, _ := m.below.at(e.ExecID, e.Time)
	*own = server
	s, _ := m.servers.at(server, e.Time)
	if e.Time-s.since > webWindow {
		s.since, s.seen = e.Time, 0
	}
	name := e.image()
	strong := false
	switch {
	case shell(name):
		strong = interactive(e.arguments()) && !bytes.Equal(name, []byte("busybox")) || containsAny(e.arguments(), webStrong)
		for i, w := range webWeak {
			if contains(e.arguments(), w) {
				s.seen |= 1 << i
			}
		}
	default:
		strong = webTool(name)
		for i, w := range webWeak {
			if string(name) == w || len(w) > len(name) && contains(e.arguments(), w) {
				s.seen |= 1 << i
			}
		}
	}
	if few := s.seen&(s.seen-1) == 0; few && !strong || s.fired != 0 && e.Time-s.fired < 10*webWindow {
		return Alert{}, false
	}
	s.fired = e.Time
	return process(&m.finding, e)
}

// webServer tells of programs that serve or run pages.
func webServer(name, arguments []byte) bool {
	switch string(name) {
	case "apache2", "httpd", "nginx", "lighttpd", "caddy", "uwsgi", "gunicorn", "php-cgi", "litespeed", "lshttpd", "w3wp":
		return true
	case "java":
		return containsAny(arguments, []string{"org.apache.catalina", "jetty", "weblogic", "jboss", "wildfly"})
	}
	return bytes.HasPrefix(name, []byte("php-fpm"))
}

// webStrong never is in what an application lets a shell do. Never changed.
var webStrong = []string{
	"/dev/tcp/", "base64 -d", "nc -e", "bash -i", "sh -i", "mkfifo ", "/etc/passwd", "/etc/shadow", "chmod 777", "chmod +x",
	"authorized_keys", "crontab ", "socket.socket", "fsockopen(", "| sh", "|sh", "| bash", "|bash", "wget http", "pty.spawn", "xmrig",
}

// webWeak may be; two different ones within a minute may not. At most 32, never changed.
var webWeak = []string{
	"whoami", "id", "uname", "hostname", "ifconfig", "netstat", "pwd;", "ls -la", "ls -al", "curl http", "ps aux", "ps -ef", "cat /etc/",
	"ip addr", "ss -", "sudo -l", "find / ", "w;", "lsb_release", "/etc/os-release", "env;", "ip a",
}

func webTool(name []byte) bool {
	switch string(name) {
	case "nc", "ncat", "netcat", "socat", "wget", "nmap", "crontab", "telnet", "chattr", "insmod", "useradd", "passwd", "masscan":
		return true
	}
	return false
}
