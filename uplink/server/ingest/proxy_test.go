package ingest_test

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

// tunnel is a proxy that knows CONNECT.
func tunnel(used *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodConnect {
			http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
			return
		}
		to, err := net.Dial("tcp", q.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = to.Close() }()
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = from.Close() }()
		used.Add(1)
		_, _ = io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(to, from); _ = to.(*net.TCPConn).CloseWrite() })
		both.Go(func() { _, _ = io.Copy(from, to); _ = from.Close() })
		both.Wait()
	})
}

func TestThroughProxies(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{"http": httptest.NewServer, "https": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var used atomic.Int64
			p := start(tunnel(&used))
			t.Cleanup(p.Close)
			address, err := url.Parse(p.URL)
			must(t, err)
			proxy := ship.Proxy{URL: address}
			if c := p.Certificate(); c != nil {
				proxy.Roots = x509.NewCertPool()
				proxy.Roots.AddCert(c)
			}
			dir := t.TempDir()
			_, err = ship.Enrol(t.Context(), ship.Enrolment{Dir: dir, Server: w.server.URL, Token: w.token(), Name: "x", Proxy: proxy})
			must(t, err)
			q := newQueue(batch(1, protocol.Events, "x"))
			w.run(ship.Settings{Dir: dir, Spool: q, Proxy: proxy})
			q.wait(t, 1)
			if used.Load() < 2 {
				t.Errorf("the proxy was used %d times", used.Load())
			}
		})
	}
}
