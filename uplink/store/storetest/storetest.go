// Package storetest starts clusters of VictoriaLogs for tests, of the version that the
// embedded store is of.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Program builds VictoriaLogs out of the module, once, and gives its path. That takes
// minutes the first time: a test is skipped unless VIGIL_CLUSTER=1.
func Program(t testing.TB) string {
	t.Helper()
	if os.Getenv("VIGIL_CLUSTER") == "" {
		t.Skip("VIGIL_CLUSTER=1 runs this: it builds VictoriaLogs, for minutes the first time")
	}
	const module = "github.com/VictoriaMetrics/VictoriaLogs"
	ask := func(arguments ...string) string {
		out, err := exec.Command("go", arguments...).Output()
		if err != nil {
			t.Fatalf("go %s: %v", strings.Join(arguments, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	version := ask("list", "-m", "-f", "{{.Version}}", module)
	path := filepath.Join(filepath.Dir(ask("env", "GOMOD")), ".cache", "victoria-logs-"+version)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", path+".new", module+"/app/victoria-logs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build VictoriaLogs: %v\n%s", err, out)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Place is where nodes run. The zero one is where the test does.
type Place struct {
	Command []string // what goes before theirs: ip netns exec NAME
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
}

// Cluster is storage nodes and their front, which inserts and selects.
type Cluster struct {
	Nodes []*Node
	Front *Node
}

// Start starts three nodes, which write to disk every so often, and their front.
func (p Place) Start(t testing.TB, flush time.Duration) *Cluster {
	t.Helper()
	program := Program(t)
	c := &Cluster{}
	var addresses []string
	for range 3 {
		n := p.node(t, program, "-storageDataPath="+t.TempDir(), "-inmemoryDataFlushInterval="+flush.String(), "-retentionPeriod=366d", "-internaldelete.enable")
		c.Nodes, addresses = append(c.Nodes, n), append(addresses, n.Address)
	}
	c.Front = p.node(t, program, "-storageNode="+strings.Join(addresses, ","), "-delete.enable", "-storageDataPath="+t.TempDir())
	return c
}

// URL is the front's.
func (c *Cluster) URL() string { return "http://" + c.Front.Address }

// Node is a process of VictoriaLogs, which can be ended and started again.
type Node struct {
	Address string

	t         testing.TB
	place     Place
	arguments []string
	process   *exec.Cmd
	said      bytes.Buffer
}

func (p Place) node(t testing.TB, arguments ...string) *Node {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free now
	if err != nil {
		t.Fatal(err)
	}
	n := &Node{Address: l.Addr().String(), t: t, place: p, arguments: append(append([]string(nil), p.Command...), arguments...)}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.End(syscall.SIGKILL) })
	n.Start()
	return n
}

// Start starts it and waits until it answers.
func (n *Node) Start() {
	n.t.Helper()
	n.said.Reset()
	arguments := append(n.arguments[1:len(n.arguments):len(n.arguments)], "-httpListenAddr="+n.Address, "-memory.allowedBytes=64MiB", "-loggerLevel=WARN")
	n.process = exec.Command(n.arguments[0], arguments...)
	n.process.Stdout, n.process.Stderr = &n.said, &n.said
	if err := n.process.Start(); err != nil {
		n.t.Fatal(err)
	}
	ask := &http.Client{Transport: &http.Transport{DialContext: n.place.Dial, DisableKeepAlives: true}}
	var err error
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(50 * time.Millisecond) {
		var answer *http.Response
		if answer, err = ask.Get("http://" + n.Address + "/health"); err == nil {
			err = answer.Body.Close()
		}
		if err == nil {
			return
		}
	}
	n.t.Fatalf("a node does not answer: %v", err)
}

// End ends it by a signal and waits until it is gone.
func (n *Node) End(signal syscall.Signal) {
	if n.process == nil {
		return
	}
	if err := n.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		n.t.Error(err)
	}
	_ = n.process.Wait() // it says that it was killed
	n.process = nil
	if n.t.Failed() {
		n.t.Log(n.Address, fmt.Sprintf("%.4000s", n.said.String()))
	}
}
