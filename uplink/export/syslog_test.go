package export

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// listener receives syslog by TCP or TLS, octet counted, in moods.
type listener struct {
	net.Listener
	t     *testing.T
	mu    sync.Mutex
	moods []mood
	got   bytes.Buffer // messages that were read whole
	peers int          // connections that showed a certificate
	all   sync.WaitGroup
}

func newListener(t *testing.T, config *tls.Config, moods ...mood) *listener {
	t.Helper()
	under, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Listener: under, t: t, moods: moods}
	l.all.Go(func() {
		for {
			conn, err := under.Accept()
			if err != nil {
				return
			}
			l.all.Go(func() { l.serve(conn, config) })
		}
	})
	t.Cleanup(func() {
		_ = under.Close()
		l.all.Wait()
	})
	return l
}

func (l *listener) serve(conn net.Conn, config *tls.Config) {
	under := conn.(*net.TCPConn)
	defer func() { _ = under.Close() }()
	if config != nil {
		conn = tls.Server(conn, config)
	}
	l.mu.Lock()
	m := good
	if len(l.moods) > 0 {
		m, l.moods = l.moods[0], l.moods[1:]
	}
	l.mu.Unlock()
	r := bufio.NewReaderSize(conn, 256) // reads little more than it takes
	switch m {
	case slow: // reads, and never ends
		_, _ = io.Copy(io.Discard, r)
		for { // until the sender has gone
			if _, err := under.Write([]byte{0}); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	case cutBefore:
		return
	case cutAfter: // takes some messages, and dies with the others unread
		for range 7 {
			l.message(r)
		}
		return
	case rubbish: // an HTTP server, say
		for {
			if _, err := conn.Write(bytes.Repeat([]byte("400 Bad Request\r\n"), 100)); err != nil {
				return
			}
		}
	}
	for l.message(r) {
	}
	if c, ok := conn.(*tls.Conn); ok {
		if len(c.ConnectionState().PeerCertificates) > 0 {
			l.mu.Lock()
			l.peers++
			l.mu.Unlock()
		}
		_ = c.Close()
	}
}

// message reads one message (RFC 6587, 3.4.1).
func (l *listener) message(r *bufio.Reader) bool {
	n, c := 0, byte(0)
	for c != ' ' {
		var err error
		if c, err = r.ReadByte(); err != nil {
			return false
		}
		if c != ' ' {
			n = 10*n + int(c-'0')
		}
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return false
	}
	if _, err := rfc5424Parse(b); err != nil {
		l.t.Errorf("%v in %q", err, b)
	}
	l.mu.Lock()
	l.got.Write(b)
	l.mu.Unlock()
	return true
}

func (l *listener) numbers() map[int]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return numbers(l.got.Bytes())
}

func syslogMoods() []mood {
	return []mood{good, cutBefore, cutAfter, good, slow, cutAfter, rubbish, good, cutAfter}
}

// certificate gives a certificate for 127.0.0.1, and the files of a TLS that trusts and has it.
func certificate(t *testing.T) (tls.Certificate, TLS) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	c := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	files := TLS{CA: filepath.Join(t.TempDir(), "ca.pem"), Certificate: filepath.Join(t.TempDir(), "own.pem"), Key: filepath.Join(t.TempDir(), "key.pem")}
	for name, b := range map[string]*pem.Block{
		files.CA: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, files.Certificate: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, files.Key: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c, files
}

func TestSyslogTCP(t *testing.T) {
	for _, format := range []string{formatFields, formatCEF, formatOCSF} {
		l := newListener(t, nil, syslogMoods()...)
		survives(t, Config{Syslog: &Syslog{Network: "tcp", Address: l.Addr().String(), Format: format}}, l.numbers, false)
	}
}

