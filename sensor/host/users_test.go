package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const passwd = `root:x:0:0:root:/root:/bin/bash
# comment:x:7:7::/:/bin/sh
toor:x:0:0:second root:/root:/bin/sh
daemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin
+nis:x:9:9::/:/bin/sh
+::::::
:x:5:5::/:/bin/sh
broken:x
negative:x:-1:1::/:/bin/sh
large:x:4294967296:1::/:/bin/sh
nobody:x:4294967295:65534::/:/bin/sh
müller:x:1000:1000:Jörg Müller,,,:/home/müller:/bin/bash
windows:x:1001:1001::/:/bin/sh` + "\r\nlast:x:1002:"

func TestParsePasswd(t *testing.T) {
	names, dropped := parsePasswd([]byte(passwd), 100)
	want := map[uint32]string{0: "root", 1: "daemon", 4294967295: "nobody", 1000: "müller", 1001: "windows", 1002: "last"}
	if fmt.Sprint(names) != fmt.Sprint(want) || dropped != 0 {
		t.Errorf("%v, %d dropped", names, dropped)
	}
	names, dropped = parsePasswd([]byte(passwd), 2)
	if fmt.Sprint(names) != "map[0:root 1:daemon]" || dropped != 4 {
		t.Errorf("%v, %d dropped", names, dropped)
	}
	if names, _ := parsePasswd([]byte(strings.Repeat("x", maxUserName+1)+":x:5:"), 2); len(names) != 0 {
		t.Errorf("%v", names)
	}
}

type clock struct {
	mutex sync.Mutex
	at    time.Time
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
}

// passwdFile is an etc/passwd that is replaced as tools do it: by renaming.
type passwdFile struct {
	t    testing.TB
	root string
}

func newPasswdFile(t testing.TB, text string) passwdFile {
	t.Helper()
	p := passwdFile{t, t.TempDir()}
	if err := os.Mkdir(filepath.Join(p.root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.replace(text)
	return p
}

func (p passwdFile) replace(text string) {
	p.t.Helper()
	path := filepath.Join(p.root, "etc/passwd")
	if err := errors.Join(os.WriteFile(path+"+", []byte(text), 0o644), os.Rename(path+"+", path)); err != nil {
		p.t.Fatal(err)
	}
}

func TestUsersFollowTheFile(t *testing.T) {
	file, c := newPasswdFile(t, passwd), &clock{at: time.Unix(1_700_000_000, 0)}
	u := NewUsers(file.root, c.now)
	if u.Name(0) != "root" || u.Name(1000) != "müller" || u.Name(77) != "" {
		t.Errorf("%q, %q, %q", u.Name(0), u.Name(1000), u.Name(77))
	}
	file.replace("wheel:x:0:0::/:/bin/sh\n")
	c.advance(999 * time.Millisecond)
	if u.Name(0) != "root" || u.Stats().Reads != 1 {
		t.Error("it looks at the file more than once a second")
	}
	c.advance(time.Millisecond)
	if u.Name(0) != "wheel" || u.Name(1000) != "" {
		t.Errorf("%q, %q", u.Name(0), u.Name(1000))
	}
	c.advance(time.Minute)
	if u.Name(0) != "wheel" {
		t.Error("lost")
	}
	if s := u.Stats(); s.Reads != 2 || s.Users != 1 || s.Error != nil {
		t.Errorf("%+v", s)
	}

	if err := os.Remove(filepath.Join(file.root, "etc/passwd")); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if u.Name(0) != "wheel" || !errors.Is(u.Stats().Error, fs.ErrNotExist) {
		t.Errorf("without the file: %q, %+v", u.Name(0), u.Stats())
	}
	file.replace("again:x:0:\n")
	c.advance(time.Second)
	if u.Name(0) != "again" || u.Stats().Error != nil {
		t.Errorf("%q, %+v", u.Name(0), u.Stats())
	}

	file.replace(strings.Repeat("#", maxPasswd+1))
	c.advance(time.Second)
	if u.Name(0) != "again" || !errors.Is(u.Stats().Error, errTooLarge) {
		t.Errorf("%q, %+v", u.Name(0), u.Stats())
	}
}

// A file that is written in place keeps its inode.
func TestUsersWrittenInPlace(t *testing.T) {
	file, c := newPasswdFile(t, "one:x:1:\n"), &clock{at: time.Unix(1_700_000_000, 0)}
	u := NewUsers(file.root, c.now)
	path := filepath.Join(file.root, "etc/passwd")
	later := time.Now().Add(time.Hour)
	if err := errors.Join(os.WriteFile(path, []byte("two:x:1:\n"), 0o644), os.Chtimes(path, later, later)); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Second)
	if got := u.Name(1); got != "two" {
		t.Errorf("%q", got)
	}
}

func TestUsersConcurrently(t *testing.T) {
	file, c := newPasswdFile(t, "a:x:1:\n"), &clock{at: time.Unix(1_700_000_000, 0)}
	u := NewUsers(file.root, c.now)
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for range 300 {
				c.advance(100 * time.Millisecond)
				if n := u.Name(1); n != "a" && n != "b" {
					t.Errorf("%q", n)
				}
			}
		})
	}
	for i := range 40 {
		file.replace(string("ab"[i%2]) + ":x:1:\n")
	}
	readers.Wait()
}

func TestNameAllocatesNothing(t *testing.T) {
	u := NewUsers(newPasswdFile(t, passwd).root, nil)
	if n := testing.AllocsPerRun(1000, func() {
		if u.Name(1000) != "müller" || u.Name(77) != "" {
			t.Fatal("wrong")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzPasswd(f *testing.F) {
	f.Add([]byte(passwd), uint16(3))
	f.Add([]byte("a:b:1\na::1:\n\x00:x:2:"), uint16(100))
	f.Fuzz(func(t *testing.T, text []byte, most uint16) {
		names, dropped := parsePasswd(text, int(most))
		if len(names) > int(most) || dropped > bytes.Count(text, []byte{'\n'})+1 {
			t.Fatalf("%d names, %d dropped", len(names), dropped)
		}
		for uid, name := range names {
			if name == "" || len(name) > maxUserName || strings.ContainsAny(name, ":\n") || !bytes.Contains(text, []byte(name+":")) {
				t.Fatalf("%d is %q", uid, name)
			}
		}
	})
}

func BenchmarkName(b *testing.B) {
	u := NewUsers(newPasswdFile(b, passwd).root, nil)
	b.ReportAllocs()
	for b.Loop() {
		if u.Name(1000) == "" {
			b.Fatal("lost")
		}
	}
}
