//go:build linux

package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil/test/build"
)

// deadline bounds each wait: on a machine that others use, too.
const deadline = 2 * time.Minute

// built makes the program.
func built(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
	return build.Vigil(t)
}

// shell is a process of the test's own that does what it is told; sensors watch it only.
type shell struct {
	cmd    *exec.Cmd
	orders io.WriteCloser
}

func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{cmd: exec.Command("sh")}
	var err error
	if s.orders, err = s.cmd.StdinPipe(); err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.orders.Close() // ends it
		_ = s.cmd.Wait()
	})
	return s
}

func (s *shell) do(t *testing.T, order string) {
	t.Helper()
	if _, err := fmt.Fprintln(s.orders, order); err != nil {
		t.Fatal(err)
	}
}

// up is `vigil up` while it runs.
type up struct {
	t             *testing.T
	cmd           *exec.Cmd
	url, password string
	data, socket  string
	http          *http.Client
	csrf          string
	said          bytes.Buffer
	heard         chan struct{} // closed at the end of what it says
	greeted       chan struct{}
}

// begin starts it and waits for its greeting.
func begin(t *testing.T, program, data string, watched *shell) *up {
	t.Helper()
	u := &up{t: t, data: data, socket: filepath.Join(t.TempDir(), "socket"), greeted: make(chan struct{}), heard: make(chan struct{})}
	u.cmd = exec.Command(program, "up", "--json", "--data", data, "--listen", "127.0.0.1:0", "--sensors", "127.0.0.1:0",
		"--scope", fmt.Sprintf("pid:%d", watched.cmd.Process.Pid), "--socket", u.socket)
	out, err := u.cmd.StderrPipe()
	if err == nil {
		err = u.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			u.explain(program)
		}
		u.end()
	})
	go u.hear(out)
	select {
	case <-u.greeted:
	case <-u.heard:
		t.Fatalf("vigil up ended:\n%s", u.said.String())
	case <-time.After(deadline):
		t.Fatal("vigil up does not greet")
	}
	u.trust()
	return u
}

func (u *up) hear(out io.Reader) {
	defer close(u.heard)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Bytes()
		u.said.Write(append(line, '\n'))
		var said struct{ Console, Password string }
		if json.Unmarshal(line, &said) == nil && said.Console != "" {
			u.url, u.password = said.Console, said.Password
			close(u.greeted)
		}
	}
}

