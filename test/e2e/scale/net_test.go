//go:build linux

package scale

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// network is a server's namespace and one a sensor, each with a line of its own to the
// server's: nothing of it touches the machine's.
type network struct {
	server  string
	sensors [sensors]string
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{server: fmt.Sprintf("vigil-scale-%d-s", os.Getpid())}
	add := func(name string) {
		ip(t, "netns", "add", name)
		t.Cleanup(func() {
			if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
				t.Errorf("delete %s: %v %s", name, err, out)
			}
		})
		ip(t, "-n", name, "link", "set", "lo", "up")
	}
	add(n.server)
	for i := range n.sensors {
		n.sensors[i] = fmt.Sprintf("vigil-scale-%d-%d", os.Getpid(), i)
		add(n.sensors[i])
		ip(t, "-n", n.server, "link", "add", n.line(i), "type", "veth", "peer", "name", "server", "netns", n.sensors[i])
		ip(t, "-n", n.server, "address", "add", n.address(i)+"/30", "dev", n.line(i))
		ip(t, "-n", n.sensors[i], "address", "add", fmt.Sprintf("10.77.%d.2/30", i), "dev", "server")
		ip(t, "-n", n.sensors[i], "link", "set", "server", "up")
	}
	n.connect(t, true)
	return n
}

func (n *network) line(i int) string { return fmt.Sprintf("sensor%d", i) }

// address is the server's, as a sensor reaches it.
func (n *network) address(i int) string { return fmt.Sprintf("10.77.%d.1", i) }

// connect joins the sensors to the server, or cuts them off.
func (n *network) connect(t *testing.T, on bool) {
	t.Helper()
	for i := range n.sensors {
		ip(t, "-n", n.server, "link", "set", n.line(i), map[bool]string{true: "up", false: "down"}[on])
	}
}

func ip(t *testing.T, arguments ...string) {
	t.Helper()
	if out, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v %s", strings.Join(arguments, " "), err, out)
	}
}

// command is one that runs in a namespace. No proxy of the machine is in its way.
func command(namespace string, arguments ...string) *exec.Cmd {
	c := exec.Command("ip", append([]string{"netns", "exec", namespace}, arguments...)...)
	c.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*")
	return c
}

// dialer connects from within a namespace: a socket stays in the one it was made in.
func dialer(namespace string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (c net.Conn, err error) {
		done := make(chan struct{})
		go func() { // its thread is never unlocked, and ends with it
			defer close(done)
			runtime.LockOSThread()
			if err = enter(namespace); err == nil {
				c, err = (&net.Dialer{}).DialContext(ctx, network, address)
			}
		}()
		<-done
		return c, err
	}
}

// enter puts the thread into a namespace.
func enter(namespace string) error {
	f, err := os.Open(filepath.Join("/run/netns", namespace))
	if err != nil {
		return err
	}
	return errors.Join(unix.Setns(int(f.Fd()), unix.CLONE_NEWNET), f.Close())
}
