package ingest_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/server/pki"
	"vigil/uplink/ship"
	"vigil/uplink/ship/protocol"
)

// certificate reads what a sensor's folder holds.
func certificate(t *testing.T, dir string) tls.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "identity.json"))
	must(t, err)
	var id struct{ Certificate, Key string }
	must(t, json.Unmarshal(text, &id))
	c, err := tls.X509KeyPair([]byte(id.Certificate), []byte(id.Key))
	must(t, err)
	return c
}

// signed makes a certificate of an authority for a sensor.
func signed(t *testing.T, a *pki.Authority, id string) tls.Certificate {
	t.Helper()
	key, err := protocol.NewKey()
	must(t, err)
	text, err := protocol.Request(key)
	must(t, err)
	r, err := pki.ParseRequest(text)
	must(t, err)
	c, err := a.Sensor(id, r)
	must(t, err)
	keyText, err := protocol.EncodeKey(key)
	must(t, err)
	pair, err := tls.X509KeyPair(c.PEM, keyText)
	must(t, err)
	return pair
}

// hostile is a client of its own making: it shows the certificate whatever the server asks for.
func (w *world) hostile(c *tls.Certificate) *http.Client {
	conf := &tls.Config{RootCAs: w.authority.Pool(), ServerName: protocol.ServerName, Time: w.clock}
	if c != nil {
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
	}
	tr := &http.Transport{TLSClientConfig: conf, ForceAttemptHTTP2: true}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// post sends a batch as it should be, changed by change; it gives status and detail.
func (w *world) post(c *http.Client, body []byte, change func(*http.Request)) (int, string) {
	w.t.Helper()
	q, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.URL+protocol.PathBatches, bytes.NewReader(body))
	must(w.t, err)
	protocol.ID{Epoch: 7, Sequence: 1, Class: protocol.Events}.Write(q.Header, body)
	if change != nil {
		change(q)
	}
	r, err := c.Do(q)
	if err != nil {
		return 0, err.Error()
	}
	text, err := io.ReadAll(r.Body)
	must(w.t, errors.Join(err, r.Body.Close()))
	return r.StatusCode, string(text)
}

