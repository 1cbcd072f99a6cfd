//go:build linux

package simulate

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if Part() {
		return
	}
	os.Exit(m.Run())
}

const longest = 5 * time.Second

// TestPlaybooks: each runs, ends in time, says nothing, and leaves nothing behind.
func TestPlaybooks(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Errorf("%d playbooks", len(all))
	}
	before := traces(t)
	seen := map[string]bool{}
	for _, p := range all {
		t.Run(p.Name, func(t *testing.T) {
			if seen[p.Name] || len(p.Rules) == 0 || p.Does == "" {
				t.Errorf("%+v", p)
			}
			seen[p.Name] = true
			ctx, cancel := context.WithTimeout(t.Context(), longest)
			defer cancel()
			c, err := Command(ctx, p.Name)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	after := traces(t)
	for place, was := range before {
		if after[place] != was {
			t.Errorf("%s: before %s, after %s", place, was, after[place])
		}
	}
}

// traces is what a playbook could leave: mounts, and files where it makes some.
func traces(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, path := range []string{"/proc/self/mounts", "/proc/modules"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Logf("not compared: %v", err)
			continue
		}
		found[path] = string(text)
	}
	for _, path := range []string{
		"/etc", "/etc/cron.d", "/etc/passwd", "/etc/ld.so.preload", "/root", "/root/.ssh", "/home", "/var/log", "/var/log/wtmp", "/var/spool",
		"/usr/sbin/runc", "/usr/sbin", "/dev", "/dev/shm", "/dev/sda", "/etc/systemd/system", "/etc/pam.d",
	} {
		found[path] = "none"
		if info, err := os.Stat(path); err == nil {
			found[path] = info.ModTime().String()
		}
	}
	entries, err := os.ReadDir("/tmp")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "vigil") || strings.HasPrefix(e.Name(), ".vigil") {
			found["/tmp/"+e.Name()] = "there"
		}
	}
	return found
}

func TestFind(t *testing.T) {
	if p, err := Find("mining"); err != nil || p.Name != "mining" || !strings.Contains(p.String(), "vigil-mining") {
		t.Errorf("%v %v", p, err)
	}
	if _, err := Find("nothing"); err == nil {
		t.Error("there is no such playbook")
	}
}

// A part that fails says so.
func TestPartFails(t *testing.T) {
	ctx := context.Background()
	c, err := Command(ctx, "nothing")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), `no playbook "nothing"`) {
		t.Errorf("%v: %s", err, out)
	}
}