func TestSyslogTLS(t *testing.T) {
	own, files := certificate(t)
	l := newListener(t, &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert}, syslogMoods()...)
	survives(t, Config{Syslog: &Syslog{Network: "tls", Address: l.Addr().String(), TLS: files}}, l.numbers, false)
	if l.peers == 0 {
		t.Error("no connection showed its certificate")
	}

	files.CA = "" // then it is one that nobody trusts
	r := start(t, Config{Syslog: &Syslog{Network: "tls", Address: l.Addr().String(), TLS: files}})
	r.Offer(numbered(1))
	for r.Status().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	if s := r.end(); s.Delivered != 0 || !strings.Contains(s.LastError, "certificate") {
		t.Errorf("%+v", s)
	}
}

func TestSyslogUDP(t *testing.T) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	address := conn.LocalAddr().String()
	_ = conn.Close() // nobody listens yet: the kernel tells so for each that is sent
	r := start(t, Config{Syslog: &Syslog{Network: "udp", Address: address, MaxBytes: 1000}, Batch: Batch{Items: 1}})
	r.Offer(numbered(0))
	r.Offer(numbered(10))
	for r.Status().Failures == 0 {
		r.Offer(numbered(20))
		time.Sleep(time.Millisecond)
	}
	if !strings.Contains(r.Status().LastError, "refused") {
		t.Errorf("%+v", r.Status())
	}
	if conn, err = net.ListenUDP("udp", conn.LocalAddr().(*net.UDPAddr)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	before := r.settle()

	const n = 50
	long := numbered(n)
	long.JSON = append(long.JSON[:len(long.JSON)-1], fmt.Sprintf(`,"actor":{"process":{"cmd_line":%q}},"process":{"cmd_line":%q}}`, strings.Repeat("a", 2000), strings.Repeat("b", 2000))...)
	for k := range n {
		r.Offer(numbered(1000 + k))
	}
	r.Offer(long)
	s := r.settle()
	if lost(s, ReasonTooLarge) != 1 || s.Delivered-before.Delivered != n {
		t.Errorf("%+v", s)
	}
	seen := map[int]int{}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for b := make([]byte, 65536); len(seen) < n; {
		got, err := conn.Read(b)
		if err != nil {
			t.Fatalf("received %d of %d: %v", len(seen), n, err)
		}
		if _, err := rfc5424Parse(b[:got]); err != nil {
			t.Errorf("%v in %q", err, b[:got])
		}
		for k := range numbers(b[:got]) {
			if k >= 1000 {
				seen[k]++
			}
		}
	}
	r.end()
}

func TestSyslogMessage(t *testing.T) {
	i := alert("Web shell \"] \\ end")
	got := string(newRFC5424(formatFields, 16, 32473).append(nil, &i))
	const want = `<130>1 2026-01-02T03:04:05.678000Z web1 vigil - alert [vigil@32473 sensor="01JVIGIL00000000000SENSOR1" severity="High" class="Detection Finding" activity="Update" rule="vigil-web-shell" uid="alert-1" incident="alert-0" tactic="TA0003" technique="T1505.003" count="10" pid="1234" exec="1122334455667788" user="www-data" path="/usr/sbin/php-fpm" command="php-fpm 'a=b|c' <x> \\ " container="c0ffee"] ` +
		"\ufeff" + `High: Web shell "] \ end (T1505.003), by /usr/sbin/php-fpm, pid 1234, seen 10 times`
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	m, err := rfc5424Parse([]byte(got))
	if err != nil || (*m.StructuredData)["vigil@32473"]["rule"] != "vigil-web-shell" || *m.Hostname != "web1" || *m.Severity != 2 || *m.Facility != 16 {
		t.Errorf("%v: %+v", err, m)
	}
	i = event(7)
	i.JSON = bytes.ReplaceAll(i.JSON, []byte(`"web1"`), []byte(`"wéb 1"`))
	if m, err = rfc5424Parse(newRFC5424(formatCEF, 16, 1).append(nil, &i)); err != nil || *m.Hostname != "w__b_1" || !strings.HasPrefix(*m.Message, "CEF:0|Vigil|") {
		t.Errorf("%v: %+v", err, m)
	}
}
