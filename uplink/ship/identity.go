package ship

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"vigil/uplink/ship/protocol"
)

// identity is who this sensor is and whom it trusts, as one file of its state folder: a
// crash leaves the old one or the new one.
type identity struct {
	Server      string `json:"server"`
	Sensor      string `json:"sensor"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Authority   string `json:"authority"`

	pair *tls.Certificate
	pool *x509.CertPool
}

const identityFile = "identity.json"

// ErrNotEnrolled is when the state folder has no identity.
var ErrNotEnrolled = errors.New("not enrolled: vigil enroll URL TOKEN")

// ErrOver is when the certificate has ended: the sensor was off for longer than it lasts.
var ErrOver = errors.New("the certificate of this host has ended")

// Expires gives when the certificate ends that the state folder has; ErrNotEnrolled, or
// what is wrong with it.
func Expires(dir string) (time.Time, error) {
	id, err := readIdentity(dir)
	if err != nil {
		return time.Time{}, fmt.Errorf("read who this host is: %w", err)
	}
	return id.expires(), nil
}

func readIdentity(dir string) (*identity, error) {
	text, err := os.ReadFile(filepath.Join(dir, identityFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotEnrolled
	} else if err != nil {
		return nil, err
	}
	id := &identity{}
	if err := json.Unmarshal(text, id); err != nil {
		return nil, fmt.Errorf("%s: %w", identityFile, err)
	}
	return id, id.parse()
}

// parse reads the certificates.
func (id *identity) parse() error {
	if _, err := serverURL(id.Server); err != nil {
		return err
	}
	pair, err := tls.X509KeyPair([]byte(id.Certificate), []byte(id.Key))
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	id.pair, id.pool = &pair, x509.NewCertPool()
	authority, err := parseAuthority(id.Authority)
	if err != nil {
		return err
	}
	id.pool.AddCert(authority)
	chains, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: id.pool, CurrentTime: pair.Leaf.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil || len(chains) == 0 {
		return fmt.Errorf("certificate: not of the server's authority: %w", err)
	}
	return nil
}

func parseAuthority(text string) (*x509.Certificate, error) {
	b, _ := pem.Decode([]byte(text))
	if b == nil || b.Type != "CERTIFICATE" {
		return nil, errors.New("authority: no certificate in it")
	}
	c, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	return c, nil
}

func serverURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	if u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("server: %q is no address like https://HOST:PORT", text)
	}
	return u, nil
}

func (id *identity) write(dir string) error {
	text, err := json.Marshal(id)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, identityFile), text)
}

// expires is when the certificate ends, renews when to ask for the next: half-way.
func (id *identity) expires() time.Time { return id.pair.Leaf.NotAfter }

func (id *identity) renews() time.Time {
	return id.pair.Leaf.NotBefore.Add(id.pair.Leaf.NotAfter.Sub(id.pair.Leaf.NotBefore) / 2)
}

// over says that the certificate has ended, and what to do; nil while it has not.
func (c *Client) over() error {
	ended := c.id.Load().expires()
	if c.Clock.Now().Before(ended) {
		return nil
	}
	return fmt.Errorf("%w, at %s: run vigil enroll %s TOKEN --state %s (a token: the console, settings, enrolment)",
		ErrOver, ended.UTC().Format(time.RFC3339), c.server, c.Dir)
}

// enrolledAgain takes a newer identity at the same server, which vigil enroll wrote.
func (c *Client) enrolledAgain() bool {
	old := c.id.Load()
	id, err := readIdentity(c.Dir)
	if err != nil || id.Authority != old.Authority || !c.Clock.Now().Before(id.expires()) {
		return false
	}
	c.id.Store(id)
	c.transport.CloseIdleConnections()
	c.Log.Info("enrolled again", "sensor", id.Sensor)
	return true
}

// of makes what the server answered the identity, and checks it.
func (id *identity) of(a protocol.Identity, key []byte) (*identity, error) {
	next := &identity{Server: id.Server, Sensor: a.Sensor, Certificate: a.Certificate, Key: string(key), Authority: a.Authority}
	if id.Authority != "" && id.Authority != a.Authority {
		return nil, errors.New("the server answers with another authority than the one that is pinned")
	}
	if err := next.parse(); err != nil {
		return nil, err
	}
	if next.pair.Leaf.Subject.CommonName != a.Sensor {
		return nil, errors.New("the certificate is another sensor's")
	}
	return next, nil
}

// replaceFile puts a file in place at once, readable by its owner only.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.TrimSpace(text))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}