func TestWrongCertificates(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	good := certificate(t, dir)
	other, err := pki.Open(t.TempDir(), w.clock)
	must(t, err)
	foreign := signed(t, other, id)
	unknown := signed(t, w.authority, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
	serverTLS, err := w.authority.ServerTLS(nil).GetCertificate(nil)
	must(t, err)
	for _, c := range []struct {
		name   string
		cert   *tls.Certificate
		status int
		detail string
	}{
		{"none", nil, 401, "shows its certificate"},
		{"another authority's", &foreign, 0, "signed by unknown authority"},
		{"the server's own", serverTLS, 0, "incompatible key usage"},
		{"of an unknown sensor", &unknown, 403, "not known here"},
		{"the sensor's", &good, 200, ""},
	} {
		status, detail := w.post(w.hostile(c.cert), []byte("x"), nil)
		if status != c.status || status != 0 && !strings.Contains(detail, c.detail) {
			t.Errorf("certificate %s: %d %s", c.name, status, detail)
		}
		if status == 0 { // the handshake failed: the server says why
			until(t, c.detail, func() bool { return strings.Contains(w.handshakes.String(), c.detail) })
		}
	}
	w.pass(pki.SensorLife + time.Hour)
	if status, detail := w.post(w.hostile(&good), []byte("x"), nil); status != 0 {
		t.Errorf("an expired certificate: %d %s", status, detail)
	}
	until(t, "expired", func() bool { return strings.Contains(w.handshakes.String(), "has expired") })
}

// A sensor that is revoked is out at its next request, on the connection that it has.
func TestRevoked(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	c := certificate(t, dir)
	client := w.hostile(&c)
	if status, detail := w.post(client, []byte("x"), nil); status != 200 {
		t.Fatalf("%d %s", status, detail)
	}
	must(t, w.state.Revoke(t.Context(), id, "stolen"))
	next := func(q *http.Request) {
		protocol.ID{Epoch: 7, Sequence: 2, Class: protocol.Events}.Write(q.Header, []byte("x"))
	}
	if status, detail := w.post(client, []byte("x"), next); status != 403 || !strings.Contains(detail, "revoked") {
		t.Errorf("%d %s", status, detail)
	}
	for _, path := range []string{protocol.PathRenew, protocol.PathDrops, protocol.PathReport} {
		r, err := client.Post(w.server.URL+path, "application/json", strings.NewReader("{}"))
		must(t, err)
		must(t, r.Body.Close())
		if r.StatusCode != 403 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	if n := len(w.disk.has()); n != 1 {
		t.Errorf("%d batches in the spool", n)
	}
}

func TestHostileBatches(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	other, _ := w.enrol()
	c := certificate(t, dir)
	client := w.hostile(&c)
	for _, h := range []struct {
		name   string
		body   []byte
		change func(*http.Request)
		status int
		detail string
	}{
		{"too large", make([]byte, protocol.MaxBatch+1), nil, 413, "the most is 8388608"},
		{"without a length", []byte("x"), func(q *http.Request) { q.ContentLength = -1 }, 411, "says its length"},
		{"damaged", []byte("x"), func(q *http.Request) { q.Body = io.NopCloser(strings.NewReader("y")) }, 400, "damaged"},
		{"without an epoch", []byte("x"), func(q *http.Request) { q.Header.Del("Vigil-Epoch") }, 400, "Vigil-Epoch"},
		{"of sequence 0", []byte("x"), func(q *http.Request) { q.Header.Set("Vigil-Sequence", "0") }, 400, "Vigil-Sequence"},
		{"of no class", []byte("x"), func(q *http.Request) { q.Header.Set("Vigil-Class", "x") }, 400, "Vigil-Class"},
		{"in another's name", []byte("x"), func(q *http.Request) {
			q.Header.Set("Vigil-Sensor", other)
			q.URL.RawQuery = "sensor=" + other
		}, 200, ""},
		{"replayed", []byte("another"), nil, 200, ""},
	} {
		if status, detail := w.post(client, h.body, h.change); status != h.status || !strings.Contains(detail, h.detail) {
			t.Errorf("a batch %s: %d %s, want %d %s", h.name, status, detail, h.status, h.detail)
		}
	}
	if all := w.disk.has(); len(all) != 1 || all[0].Sensor != id || string(all[0].Body) != "x" {
		t.Errorf("in the spool: %+v", all)
	}
}

func TestHostileMessages(t *testing.T) {
	w := newWorld(t)
	_, dir := w.enrol()
	c := certificate(t, dir)
	client := w.hostile(&c)
	for _, h := range []struct{ path, body string }{
		{protocol.PathDrops, `[{"epoch":"x","first":1,"last":1,"class":"events","reason":"r"}]`},
		{protocol.PathDrops, `[{"epoch":"0000000000000001","first":2,"last":1,"class":"events","reason":"r"}]`},
		{protocol.PathDrops, `[{"epoch":"0000000000000001","first":1,"last":1,"class":"events","reason":"a\u0000b"}]`},
		{protocol.PathDrops, `{`},
		{protocol.PathReport, `{"health":[]}`},
		{protocol.PathReport, `{"version":"a\u001b[31m"}`},
		{protocol.PathRenew, `{"request":"none"}`},
	} {
		r, err := client.Post(w.server.URL+h.path, "application/json", strings.NewReader(h.body))
		must(t, err)
		must(t, r.Body.Close())
		if r.StatusCode != 400 {
			t.Errorf("%s %s: %d", h.path, h.body, r.StatusCode)
		}
	}
}

// A sensor that is given a token does not speak to a server of another authority.
func TestFirstContactIsPinned(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	_, err := ship.Enrol(t.Context(), ship.Enrolment{Dir: t.TempDir(), Server: other.server.URL, Token: w.token(), Name: "x"})
	if err == nil || !strings.Contains(err.Error(), "its authority is another") {
		t.Errorf("enrolled at another server: %v", err)
	}
	// A server that shows the right authority without having its key.
	der, _ := pem.Decode(w.authority.PEM())
	fake, err := other.authority.ServerTLS(nil).GetCertificate(nil)
	must(t, err)
	fake = &tls.Certificate{Certificate: [][]byte{fake.Certificate[0], der.Bytes}, PrivateKey: fake.PrivateKey}
	l := httptestTLS(t, fake)
	_, err = ship.Enrol(t.Context(), ship.Enrolment{Dir: t.TempDir(), Server: l, Token: w.token(), Name: "x"})
	if unknown := "signed by unknown authority"; err == nil || !strings.Contains(err.Error(), unknown) && !strings.Contains(err.Error(), "ECDSA verification failure") {
		t.Errorf("enrolled at a server with a borrowed authority: %v", err)
	}
}

// What slows down guesses does not slow down a fleet that comes from one address.
func TestFleetEnrols(t *testing.T) {
	w := newWorld(t)
	for range 50 {
		w.enrol()
	}
}

func TestTokenOnce(t *testing.T) {
	w := newWorld(t)
	token := w.token()
	enrol := func() error {
		_, err := ship.Enrol(t.Context(), ship.Enrolment{Dir: t.TempDir(), Server: w.server.URL, Token: token, Name: "x"})
		return err
	}
	must(t, enrol())
	if err := enrol(); err == nil || !strings.Contains(err.Error(), "used already") {
		t.Errorf("a second host: %v", err)
	}
	for range 40 {
		token = protocol.Token{Secret: "guess", Authority: w.authority.Hash()}.String()
		if err := enrol(); err == nil {
			t.Fatal("a guessed token is good")
		} else if strings.Contains(err.Error(), "429") {
			return
		}
	}
	t.Error("40 guesses, and none was slowed down")
}

// The server ends between spool and claim; what it finds in its spool it claims, and the
// sensor's next try is a replay. What another server claimed meanwhile is not stored.
func TestServerEndsBeforeTheClaim(t *testing.T) {
	w := newWorld(t)
	id, dir := w.enrol()
	c := certificate(t, dir)
	left := ingest.Envelope{Key: control.Key{Sensor: id, Epoch: 7, Sequence: 1}, Class: protocol.Events, Body: []byte("x")}
	must(t, w.disk.Append(protocol.Events, 1, left.Append(nil)))
	other, err := w.state.Claim(t.Context(), "B", []control.Key{{Sensor: id, Epoch: 7, Sequence: 2}})
	must(t, err)
	mine, err := w.receiver.Claim(t.Context(), []control.Key{left.Key, {Sensor: id, Epoch: 7, Sequence: 2}})
	must(t, err)
	if !other[0] || !mine[0] || mine[1] {
		t.Errorf("B has %v, A has %v", other, mine)
	}
	if status, detail := w.post(w.hostile(&c), []byte("x"), nil); status != 200 {
		t.Errorf("%d %s", status, detail)
	}
	if n := len(w.disk.has()); n != 1 {
		t.Errorf("%d batches in the spool, want the one that was left there", n)
	}
}

func FuzzEnvelope(f *testing.F) {
	e := ingest.Envelope{Key: control.Key{Sensor: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Epoch: 1, Sequence: 2}, Class: protocol.Alerts, Body: []byte("body")}
	f.Add(e.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ingest.ReadEnvelope(b)
		if err == nil && !bytes.Equal(e.Append(nil), b) {
			t.Fatalf("%x is read as %+v", b, e)
		}
	})
}

// Requests for certificates come from anybody.
func FuzzRequest(f *testing.F) {
	key, err := protocol.NewKey()
	if err != nil {
		f.Fatal(err)
	}
	text, err := protocol.Request(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := pki.ParseRequest(text); err == nil && len(r.Hash) != 64 {
			t.Fatalf("a key without a name: %+v", r)
		}
	})
}
