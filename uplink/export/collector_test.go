package export

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// mood is how a collector meets a request.
type mood uint8

const (
	good      mood = iota
	busy           // 503
	slow           // no answer until the sender has gone
	cutBefore      // reads half of the body and resets the connection
	cutAfter       // takes all of it, and the answer is cut off in the middle
	rubbish        // takes nothing, and answers 200 with what is no answer
)

// collector is a web server that takes what an exporter sends.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	moods  []mood // of the next requests; then good
	bodies int
	got    bytes.Buffer // what was taken
}

// newCollector makes one. take gets a whole body, unpacked: it gives what it takes of it,
// the status and the answer.
func newCollector(t *testing.T, moods []mood, take func(r *http.Request, body []byte) (got []byte, status int, answer string)) *collector {
	t.Helper()
	c := &collector{moods: moods}
	c.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch c.mood() {
		case busy:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case slow:
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		case cutBefore:
			_, _ = io.CopyN(io.Discard, r.Body, max(r.ContentLength/2, 1))
			reset(w)
			return
		case cutAfter:
			body := unpack(r)
			got, _, _ := take(r, body)
			c.keep(got)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"it`)
			_ = http.NewResponseController(w).Flush()
			reset(w)
			return
		case rubbish:
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "<html>a proxy says welcome</html>")
			return
		}
		body := unpack(r)
		got, status, answer := take(r, body)
		c.keep(got)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	c.EnableHTTP2 = false
	t.Cleanup(c.Close)
	return c
}

func (c *collector) mood() mood {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.moods) == 0 {
		return good
	}
	m := c.moods[0]
	c.moods = c.moods[1:]
	return m
}

func (c *collector) keep(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies++
	c.got.Write(b)
}

func (c *collector) numbers() map[int]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return numbers(c.got.Bytes())
}

// trust gives a file with the collector's certificate.
func (c *collector) trust(t *testing.T) TLS {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return TLS{CA: name}
}

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if under, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = under.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// unpack reads a body. When the sender gave up in its middle, the request ends without an
// answer: a handler that only returns answers 200, and a sender whose time is over as it
// comes (TLS says that it closes before it does) takes that for what it is.
func unpack(r *http.Request) []byte {
	from := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		from = z
	}
	body, err := io.ReadAll(from)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return body
}

// everyMood is a collector's bad day.
func everyMood() []mood {
	return []mood{busy, good, slow, cutBefore, good, cutAfter, busy, cutBefore, good, slow, cutAfter}
}

const moodItems = 600

// survives offers numbered items to an exporter whose collector has a bad day, and gives
// the status at the end.
func survives(t *testing.T, c Config, seen func() map[int]int, once bool) Status {
	t.Helper()
	c.Timeout = 300 * time.Millisecond
	c.Batch.Items = 50
	r := start(t, c)
	for k := range moodItems {
		r.Offer(numbered(k))
	}
	r.settle()
	s := r.end()
	whole(t, s, seen(), moodItems, once)
	if s.Failures == 0 || s.LastError == "" {
		t.Errorf("nothing failed: %+v", s)
	}
	return s
}
