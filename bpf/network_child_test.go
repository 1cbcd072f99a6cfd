//go:build linux

package bpf

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// What the child of the network test did, for its parent to look for.
type networkReport struct {
	NetNS   uint32
	Dir     string
	Numbers map[string]int // ports and such, by name
}

const networkChild = "VIGIL_NETWORK_CHILD"

// TestNetworkChild is no test: the network test runs it in a process and a
// network namespace of its own, and watches it.
func TestNetworkChild(t *testing.T) {
	what := os.Getenv(networkChild)
	if what == "" {
		t.Skip("runs as the child of the network test")
	}
	runtime.LockOSThread()
	c := &causes{t: t, report: networkReport{Numbers: map[string]int{}}}
	c.raiseLoopback()
	var ns syscall.Stat_t
	c.must(syscall.Stat("/proc/self/ns/net", &ns))
	c.report.NetNS = uint32(ns.Ino)
	switch what {
	case "many":
		c.many(2000)
	case "old":
		c.old()
	default:
		c.all()
	}
	out, err := json.Marshal(c.report)
	c.must(err)
	fmt.Printf("REPORT %s\n", out)
}

type causes struct {
	t      *testing.T
	report networkReport
}

func (c *causes) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// mustBe fails unless the error is the one that the cause is about.
func (c *causes) mustBe(err error, want syscall.Errno) {
	c.t.Helper()
	if !errors.Is(err, want) {
		c.t.Fatalf("got %v, want %v", err, want)
	}
}

func (c *causes) note(name string, number int) { c.report.Numbers[name] = number }

func (c *causes) raiseLoopback() {
	fd := c.socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	defer c.close(fd)
	var request struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "lo")
	request.flags = syscall.IFF_UP
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); e != 0 {
		c.t.Fatal(e)
	}
}

func (c *causes) socket(family, kind, protocol int) int {
	c.t.Helper()
	fd, err := syscall.Socket(family, kind, protocol)
	c.must(err)
	return fd
}

func (c *causes) close(fds ...int) {
	c.t.Helper()
	for _, fd := range fds {
		c.must(syscall.Close(fd))
	}
}

var loopback4, loopback6 = [4]byte{127, 0, 0, 1}, [16]byte{15: 1}

func end(family, port int) syscall.Sockaddr {
	if family == syscall.AF_INET6 {
		return &syscall.SockaddrInet6{Addr: loopback6, Port: port}
	}
	return &syscall.SockaddrInet4{Addr: loopback4, Port: port}
}

func (c *causes) port(fd int) int {
	c.t.Helper()
	sa, err := syscall.Getsockname(fd)
	c.must(err)
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return sa.Port
	case *syscall.SockaddrInet6:
		return sa.Port
	}
	c.t.Fatalf("no port in %T", sa)
	return 0
}

func (c *causes) bound(family, kind, protocol, port int) int {
	c.t.Helper()
	fd := c.socket(family, kind, protocol)
	c.must(syscall.Bind(fd, end(family, port)))
	return fd
}

func (c *causes) send(fd, n int) {
	c.t.Helper()
	_, err := syscall.Write(fd, make([]byte, n))
	c.must(err)
}

func (c *causes) receive(fd, n int) {
	c.t.Helper()
	for n > 0 {
		got, err := syscall.Read(fd, make([]byte, n))
		c.must(err)
		if got == 0 {
			c.t.Fatal("the other end closed early")
		}
		n -= got
	}
}

func (c *causes) all() {
	c.stream("tcp4", syscall.AF_INET, 0)
	c.stream("tcp6", syscall.AF_INET6, 0)
	if fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 262); err == nil {
		c.close(fd)
		c.stream("mptcp", syscall.AF_INET, 262)
	}
	c.failures()
	c.listenUnbound()
	c.reset()
	c.datagrams("udp4", syscall.AF_INET)
	c.datagrams("udp6", syscall.AF_INET6)
	c.connected()
	c.mapped()
	c.dns()
	c.unix()
	c.raw()
}

// stream connects, sends 1000 bytes and gets 3000 back.
func (c *causes) stream(name string, family, protocol int) {
	c.t.Helper()
	server := c.bound(family, syscall.SOCK_STREAM, protocol, 0)
	c.must(syscall.Listen(server, 7))
	client := c.socket(family, syscall.SOCK_STREAM, protocol)
	c.must(syscall.Connect(client, end(family, c.port(server))))
	accepted, _, err := syscall.Accept4(server, 0)
	c.must(err)
	c.note(name+"-client", c.port(client))
	c.note(name+"-server", c.port(server))
	c.send(client, 1000)
	c.receive(accepted, 1000)
	c.send(accepted, 3000)
	c.receive(client, 3000)
	c.close(client)
	if n, err := syscall.Read(accepted, make([]byte, 1)); n != 0 || err != nil {
		c.t.Fatal(n, err)
	}
	c.close(accepted, server)
}
