package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

func TestFileTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	config := Config{File: &File{Path: path, MaxBytes: 4096, Keep: 3}, Batch: Batch{Items: 10}}
	r := start(t, config)
	const n = 100
	for k := range n {
		r.Offer(numbered(k))
	}
	r.settle()
	s := r.end()
	if s.Delivered != n {
		t.Errorf("%+v", s)
	}
	seen := map[int]int{}
	for _, name := range []string{path, path + ".1", path + ".2", path + ".3"} {
		b, err := os.ReadFile(name)
		if err != nil || len(b) > 4096 || len(b) < 100 {
			t.Errorf("%s: %v, %d bytes", name, err, len(b))
		}
		for _, line := range bytes.SplitAfter(b, []byte("\n")) {
			if len(line) > 0 && (!json.Valid(line) || line[len(line)-1] != '\n') {
				t.Errorf("%s has the line %q", name, line)
			}
		}
		for k, times := range numbers(b) {
			seen[k] += times
		}
		if i, err := os.Stat(name); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, err, i.Mode())
		}
	}
	if _, err := os.Stat(path + ".4"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("more are kept than asked for: %v", err)
	}
	for k, times := range seen {
		if times != 1 {
			t.Errorf("%d is there %d times", k, times)
		}
	}
	if len(seen) < 50 || seen[n-1] != 1 { // the oldest have gone with the oldest file
		t.Errorf("%d are there", len(seen))
	}
}

// A line that a crash left in half is not there any more; whole ones are.
func TestFileGoesOnAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	torn := bytes.Repeat([]byte("z"), 10_000)
	if err := os.WriteFile(path, append([]byte("{\"number\":\"number-0000900\"}\n"), torn...), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, Config{File: &File{Path: path}})
	r.Offer(numbered(901))
	r.settle()
	r.end()
	b, err := os.ReadFile(path)
	if seen := numbers(b); err != nil || len(seen) != 2 || bytes.Contains(b, []byte("z")) || bytes.Count(b, []byte("\n")) != 2 {
		t.Errorf("%v: %q", err, b)
	}
}

// A file that cannot be opened is tried again.
func TestFileAppearsLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := start(t, Config{File: &File{Path: filepath.Join(dir, "x")}})
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	r.Offer(numbered(1))
	for r.Status().Failures == 0 {
		r.balanced(r.Status())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if s := r.settle(); s.Delivered != 1 {
		t.Errorf("%+v", s)
	}
	r.end()
}

// pipe is a standard output that breaks, and is mended.
type pipe struct {
	mu     sync.Mutex
	got    bytes.Buffer
	broken int
}

func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken--; p.broken == 0 {
		return 0, syscall.EPIPE
	}
	return p.got.Write(b)
}

func TestStandardOutput(t *testing.T) {
	p := &pipe{broken: 30}
	r := startWith(t, Config{File: &File{}, Batch: Batch{Items: 20}}, Services{Stdout: p, Clock: newQuick()})
	for k := range 100 {
		r.Offer(numbered(k))
	}
	r.settle()
	s := r.end()
	whole(t, s, numbers(p.got.Bytes()), 100, true)
	if s.Failures != 1 || bytes.Count(p.got.Bytes(), []byte("\n")) != 100 {
		t.Errorf("%+v", s)
	}
}

var _ io.Writer = (*pipe)(nil)

// read gives a file of whole lines of JSON.
func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.SplitAfter(b, []byte("\n")) {
		if len(line) > 0 && (!json.Valid(line) || line[len(line)-1] != '\n') {
			t.Errorf("line %q", line)
		}
	}
	return b
}
