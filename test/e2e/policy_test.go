//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// markRule fires on programs that are told the word.
const markRule = `
title: Mark seen
name: ours-mark
logsource: {product: linux, category: process_creation}
detection:
  selection: {CommandLine|contains: policy-mark}
  condition: selection
level: high
`

type object = map[string]any

// put makes a version of the policy default.
func (u *up) put(version int, body object) {
	u.t.Helper()
	u.ask("PUT", "/v1/policies/default", object{"after": version - 1, "body": body}, nil)
}

type told struct {
	ID, Policy string
	Version    int    `json:"policy_version"`
	Followed   string `json:"policy_followed"`
	Refused    string `json:"policy_refused"`
	Lost       uint64
}

// sensor is what the server knows of the only one.
func (u *up) sensor() told {
	u.t.Helper()
	var all struct{ Sensors []told }
	u.ask("GET", "/v1/sensors", nil, &all)
	if len(all.Sensors) != 1 {
		u.t.Fatalf("sensors: %+v", all.Sensors)
	}
	return all.Sensors[0]
}

func (u *up) follows(version int) {
	u.t.Helper()
	until(u.t, fmt.Sprintf("version %d is followed", version), func() bool {
		s := u.sensor()
		return s.Version == version && s.Followed == "default" && s.Refused == ""
	})
}

// status is what vigil status says of a sensor's server.
type status struct {
	Upstream *struct {
		Server, Policy string
		Version        int       `json:"policy_version"`
		Refused        string    `json:"policy_refused"`
		Error          string    `json:"last_error"`
		Acknowledged   time.Time `json:"last_acknowledgement"`
	}
	Lost  uint64 `json:"lost_total"`
	Judge struct {
		Off int `json:"rules_off"`
	}
}

func statusOf(t *testing.T, program, socket string) (s status) {
	t.Helper()
	out, err := exec.Command(program, "status", "--json", "--socket", socket).Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil || s.Upstream == nil {
		t.Fatalf("vigil status: %v\n%s", err, out)
	}
	return s
}

