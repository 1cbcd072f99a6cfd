//go:build linux

package bpf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

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
	// As musl's: sendto, recvmsg. The answer is sent in two parts, so that it does
	// not lie in one piece in its packet, as from a network card.
	client = c.socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	c.must(syscall.Sendto(client, query(2, "musl.example"), 0, end(syscall.AF_INET, 53)))
	n, from, err := syscall.Recvfrom(server, buffer, 0)
	c.must(err)
	message := answer(buffer[:n])
	c.must(syscall.Sendto(server, message[:20], 0x8000 /* MSG_MORE */, from))
	c.must(syscall.Sendto(server, message[20:], 0, from))
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
	defer func() { _ = os.RemoveAll(dir) }()
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

// old has a connection that is there before the capture, and ends after.
func (c *causes) old() {
	server := c.bound(syscall.AF_INET, syscall.SOCK_STREAM, 0, 0)
	c.must(syscall.Listen(server, 1))
	client := c.socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	c.must(syscall.Connect(client, end(syscall.AF_INET, c.port(server))))
	accepted, _, err := syscall.Accept4(server, 0)
	c.must(err)
	c.note("old-client", c.port(client))
	c.note("old-server", c.port(server))
	fmt.Println("READY")
	c.receive(0, 1) // the parent captures now
	c.send(client, 5)
	c.receive(accepted, 5)
	c.close(client, accepted, server)
}
