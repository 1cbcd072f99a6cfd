//go:build linux

package simulate

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vigil/detect/behavior"
	"vigil/detect/rules"
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
			if p.Name == "beacon" {
				t.Skip("takes a minute: vigil simulate plays it")
			}
			ctx, cancel := context.WithTimeout(t.Context(), longest)
			defer cancel()
			if strings.HasPrefix(p.Name, "container-mounts-") || p.Name == "container-reaches-host-root" {
				needCgroups(t)
			}
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

// traces is what a playbook could leave: mounts, cgroups, and files where it makes some.
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
	if own, err := ownCgroup(); err == nil {
		for _, name := range cgroups(t, own) {
			found["left "+name] = "there"
		}
	}
	return found
}

// What a playbook runs is this very program: none can change it.
func TestSelfIsReadOnly(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a stage of this process's own needs root")
	}
	done := make(chan error)
	go func() { // its thread, which is the stage's, ends with it
		s, err := newStage()
		if err != nil {
			done <- err
			return
		}
		p := program{Image: "/tmp/copy"}
		if err := s.place(&p); err != nil {
			done <- err
			return
		}
		for _, path := range []string{self, p.Image} {
			if err := os.Chmod(path, 0o700); !errors.Is(err, syscall.EROFS) {
				t.Errorf("chmod of %s: %v", path, err)
			}
			if f, err := os.OpenFile(path, os.O_WRONLY, 0); !errors.Is(err, syscall.EROFS) && !errors.Is(err, syscall.ETXTBSY) {
				t.Errorf("%s is open for writing: %v, %v", path, err, closed(f))
			}
		}
		done <- s.close()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestWithout: whatever can be alerted of has a playbook, but for what README says has none.
func TestWithout(t *testing.T) {
	var alerts []string
	names, err := fs.Glob(rules.FS(), "*/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?m)^name: (\S+)$`)
	for _, name := range names {
		text, err := fs.ReadFile(rules.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range named.FindAllSubmatch(text, -1) {
			alerts = append(alerts, string(match[1]))
		}
	}
	lists, err := behavior.ReadLists(strings.NewReader(Indicators))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range behavior.New(lists).Findings() {
		alerts = append(alerts, f.Rule)
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	var without []string
	for _, alert := range alerts {
		if !slices.ContainsFunc(all, func(p Playbook) bool { return slices.Contains(p.Rules, alert) }) {
			without = append(without, alert)
		}
	}
	slices.Sort(without)
	if want := []string{
		"vigil-brute-force-failed", "vigil-brute-force-successful", // are of sign-ins
		"vigil-miner-container-image", // is what a runtime tells
		"vigil-module-load",           // is of what the kernel has taken
	}; !slices.Equal(without, want) {
		t.Errorf("without a playbook are %q, want %q", without, want)
	}
}

func TestFind(t *testing.T) {
	if p, err := Find("mining"); err != nil || p.Name != "mining" || !strings.Contains(p.String(), "vigil-mining") {
		t.Errorf("%v %v", p, err)
	}
	for _, name := range []string{"nothing", ""} {
		if p, err := Find(name); err == nil {
			t.Errorf("there is no playbook %q, but %v", name, p)
		}
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if one, err := Find(p.Name); err != nil || one.String() != p.String() {
			t.Errorf("%s: %v %v", p.Name, one, err)
		}
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
