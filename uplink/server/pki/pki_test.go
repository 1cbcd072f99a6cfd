package pki

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil/uplink/ship/protocol"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAuthorityStays(t *testing.T) {
	dir := t.TempDir()
	first, err := Open(dir, time.Now)
	must(t, err)
	second, err := Open(dir, time.Now)
	must(t, err)
	if first.Hash() != second.Hash() {
		t.Error("opened again it is another authority")
	}
	info, err := os.Stat(filepath.Join(dir, "authority.key"))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key can be read by others: %v", info.Mode())
	}
	other := t.TempDir()
	_, err = Open(other, time.Now)
	must(t, err)
	text, err := os.ReadFile(filepath.Join(other, "authority.key"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "authority.key"), text, 0o600))
	if _, err := Open(dir, time.Now); err == nil || !strings.Contains(err.Error(), "is not the key of") {
		t.Errorf("another's key: %v", err)
	}
	must(t, os.Remove(filepath.Join(dir, "authority.key")))
	if _, err := Open(dir, time.Now); err == nil || !strings.Contains(err.Error(), "shut out every sensor") {
		t.Errorf("without its key: %v", err)
	}
}

// A sensor's certificate is for a client only, whatever its request asks for.
func TestSensorCertificate(t *testing.T) {
	a, err := Open(t.TempDir(), time.Now)
	must(t, err)
	key, err := protocol.NewKey()
	must(t, err)
	text, err := protocol.Request(key)
	must(t, err)
	r, err := ParseRequest(text)
	must(t, err)
	c, err := a.Sensor("sensor", r)
	must(t, err)
	b, _ := pem.Decode(c.PEM)
	leaf, err := x509.ParseCertificate(b.Bytes)
	must(t, err)
	if leaf.Subject.CommonName != "sensor" || leaf.IsCA || len(leaf.DNSNames) > 0 || !leaf.NotAfter.Equal(c.Expires) {
		t.Errorf("certificate %+v", leaf.Subject)
	}
	for use, good := range map[x509.ExtKeyUsage]bool{x509.ExtKeyUsageClientAuth: true, x509.ExtKeyUsageServerAuth: false} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: a.Pool(), KeyUsages: []x509.ExtKeyUsage{use}})
		if (err == nil) != good {
			t.Errorf("as %v: %v", use, err)
		}
	}
	damaged := strings.Replace(text, "MI", "MJ", 1)
	if _, err := ParseRequest(damaged); err == nil {
		t.Error("a damaged request is good")
	}
}

// The server's certificate is made anew before it ends, and for the names it is reached by.
func TestServerCertificate(t *testing.T) {
	now := time.Now()
	a, err := Open(t.TempDir(), func() time.Time { return now })
	must(t, err)
	conf := a.ServerTLS([]string{"vigil.example", "192.0.2.1"})
	first, err := conf.GetCertificate(nil)
	must(t, err)
	for _, name := range []string{"vigil.example", "192.0.2.1", protocol.ServerName} {
		if err := first.Leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	again, err := conf.GetCertificate(nil)
	must(t, err)
	if again != first {
		t.Error("each connection has a certificate of its own")
	}
	now = now.Add(serverLife * 3 / 4)
	next, err := conf.GetCertificate(nil)
	must(t, err)
	if next == first {
		t.Error("a certificate that ends soon is kept")
	}
}
