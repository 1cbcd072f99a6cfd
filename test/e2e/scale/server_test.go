//go:build linux

package scale

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

// Where the server listens in its namespace.
const (
	apiAddress    = "127.0.0.1:8443"
	sensorAddress = "0.0.0.0:8444"
)

// built makes the program.
func built(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	return build.Vigil(t)
}

// server is `vigil server`, which is killed and started again.
type server struct {
	t         *testing.T
	namespace string
	arguments []string
	data      string
	cmd       *exec.Cmd
	said      *os.File
	password  string
	http      *http.Client
	csrf      string
}

func newServer(t *testing.T, program, namespace string, more ...string) *server {
	t.Helper()
	s := &server{t: t, namespace: namespace, data: t.TempDir()}
	s.arguments = append([]string{program, "server", "--listen", apiAddress, "--sensors", sensorAddress, "--data", s.data}, more...)
	var err error
	if s.said, err = os.Create(filepath.Join(t.TempDir(), "server.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.end)
	s.start()
	until(t, "the server greets", func() bool { return s.greeting() })
	s.trust()
	var me struct{ CSRF string }
	must(t, s.ask("POST", "/v1/login", map[string]string{"user": "admin", "password": s.password}, &me))
	s.csrf = me.CSRF
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = command(s.namespace, s.arguments...)
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	must(s.t, s.cmd.Start())
}

// kill ends it as a crash does.
func (s *server) kill() {
	s.t.Helper()
	must(s.t, s.cmd.Process.Kill())
	_ = s.cmd.Wait() // says that it was killed
	s.cmd = nil
}

func (s *server) end() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(os.Interrupt) // it may have ended
		if err := s.cmd.Wait(); err != nil {
			s.t.Errorf("vigil server: %v", err)
		}
	}
	if s.t.Failed() {
		s.t.Logf("the server said:\n%s", tail(s.said.Name()))
	}
	_ = s.said.Close()
}

func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-8_000):])
}

// greeting finds the first password in what the server said.
func (s *server) greeting() bool {
	text, err := os.ReadFile(s.said.Name())
	if err != nil {
		s.t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if _, rest, ok := strings.Cut(lines.Text(), "password "); ok {
			s.password, _, ok = strings.Cut(rest, ":")
			return ok
		}
	}
	return false
}

// complaints are lines of its log that have some words.
func (s *server) complaints(words string) (found []string) {
	text, err := os.ReadFile(s.said.Name())
	if err != nil {
		s.t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if strings.Contains(lines.Text(), words) {
			found = append(found, lines.Text())
		}
	}
	return found
}

// trust makes a client within the namespace that knows the server's authority.
func (s *server) trust() {
	s.t.Helper()
	authority, err := os.ReadFile(filepath.Join(s.data, "server", "authority.crt"))
	must(s.t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	jar, err := cookiejar.New(nil)
	must(s.t, err)
	s.http = &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, DialContext: dialer(s.namespace), Proxy: nil,
	}}
}

// ask asks the API.
func (s *server) ask(method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	q, err := http.NewRequest(method, "https://"+apiAddress+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-CSRF-Token", s.csrf)
	r, err := s.http.Do(q)
	if err != nil {
		return err
	}
	said, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil {
		return err
	}
	if r.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, r.StatusCode, said)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(said, answer)
}

// token lets a sensor in.
func (s *server) token(note string) string {
	s.t.Helper()
	var a struct{ Token string }
	must(s.t, s.ask("POST", "/v1/enrolments", map[string]any{"note": note}, &a))
	return a.Token
}

// told is what a server knows of a sensor.
type told struct {
	ID, Name string
	Dropped  uint64
}

func (s *server) sensors() (map[string]told, error) {
	var a struct{ Sensors []told }
	if err := s.ask("GET", "/v1/sensors", nil, &a); err != nil {
		return nil, err
	}
	all := map[string]told{}
	for _, v := range a.Sensors {
		all[v.Name] = v
	}
	return all, nil
}

// search gives what a query finds, decoded into rows of a type.
func search[Row any](s *server, query string) ([]Row, error) {
	var a struct {
		Events []struct{ Event Row }
		More   bool
	}
	if err := s.ask("GET", "/v1/events?limit=5000&query="+url.QueryEscape(query), nil, &a); err != nil {
		return nil, err
	}
	if a.More {
		return nil, fmt.Errorf("%s: there is more", query)
	}
	rows := make([]Row, len(a.Events))
	for i := range rows {
		rows[i] = a.Events[i].Event
	}
	return rows, nil
}

// rows is how many the store has.
func (s *server) rows() (uint64, error) {
	all, err := search[struct {
		Rows uint64 `json:",string"`
	}](s, "* | stats count() rows")
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[0].Rows, nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
