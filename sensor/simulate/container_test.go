//go:build linux

package simulate

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// needCgroups gives this process's own cgroup, and skips where none can be made below.
func needCgroups(t *testing.T) string {
	t.Helper()
	own, err := ownCgroup()
	if err != nil {
		t.Skipf("no cgroups here: %v", err)
	}
	dir := filepath.Join(own, "vigil-test")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("cgroups are not writable here: %v", err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	return own
}

// cgroups are those of playbooks below another.
func cgroups(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, likeDocker+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A play in a cgroup that fails, and is told to end meanwhile, leaves the cgroup and
// leaves none behind.
func TestContained(t *testing.T) {
	before := needCgroups(t)
	failure := errors.New("the play fails")
	var during string
	var there []string
	err := new(stage).contained(func() (err error) {
		during, err = ownCgroup()
		there = cgroups(t, before)
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			return err
		}
		return errors.Join(err, failure)
	})
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	if filepath.Dir(during) != before || len(there) != 1 || there[0] != during {
		t.Errorf("played in %s, below %s: %v", during, before, there)
	}
	if id := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(during), "docker-"), ".scope"); len(id) != 64 {
		t.Errorf("Docker does not name a container %q", id)
	}
	if after, err := ownCgroup(); err != nil || after != before {
		t.Errorf("in %s afterwards, before in %s: %v", after, before, err)
	}
	if left := cgroups(t, before); len(left) > 0 {
		t.Error(left)
	}
}

// Who ends a playbook by its context does not make it leave its cgroup behind.
func TestContainedIsCancelled(t *testing.T) {
	own := needCgroups(t)
	for range 20 {
		met := cancelled(t, own)
		if left := cgroups(t, own); len(left) > 0 {
			t.Fatal(left)
		}
		if met {
			return
		}
	}
	t.Error("it was always over before it was seen")
}

// cancelled starts a playbook, cancels it while its cgroup is there, and tells whether
// it met it there.
func cancelled(t *testing.T, own string) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, err := Command(ctx, "container-reaches-host-root")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for len(cgroups(t, own)) == 0 {
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			return false
		default:
		}
	}
	cancel()
	t.Logf("cancelled, it ended: %v", <-ended)
	return true
}

// Where no cgroup may be made, the playbook says so in a line.
func TestContainedNowhere(t *testing.T) {
	needCgroups(t)
	const nobody = 65534
	c, err := Command(t.Context(), "container-reaches-host-root")
	if err != nil {
		t.Fatal(err)
	}
	c.SysProcAttr = &syscall.SysProcAttr{ // as nobody, who is root only where it plays
		Cloneflags:                 syscall.CLONE_NEWUSER,
		UidMappings:                []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}},
		GidMappings:                []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}},
		GidMappingsEnableSetgroups: true,
		Credential:                 &syscall.Credential{},
	}
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Skipf("users have no namespaces of their own here: %v", err)
	}
	const wants = "simulate container-reaches-host-root: cgroups are not writable here: "
	if err := c.Wait(); err == nil || !strings.HasPrefix(said.String(), wants) || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("%v: %q", err, said.String())
	}
}
