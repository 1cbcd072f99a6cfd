package container

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// root is a file system of a test's.
type root struct {
	t    testing.TB
	path string
}

// newRoot has a cgroup v2 mount and nothing else. Its path is short: sockets in
// it have 108 bytes.
func newRoot(t testing.TB) root {
	t.Helper()
	dir, err := os.MkdirTemp("", "vigil")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	r := root{t, dir}
	r.write("proc/self/mountinfo", "25 1 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n")
	r.mkdir("sys/fs/cgroup")
	return r
}

func (r root) write(name, text string) {
	r.t.Helper()
	r.mkdir(filepath.Dir(name))
	if err := os.WriteFile(filepath.Join(r.path, name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r root) mkdir(name string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Join(r.path, name), 0o755); err != nil {
		r.t.Fatal(err)
	}
}

// clock stands still unless moved.
type clock struct {
	mutex sync.Mutex
	at    time.Time
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.at.IsZero() {
		c.at = time.Unix(1_700_000_000, 0)
	}
	return c.at
}

func (c *clock) advance(d time.Duration) {
	now := c.now()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = now.Add(d)
}

func newResolver(t testing.TB, s Settings) *Resolver {
	t.Helper()
	r := New(slog.New(slog.DiscardHandler), s)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// until waits for a condition.
func until(t testing.TB, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !met(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// named waits until the runtimes have told what they know of a cgroup.
func named(t testing.TB, r *Resolver, cgroupID uint64) *Info {
	t.Helper()
	var info *Info
	until(t, "a name", func() bool {
		info, _ = r.Lookup(cgroupID)
		return info != nil && info.Name != ""
	})
	return info
}
