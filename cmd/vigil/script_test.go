package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vigil/sensor/simulate"
)

// update writes testdata/story.rec and what the scripts expect anew.
var update = flag.Bool("update", false, "write what the tests expect anew")

// TestMain makes the test program the one that the scripts call vigil.
func TestMain(m *testing.M) {
	if simulate.Part() {
		return
	}
	testscript.Main(m, map[string]func(){"vigil": main})
}

// TestScripts runs testdata/*.txtar. Beyond testscript's own they have the
// condition root, and the commands:
//
//	until COMMAND...   runs the command until it succeeds
//	nobody COMMAND...  runs the command without privileges
//	listen NAME        listens on a loopback port, which $NAME then is
//	corrupt FILE AT    turns over the bits of the byte there; AT below 0 counts from the end
//	truncate FILE N    leaves N bytes off the end
//	block FILE         writes the events of story.rec, and an alert, as a batch
func TestScripts(t *testing.T) {
	story, err := filepath.Abs("testdata/story.rec")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update, RequireExplicitExec: true, Deadline: time.Now().Add(4 * time.Minute),
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("STORY", story)
			shm, err := os.MkdirTemp("/dev/shm", "vigil-test-")
			if err != nil {
				return nil // no Linux: no script needs it
			}
			e.Setenv("SHM", shm)
			e.Defer(func() { _ = os.RemoveAll(shm) })
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("no condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"until": until, "nobody": nobody, "listen": listen, "corrupt": corrupt, "truncate": truncate, "block": block,
		},
	})
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: until COMMAND...")
	}
	var err error
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = ts.Exec(args[0], args[1:]...); err == nil {
			return
		}
	}
	ts.Fatalf("until %v: %v", args, err)
}

// nobody copies the test program to where everybody may run it.
func nobody(ts *testscript.TestScript, neg bool, args []string) {
	self, err := os.Executable()
	ts.Check(err)
	program, err := os.ReadFile(self)
	ts.Check(err)
	dir, err := os.MkdirTemp("", "vigil-nobody-")
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(dir) })
	ts.Check(os.Chmod(dir, 0o755))
	vigil := filepath.Join(dir, args[0])
	ts.Check(os.WriteFile(vigil, program, 0o755))
	setpriv := []string{"--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--no-new-privs", vigil}
	if err := ts.Exec("setpriv", append(setpriv, args[1:]...)...); (err != nil) != neg {
		ts.Fatalf("nobody %v: %v", args, err)
	}
}

func listen(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: listen NAME")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	ts.Check(err)
	done := make(chan struct{})
	ts.Defer(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

func corrupt(ts *testscript.TestScript, _ bool, args []string) {
	change(ts, args, func(b []byte, n int) ([]byte, error) {
		if n < 0 {
			n += len(b)
		}
		if n < 0 || n >= len(b) {
			return nil, errors.New("the file is shorter")
		}
		b[n] ^= 0xff
		return b, nil
	})
}

func truncate(ts *testscript.TestScript, _ bool, args []string) {
	change(ts, args, func(b []byte, n int) ([]byte, error) {
		if n < 0 || n > len(b) {
			return nil, io.ErrUnexpectedEOF
		}
		return b[:len(b)-n], nil
	})
}

func change(ts *testscript.TestScript, args []string, f func([]byte, int) ([]byte, error)) {
	if len(args) != 2 {
		ts.Fatalf("usage: FILE NUMBER")
	}
	var n int
	_, err := fmt.Sscan(args[1], &n)
	ts.Check(err)
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err = f(b, n)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}
