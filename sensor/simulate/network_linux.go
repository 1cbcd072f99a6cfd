package simulate

import (
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func (p *part) network(in **os.File) error {
	host := net.JoinHostPort(p.Host, strconv.Itoa(p.Port))
	switch p.Do {
	case "connect":
		c, err := net.DialTimeout("tcp", host, time.Second)
		if err != nil {
			return err
		}
		*in, err = c.(*net.TCPConn).File()
		return err
	case "ask":
		c, err := net.Dial("udp", "127.0.0.1:53")
		if err != nil {
			return err
		}
		_, err = c.Write(question(p.Text))
		return errors.Join(err, c.Close())
	case "listen":
		l, err := net.Listen("tcp4", ":"+strconv.Itoa(p.Port))
		if err != nil {
			return err
		}
		return l.Close()
	case "scan":
		for port := range 80 {
			if err := try(net.JoinHostPort(p.Host, strconv.Itoa(p.Port+port))); err != nil {
				return err
			}
		}
		return nil
	case "sweep":
		for i := range 80 {
			if err := try(net.JoinHostPort(beside(p.Host, i).String(), strconv.Itoa(p.Port))); err != nil {
				return err
			}
		}
		return nil
	case "call":
		for i := range calls {
			if i > 0 {
				time.Sleep(between)
			}
			if err := try(host); err != nil {
				return err
			}
		}
		return nil
	case "probe":
		for port := range 8 {
			if err := p.letIn(p.Port + 1 + port); err != nil { // at the first the stage itself answers
				return err
			}
		}
		return nil
	case "let_in":
		return p.letIn(p.Port + 1)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// Calls as regular as a beacon's: as few, and as close, as are taken for one.
const (
	calls   = 13
	between = 5050 * time.Millisecond
)

// try connects, or is refused where nobody listens.
func try(address string) error {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if errors.Is(err, unix.ECONNREFUSED) {
		return nil
	} else if err != nil {
		return err
	}
	return c.Close()
}

// beside is another address of the same 256, which are the stage's own with the host:
// link gives it the netmask of its class.
func beside(host string, i int) net.IP {
	ip := slices.Clone(net.ParseIP(host).To4())
	ip[3] += byte(i)
	return ip
}

// letIn accepts a connection to a port, which it makes itself from another of the
// stage's addresses.
func (p *part) letIn(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort(p.Host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	from := net.Dialer{Timeout: time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(p.From)}}
	c, err := from.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	in, err := l.Accept()
	if err != nil {
		return err
	}
	return in.Close()
}

// question is one for the address of a name: RFC 1035, section 4.
func question(name string) []byte {
	b := []byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for label := range strings.SplitSeq(name, ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0, 0, 1, 0, 1)
}
