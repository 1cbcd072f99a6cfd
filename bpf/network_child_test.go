//go:build linux

package bpf

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
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
	if what == "many" {
		c.many(2000)
	} else {
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

func (c *causes) failures() {
	// Nobody listens.
	server := c.bound(syscall.AF_INET, syscall.SOCK_STREAM, 0, 0)
	client := c.socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	c.note("refused-server", c.port(server))
	c.mustBe(syscall.Connect(client, end(syscall.AF_INET, c.port(server))), syscall.ECONNREFUSED)
	// The port is taken.
	c.must(syscall.Listen(server, 0))
	c.note("taken", c.port(server))
	taken := c.socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	c.mustBe(syscall.Bind(taken, end(syscall.AF_INET, c.port(server))), syscall.EADDRINUSE)
	// No route.
	c.mustBe(syscall.Connect(taken, &syscall.SockaddrInet4{Addr: [4]byte{203, 0, 113, 9}, Port: 81}), syscall.ENETUNREACH)
	// Given up: the queue of the listener holds one, the next is left without an answer.
	first := c.socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	c.must(syscall.Connect(first, end(syscall.AF_INET, c.port(server))))
	second := c.socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	c.mustBe(syscall.Connect(second, end(syscall.AF_INET, c.port(server))), syscall.EINPROGRESS)
	c.note("abandoned-client", c.port(second))
	c.note("unaccepted-client", c.port(first))
	c.close(second, first, taken, client, server)
}

func (c *causes) listenUnbound() {
	fd := c.socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	c.must(syscall.Listen(fd, 3))
	c.note("unbound", c.port(fd))
	c.close(fd)
}

// reset breaks a connection off before it is accepted.
func (c *causes) reset() {
	server := c.bound(syscall.AF_INET, syscall.SOCK_STREAM, 0, 0)
	c.must(syscall.Listen(server, 7))
	client := c.socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	c.must(syscall.Connect(client, end(syscall.AF_INET, c.port(server))))
	c.note("reset-client", c.port(client))
	c.note("reset-server", c.port(server))
	c.send(client, 10)
	c.must(syscall.SetsockoptLinger(client, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
	c.close(client)
	accepted, _, err := syscall.Accept4(server, 0)
	c.must(err)
	c.close(accepted, server)
}

// datagrams has two sockets write to each other twice: 100 bytes, and 200 back.
func (c *causes) datagrams(name string, family int) {
	c.t.Helper()
	server := c.bound(family, syscall.SOCK_DGRAM, 0, 0)
	client := c.bound(family, syscall.SOCK_DGRAM, 0, 0)
	c.note(name+"-server", c.port(server))
	c.note(name+"-client", c.port(client))
	buffer := make([]byte, 1000)
	for range 2 {
		c.must(syscall.Sendto(client, buffer[:100], 0, end(family, c.port(server))))
		if _, _, err := syscall.Recvfrom(server, buffer, syscall.MSG_PEEK); err != nil {
			c.t.Fatal(err)
		}
		n, from, err := syscall.Recvfrom(server, buffer, 0)
		c.must(err)
		if n != 100 {
			c.t.Fatal(n)
		}
		c.must(syscall.Sendmsg(server, buffer[:200], nil, from, 0))
		_, _, _, _, err = syscall.Recvmsg(client, buffer, nil, 0)
		c.must(err)
	}
	c.close(client, server)
}

// connected is UDP with a fixed other end, through read and write.
func (c *causes) connected() {
	server := c.bound(syscall.AF_INET, syscall.SOCK_DGRAM, 0, 0)
	client := c.socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	c.must(syscall.Connect(client, end(syscall.AF_INET, c.port(server))))
	c.note("connected-server", c.port(server))
	c.note("connected-client", c.port(client))
	c.send(client, 50)
	c.receive(server, 50)
	c.must(syscall.Sendto(server, make([]byte, 60), 0, end(syscall.AF_INET, c.port(client))))
	c.receive(client, 60)
	c.close(client, server)
}

// mapped sends to an IPv4 address from an IPv6 socket.
func (c *causes) mapped() {
	server := c.bound(syscall.AF_INET, syscall.SOCK_DGRAM, 0, 0)
	client := c.socket(syscall.AF_INET6, syscall.SOCK_DGRAM, 0)
	to := &syscall.SockaddrInet6{Addr: [16]byte{10: 255, 11: 255, 12: 127, 15: 1}, Port: c.port(server)}
	c.must(syscall.Sendto(client, make([]byte, 70), 0, to))
	c.note("mapped-server", c.port(server))
	c.note("mapped-client", c.port(client))
	c.receive(server, 70)
	c.close(client, server)
}

// query is a DNS message: a question for an address of the name.
func query(id byte, name string) []byte {
	b := []byte{0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for _, label := range strings.Split(name, ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0, 0, 1, 0, 1)
}

// answer is the same with one address.
func answer(question []byte) []byte {
	b := append([]byte{}, question...)
	b[2], b[7] = 0x81, 1
	return append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1)
}

func (c *causes) dns() {
	server := c.bound(syscall.AF_INET, syscall.SOCK_DGRAM, 0, 53)
	buffer := make([]byte, 4000)
	reply := func(n int) {
		for range n {
			got, from, err := syscall.Recvfrom(server, buffer, 0)
			c.must(err)
			c.must(syscall.Sendto(server, answer(buffer[:got]), 0, from))
		}
	}
	// As Go's resolver: connected, write, read.
	client := c.socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	c.must(syscall.Connect(client, end(syscall.AF_INET, 53)))
	_, err := syscall.Write(client, query(1, "go.example"))
	c.must(err)
	reply(1)
	_, err = syscall.Read(client, buffer)
	c.must(err)
	c.close(client)
	// As musl's: sendto, recvmsg.
	client = c.socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	c.must(syscall.Sendto(client, query(2, "musl.example"), 0, end(syscall.AF_INET, 53)))
	reply(1)
	_, _, _, _, err = syscall.Recvmsg(client, buffer, nil, 0)
	c.must(err)
	c.close(client)
	// As glibc's: connected, both questions in one sendmmsg, recvfrom.
	client = c.socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	c.must(syscall.Connect(client, end(syscall.AF_INET, 53)))
	c.sendMany(client, query(3, "a.glibc.example"), query(4, "aaaa.glibc.example"))
	reply(2)
	for range 2 {
		_, _, err = syscall.Recvfrom(client, buffer, 0)
		c.must(err)
	}
	c.close(client, server)
}

func (c *causes) sendMany(fd int, messages ...[]byte) {
	type message struct {
		syscall.Msghdr
		length uint32
		_      [4]byte
	}
	list := make([]message, len(messages))
	for i, m := range messages {
		list[i].Iov, list[i].Iovlen = &syscall.Iovec{Base: &m[0], Len: uint64(len(m))}, 1
	}
	number, _ := syscallNumber("sendmmsg")
	n, _, e := syscall.Syscall6(uintptr(number), uintptr(fd), uintptr(unsafe.Pointer(&list[0])), uintptr(len(list)), 0, 0, 0)
	if e != 0 || int(n) != len(messages) {
		c.t.Fatal(n, e)
	}
}

func (c *causes) unix() {
	dir, err := os.MkdirTemp("", "vigil")
	c.must(err)
	defer os.RemoveAll(dir)
	c.report.Dir = dir
	c.must(os.Chdir(dir))
	c.must(os.Symlink("a.sock", "link.sock"))
	c.pair("a.sock", "./link.sock", syscall.SOCK_STREAM)
	c.pair("@vigil-"+filepath.Base(dir), "@vigil-"+filepath.Base(dir), syscall.SOCK_STREAM)
	fd := c.socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	c.must(syscall.Bind(fd, &syscall.SockaddrUnix{Name: dir + "/d.sock"}))
	client := c.socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	c.must(syscall.Connect(client, &syscall.SockaddrUnix{Name: dir + "/d.sock"}))
	c.close(client, fd)
	client = c.socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	c.mustBe(syscall.Connect(client, &syscall.SockaddrUnix{Name: "none.sock"}), syscall.ENOENT)
	c.close(client)
}

func (c *causes) pair(bind, connect string, kind int) {
	c.t.Helper()
	server := c.socket(syscall.AF_UNIX, kind, 0)
	c.must(syscall.Bind(server, &syscall.SockaddrUnix{Name: bind}))
	c.must(syscall.Listen(server, 5))
	client := c.socket(syscall.AF_UNIX, kind, 0)
	c.must(syscall.Connect(client, &syscall.SockaddrUnix{Name: connect}))
	accepted, _, err := syscall.Accept4(server, 0)
	c.must(err)
	c.close(accepted, client, server)
}

func (c *causes) raw() {
	c.close(c.socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP))
	c.close(c.socket(syscall.AF_PACKET, syscall.SOCK_DGRAM, 0x0300)) // ETH_P_ALL in network order
	c.close(c.socket(syscall.AF_NETLINK, syscall.SOCK_RAW, 0))       // not told
}

// many makes connections, nothing else.
func (c *causes) many(n int) {
	server := c.bound(syscall.AF_INET, syscall.SOCK_STREAM, 0, 0)
	c.must(syscall.Listen(server, 128))
	for range n {
		client := c.socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		c.must(syscall.Connect(client, end(syscall.AF_INET, c.port(server))))
		accepted, _, err := syscall.Accept4(server, 0)
		c.must(err)
		c.close(client, accepted)
	}
	c.close(server)
}