// copies makes programs of other names: alerts about them are not folded into one.
func copies(t *testing.T) func() string {
	dir, n := t.TempDir(), 0
	return func() string {
		n++
		name := filepath.Join(dir, fmt.Sprintf("mark%d", n))
		text, err := os.ReadFile("/bin/true")
		if err == nil {
			err = os.WriteFile(name, text, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
}

func (u *up) marks() (n int) {
	u.t.Helper()
	for _, a := range u.alerts() {
		if a.Rule == "ours-mark" {
			n++
		}
	}
	return n
}

// fires does what the policy's rule looks for, once, and waits for one alert more.
func (u *up) fires(sh *shell, next func() string) {
	u.t.Helper()
	before := u.marks()
	sh.do(u.t, next()+" policy-mark")
	until(u.t, "the policy's rule fires", func() bool { return u.marks() == before+1 })
}

// A rule of a policy fires, switched off it is silent, a broken policy is refused with its
// reason; and the last good one stays after a crash, and while the server is away.
func TestPolicy(t *testing.T) {
	program, sh, data, next := built(t), newShell(t), t.TempDir(), copies(t)
	u := begin(t, program, data, sh)
	password := u.password
	u.login(password)
	var policies struct{ Policies []struct{ Name string } }
	if u.ask("GET", "/v1/policies", nil, &policies); len(policies.Policies) != 1 || policies.Policies[0].Name != "default" {
		t.Errorf("policies at first: %+v", policies)
	}
	u.follows(1)

	rules := []object{{"name": "mark.yml", "text": markRule}}
	u.put(2, object{"rules": rules})
	u.follows(2)
	u.fires(sh, next)

	fired := u.marks()
	u.put(3, object{"rules": rules, "protections": object{"ours-mark": false}})
	u.follows(3)
	if s := statusOf(t, program, u.socket); s.Upstream.Policy != "default" || s.Upstream.Version != 3 || s.Judge.Off != 1 {
		t.Errorf("status: %+v %+v", s, s.Upstream)
	}
	sh.do(t, next()+" policy-mark")
	sh.do(t, "cp /bin/true /dev/shm/vigil-e2e && /dev/shm/vigil-e2e; rm -f /dev/shm/vigil-e2e")
	until(t, "a rule of Vigil's fires after it", func() bool {
		for _, a := range u.alerts() {
			if a.Rule == "vigil-exec-shm" {
				return true
			}
		}
		return false
	})
	if n := u.marks(); n != fired {
		t.Errorf("%d alerts of a rule that is off, want the first only", n)
	}

	u.put(4, object{"rules": rules})
	u.follows(4)
	u.put(5, object{"rules": append(rules, object{"name": "broken.yml", "text": "title: Broken\nlevel: loud"}), "protections": object{"ours-mark": false}})
	refused := func(u *up) {
		t.Helper()
		until(t, "the broken one is refused", func() bool { return u.sensor().Refused != "" })
		s := u.sensor()
		if !strings.HasPrefix(s.Refused, "policy default, version 5: rules: broken.yml, line 2: level ") || s.Version != 4 {
			t.Errorf("the server says %+v", s)
		}
	}
	refused(u)
	out, err := exec.Command(program, "status", "--socket", u.socket).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"policy   ", "default, version 4", "refused  ", "version 5: rules: broken.yml", "the last was acknowledged "} {
		if !bytes.Contains(out, []byte(says)) {
			t.Errorf("vigil status does not say %q:\n%s", says, out)
		}
	}
	u.kill()

	u = begin(t, program, data, sh)
	u.login(password)
	u.fires(sh, next) // by the last good policy
	refused(u)
	u.kill()

	// The server is away: the sensor runs alone.
	alone := &up{t: t, data: data, socket: filepath.Join(t.TempDir(), "socket"), greeted: make(chan struct{}), heard: make(chan struct{})}
	alone.cmd = exec.Command(program, "run", "--quiet", "--state", filepath.Join(data, "sensor"), "--scope", fmt.Sprintf("pid:%d", sh.cmd.Process.Pid), "--socket", alone.socket)
	errs, err := alone.cmd.StderrPipe()
	if err == nil {
		err = alone.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(alone.end)
	go alone.hear(errs)
	until(t, "it answers", func() bool {
		return exec.Command(program, "status", "--socket", alone.socket).Run() == nil
	})
	sh.do(t, next()+" policy-mark")
	until(t, "the last good policy fires while the server is away", func() bool {
		out, err := exec.Command(program, "alerts", "--json", "--socket", alone.socket).Output()
		return err == nil && bytes.Contains(out, []byte("ours-mark"))
	})
	until(t, "the status says that the server is away", func() bool { return statusOf(t, program, alone.socket).Upstream.Error != "" })
	if s := statusOf(t, program, alone.socket); s.Upstream.Version != 4 {
		t.Errorf("status: %+v", s.Upstream)
	}
}

// While policies change, nothing that happens is missed.
func TestPolicyChangesLoseNothing(t *testing.T) {
	program, sh := built(t), newShell(t)
	u := begin(t, program, t.TempDir(), sh)
	u.login(u.password)
	u.follows(1)
	const versions = 12
	dir := t.TempDir()
	stop, done := filepath.Join(dir, "stop"), filepath.Join(dir, "done")
	sh.do(t, fmt.Sprintf("i=0; while [ ! -e %s ]; do /bin/true steady; i=$((i+1)); sleep 0.02; done; echo $i > %s.new; mv %s.new %s", stop, done, done, done))
	kinds := []string{"exec", "file_open", "connect"}
	for v := 2; v <= versions; v++ {
		u.put(v, object{
			"settings": object{"kinds": kinds[:1+v%len(kinds)], "watch": []string{"/etc/shadow", fmt.Sprintf("/etc/x%d", v)}, "judge": v%4 != 0},
			"rules":    []object{{"name": "mark.yml", "text": markRule}},
		})
		u.follows(v)
	}
	if err := os.WriteFile(stop, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all := 0
	until(t, "the shell is done", func() bool {
		text, err := os.ReadFile(done)
		if err == nil {
			_, err = fmt.Sscan(string(text), &all)
		}
		return err == nil
	})
	until(t, "all is found", func() bool { return u.count(`vigil.kind:exec steady`) >= all })
	if n := u.count(`vigil.kind:exec steady`); n != all || all < versions {
		t.Errorf("%d events, want %d", n, all)
	}
	t.Logf("%d events while %d policies were followed", all, versions-1)
	if s := statusOf(t, program, u.socket); s.Lost != 0 {
		t.Errorf("%d records lost", s.Lost)
	}
}
