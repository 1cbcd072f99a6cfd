//go:build linux

package capture

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childRole names what a process of this binary is to do, instead of the tests.
const childRole = "VIGIL_CAPTURE_CHILD"

// roles are what the tests need processes for; each is told on its standard input when to go on.
func roles() map[string]func(argument string) error {
	return map[string]func(string) error{
		"nest":   nest,
		"zombie": keepZombie,
		"clone":  cloneForParent,
		"path":   causePath,
		"execat": execAt,
	}
}

func TestMain(m *testing.M) {
	name, argument, _ := strings.Cut(os.Getenv(childRole), " ")
	role := roles()[name]
	if role == nil {
		status := m.Run()
		if err := shared.close(); err != nil {
			fmt.Fprintln(os.Stderr, "close the capture:", err)
			status = 1
		}
		os.Exit(status)
	}
	if err := role(argument); err != nil {
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", name, argument, err)
		os.Exit(1)
	}
}

// child is a process in a role, which ends when its standard input does.
type child struct {
	*exec.Cmd
	stdin io.Closer
	lines *bufio.Scanner
}

func startChild(role string) (*child, error) {
	c := &child{Cmd: exec.Command("/proc/self/exe", "-test.run=^$")}
	c.Env = append(os.Environ(), childRole+"="+role)
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdin, c.lines = stdin, bufio.NewScanner(stdout)
	return c, c.Start()
}

// pids reads the line in which a child names processes.
func (c *child) pids() ([]int, error) {
	if !c.lines.Scan() {
		return nil, fmt.Errorf("no line from the child: %w", c.lines.Err())
	}
	var all []int
	for _, word := range strings.Fields(c.lines.Text()) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			return nil, fmt.Errorf("the child says %q", c.lines.Text())
		}
		all = append(all, pid)
	}
	return all, nil
}

// end lets the child go on to its end.
func (c *child) end() error {
	if err := c.stdin.Close(); err != nil {
		return err
	}
	return c.Wait()
}

// begun starts a child in a role, to be ended by the test, and gives the processes that it names.
func begun(t *testing.T, role string) (*child, []int) {
	t.Helper()
	c, err := startChild(role)
	if err != nil {
		t.Fatal(err)
	}
	pids, err := c.pids()
	if err != nil {
		t.Fatal(err)
	}
	return c, pids
}

// untilTold waits for the end of the standard input.
func untilTold() error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// until waits for what the watcher's goroutine is about to see.
func until(t *testing.T, what string, seen func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !seen(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not seen", what)
		}
	}
}

// ended tells whether the watcher has seen the end of a process.
func (l *lineage) ended(pid int) func() bool {
	return func() bool {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		return l.exited[life{uint32(pid), 0}] != 0
	}
}