// trust makes a client that knows the server's authority.
func (u *up) trust() {
	u.t.Helper()
	authority, err := os.ReadFile(filepath.Join(u.data, "server", "authority.crt"))
	if err != nil {
		u.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	jar, err := cookiejar.New(nil)
	if err != nil {
		u.t.Fatal(err)
	}
	u.http = &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// end stops it as a person does, and waits.
func (u *up) end() {
	if u.cmd.ProcessState != nil {
		return
	}
	_ = u.cmd.Process.Signal(os.Interrupt)
	<-u.heard
	if err := u.cmd.Wait(); err != nil {
		u.t.Errorf("vigil up: %v\n%s", err, u.said.String())
	}
}

// explain shows what may tell why a test failed.
func (u *up) explain(program string) {
	if u.cmd.ProcessState != nil {
		return
	}
	u.t.Logf("it said:\n%s", u.said.String())
	for _, ask := range []string{"status", "alerts"} {
		out, err := exec.Command(program, ask, "--socket", u.socket).CombinedOutput()
		u.t.Logf("vigil %s: %v\n%s", ask, err, out)
	}
	u.t.Logf("the server's alerts: %+v", u.alerts())
}

// kill ends it as a crash does.
func (u *up) kill() {
	u.t.Helper()
	if err := u.cmd.Process.Kill(); err != nil {
		u.t.Fatal(err)
	}
	<-u.heard
	_ = u.cmd.Wait() // says that it was killed
}

// ask asks the API for JSON.
func (u *up) ask(method, path string, body, answer any) {
	u.t.Helper()
	said := u.get(method, path, body)
	if answer != nil {
		if err := json.Unmarshal(said, answer); err != nil {
			u.t.Fatal(err)
		}
	}
}

func (u *up) get(method, path string, body any) []byte {
	u.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		u.t.Fatal(err)
	}
	q, err := http.NewRequestWithContext(u.t.Context(), method, u.url+path, bytes.NewReader(text))
	if err != nil {
		u.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-CSRF-Token", u.csrf)
	r, err := u.http.Do(q)
	if err != nil {
		u.t.Fatal(err)
	}
	said, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || r.StatusCode >= 300 {
		u.t.Fatalf("%s %s: %d %s %v", method, path, r.StatusCode, said, err)
	}
	return said
}

// metric reads a series of the server's that has no labels.
func (u *up) metric(name string) (n float64) {
	u.t.Helper()
	_, rest, found := strings.Cut(string(u.get("GET", "/v1/metrics", nil)), "\n"+name+" ")
	if _, err := fmt.Sscan(rest, &n); !found || err != nil {
		u.t.Fatalf("no metric %s: %v", name, err)
	}
	return n
}

func (u *up) login(password string) {
	u.t.Helper()
	var me struct{ CSRF string }
	u.ask("POST", "/v1/login", map[string]string{"user": "admin", "password": password}, &me)
	u.csrf = me.CSRF
}

type alert struct {
	ID, Rule, Sensor string
	ExecID           string `json:"exec_id"`
	Severity         int
	Last             time.Time
}

func (u *up) alerts() []alert {
	u.t.Helper()
	var all struct{ Alerts []alert }
	u.ask("GET", "/v1/alerts", nil, &all)
	return all.Alerts
}

// count is how many events a query finds.
func (u *up) count(query string) int {
	u.t.Helper()
	var found struct{ Events []json.RawMessage }
	u.ask("GET", "/v1/events?limit=5000&query="+url.QueryEscape(query), nil, &found)
	return len(found.Events)
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// What a shell does is an alert, and an event, on the server; with all that belongs to it.
func TestUp(t *testing.T) {
	program, sh := built(t), newShell(t)
	u := begin(t, program, t.TempDir(), sh)
	u.login(u.password)
	before := time.Now()
	sh.do(t, "cp /bin/true /dev/shm/vigil-e2e && /dev/shm/vigil-e2e; rm -f /dev/shm/vigil-e2e")
	var seen alert
	until(t, "the alert is there", func() bool {
		for _, a := range u.alerts() {
			if a.Rule == "vigil-exec-shm" {
				seen = a
				return true
			}
		}
		return false
	})
	t.Logf("the alert could be read %d ms after the shell was told", time.Since(before).Milliseconds())
	until(t, "its event is found", func() bool { return u.count(`vigil.kind:exec "process.file.path":"/dev/shm/vigil-e2e"`) == 1 })
	var tree struct {
		Processes []struct{ Path string }
	}
	u.ask("GET", "/v1/sensors/"+seen.Sensor+"/tree/"+seen.ExecID, nil, &tree)
	if len(tree.Processes) < 2 {
		t.Errorf("the tree of the alert's process is %+v", tree)
	}
	until(t, "all that came is stored", func() bool {
		came := u.metric("vigil_server_received_batches_total")
		return came > 0 && u.metric("vigil_server_stored_batches_total") == came
	})
}

// A crash loses nothing that was on the disk, and doubles nothing; who was enrolled stays so.
func TestUpIsKilled(t *testing.T) {
	program, sh, data := built(t), newShell(t), t.TempDir()
	const runs, each = 3, 20
	var password string
	for n := range runs {
		u := begin(t, program, data, sh)
		if n == 0 {
			password = u.password
		}
		u.login(password)
		for i := range each {
			sh.do(t, fmt.Sprintf("/bin/true life%d of%d", n, i))
		}
		until(t, "what was done is found", func() bool { return u.count(fmt.Sprintf(`vigil.kind:exec life%d`, n)) >= each })
		for m := range n + 1 {
			if found := u.count(fmt.Sprintf(`vigil.kind:exec life%d`, m)); found != each {
				t.Errorf("life %d: %d events of life %d, want %d", n, found, m, each)
			}
		}
		u.kill()
	}
}
