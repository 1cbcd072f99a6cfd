//go:build linux

package simulate

import (
	"context"
	"errors"
	"io/fs"
	"maps"
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

// longest is far more than the second that a playbook takes: the machine may be busy.
const longest = time.Minute

// TestPlaybooks: each runs, ends in time, says nothing, and leaves nothing behind.
func TestPlaybooks(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Errorf("%d playbooks", len(all))
	}
	t.Setenv("TMPDIR", t.TempDir())
	before := traces(t)
	seen := map[string]bool{}
	for i, p := range all {
		if testing.Short() && i%10 != 0 { // under the race detector a program takes long to start
			continue
		}
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
	if after := traces(t); !maps.Equal(before, after) {
		t.Errorf("before %v\nafter %v", before, after)
	}
}

// traces is what a playbook could leave: mounts, and files where it makes some.
func traces(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, path := range []string{"/proc/self/mounts", "/proc/modules"} {
		text, err := os.ReadFile(path) // a kernel without modules has no list of them
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		found[path] = string(text)
	}
	for _, path := range []string{
		"/etc", "/etc/cron.d", "/etc/passwd", "/etc/ld.so.preload", "/root/.ssh", "/var/spool", "/usr/sbin/runc", "/usr/sbin", "/dev/sda",
		"/etc/systemd/system", "/etc/pam.d",
	} {
		found[path] = "none"
		if info, err := os.Stat(path); err == nil {
			found[path] = info.ModTime().String()
		}
	}
	entries, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		found["left "+e.Name()] = "there"
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
