//go:build linux

package benign

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil/decode"
)

// stages of the hour, in their order: files of hour.
func stages() []string {
	return []string{"packages", "users", "services", "jobs", "sign-in", "files", "shell", "logs", "python", "build", "tree", "look", "ran"}
}

// least is what the hour takes at least, by kind: a sensor that saw less was blind.
func least() map[string]uint64 {
	return map[string]uint64{
		"exec": 3000, "fork": 3000, "exit": 3000, "file_open": 80000, "file_write": 80000, "file_unlink": 80000, "file_rename": 1000,
		"file_chmod": 1000, "connect": 300, "accept": 50, "listen": 5, "credentials": 300,
	}
}

// longest is how long the hour may take. It takes some minutes.
const longest = 8 * time.Minute

// The alert of what is done at the end, to show that the sensor was awake.
const notBenign = "vigil-exec-shm"

func TestBenignHourIsSilent(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
	root := machine(t)
	s := begin(t, root)
	s.until(t, "the hour is over", longest, func() bool {
		_, err := os.Stat(filepath.Join(root, "var/lib/benign/over"))
		return err == nil
	})
	for _, name := range stages() {
		took, err := os.ReadFile(filepath.Join(root, "var/lib/benign", name))
		if err != nil {
			t.Errorf("stage %s was not done: %v", name, err)
			continue
		}
		t.Logf("stage %s took %s s", name, bytes.TrimSpace(took))
	}
	s.until(t, "the sensor has read all", time.Minute, func() bool { return s.status(t).used() == 0 })
	alerts := s.alerts(t)
	s.goOn(t)
	s.until(t, "the alert of what is not benign", time.Minute, func() bool {
		for _, a := range s.alerts(t) {
			if a.Info.Analytic.Rule == notBenign {
				return true
			}
		}
		return false
	})

	st := s.status(t)
	t.Logf("%d records, by kind %v", st.Records, st.Events)
	for kind, n := range least() {
		if st.Events[kind] < n {
			t.Errorf("the sensor saw %d %s, not %d and more", st.Events[kind], kind, n)
		}
	}
	if st.LostAll > 0 || st.Damaged > 0 {
		t.Logf("lost %d records, damaged %d: %v", st.LostAll, st.Damaged, st.Lost)
	}
	if st.LostAll > st.Records/100 || st.Damaged > 0 {
		t.Error("too much was lost for a silence that says something")
	}
	count := map[decode.Severity]int{}
	for _, a := range alerts {
		count[a.Severity]++
		if a.Severity >= decode.Medium {
			t.Errorf("false alert: %s", a)
		} else {
			t.Logf("%s", a)
		}
	}
	t.Logf("alerts: %d informational, %d low, %d above", count[decode.Informational], count[decode.Low],
		len(alerts)-count[decode.Informational]-count[decode.Low])
	s.end(t)
}

// machine unpacks the image and lays into it what the hour needs.
func machine(t *testing.T) (root string) {
	t.Helper()
	began := time.Now()
	image := exec.Command("./image")
	image.Stderr = os.Stderr
	tar, err := image.Output()
	if err != nil {
		t.Fatalf("make the image: %v", err)
	}
	root = filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, "tar", "--extract", "--numeric-owner", "--file", strings.TrimSpace(string(tar)), "--directory", root)
	command(t, "cp", "--recursive", "hour", filepath.Join(root, "root/hour"))
	out, err := os.Create(filepath.Join(root, "root/linux.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if err := kernelSized(out); err != nil {
		t.Fatalf("write a tree: %v", err)
	}
	t.Logf("the machine was ready after %s", time.Since(began).Round(time.Second))
	return root
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// String is an alert for one who has to find out why it was raised.
func (a *alert) String() string {
	var b strings.Builder
	p := &a.Actor.Process
	fmt.Fprintf(&b, "%s: %s (%s), %d times\n\t%s", a.Severity, a.Info.Title, a.Info.Analytic.Rule, a.Count, p.part)
	for _, q := range p.Ancestry {
		fmt.Fprintf(&b, "\n\tof %s", q)
	}
	for _, e := range a.Evidences {
		fmt.Fprintf(&b, "\n\tevent %s", e.Data)
	}
	return b.String()
}

func (p part) String() string { return fmt.Sprintf("%s[%d]: %q", p.File.Path, p.PID, p.Line) }

// goRoot is Go's own tree, which the machine gets to read.
func goRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("go env: %v", err)
	}
	return strings.TrimSpace(string(out))
}
