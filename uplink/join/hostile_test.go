package join

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/uplink/batch"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

// A whole server refuses what an enrolled sensor should not send, says why, and goes on.
func TestHostileSensor(t *testing.T) {
	s, err := Open(t.Context(), Settings{Dir: t.TempDir(), Listen: "127.0.0.1:0", Sensors: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, errors.Join(<-served, s.Close()))
	})
	client := enrolled(t, s)
	sequence := uint64(0)
	send := func(class protocol.Class, body []byte) (int, string) {
		sequence++
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.SensorsURL()+protocol.PathBatches, bytes.NewReader(body))
		must(t, err)
		protocol.ID{Epoch: 7, Sequence: sequence, Class: class}.Write(q.Header, body)
		r, err := client.Do(q)
		must(t, err)
		said, err := io.ReadAll(r.Body)
		must(t, errors.Join(err, r.Body.Close()))
		return r.StatusCode, string(said)
	}
	block := func(alert string) []byte {
		e := batch.NewEncoder(decode.Meta{Host: "hostile"})
		e.Alert([]byte(alert))
		return e.Encode(nil)
	}
	bomb := block(strings.Repeat("x", 40<<20))
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	good := block(`{}`)
	torn := bytes.Clone(good)
	torn[len(torn)-1] ^= 1
	for _, c := range []struct {
		name   string
		class  protocol.Class
		body   []byte
		status int
		says   string
	}{
		{"that becomes too large", protocol.Alerts, bomb, 422, "it becomes more than 33554432 bytes"},
		{"that is too large", protocol.Alerts, make([]byte, protocol.MaxBatch+1), 413, "the most is 8388608"},
		{"that is none", protocol.Events, []byte("none"), 422, "cannot be decoded"},
		{"that was damaged before it was sent", protocol.Alerts, torn, 422, "checksum"},
		{"of another class", protocol.Events, good, 422, "holds alerts"},
		{"that is good", protocol.Alerts, good, 200, ""},
	} {
		if status, said := send(c.class, c.body); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("a batch %s: %d %s, want %d %s", c.name, status, said, c.status, c.says)
		}
	}
}

// enrolled is a client with a sensor's certificate.
func enrolled(t *testing.T, s *Server) *http.Client {
	t.Helper()
	token, err := s.Enrolment(t.Context(), "test", time.Minute)
	must(t, err)
	dir := t.TempDir()
	_, err = ship.Enrol(t.Context(), ship.Enrolment{Dir: dir, Server: s.SensorsURL(), Token: token, Name: "hostile"})
	must(t, err)
	text, err := os.ReadFile(filepath.Join(dir, "identity.json"))
	must(t, err)
	var id struct{ Certificate, Key, Authority string }
	must(t, json.Unmarshal(text, &id))
	pair, err := tls.X509KeyPair([]byte(id.Certificate), []byte(id.Key))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(id.Authority))
	way := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}
	t.Cleanup(way.CloseIdleConnections)
	return &http.Client{Transport: way}
}
