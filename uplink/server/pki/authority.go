package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"vigil/uplink/ship/protocol"
)

// How long certificates last. A sensor renews in the second half: a host that is off for
// a week is still known when it comes back.
const (
	authorityLife = 20 * 365 * 24 * time.Hour
	serverLife    = 90 * 24 * time.Hour
	SensorLife    = 14 * 24 * time.Hour
	clockSkew     = 5 * time.Minute // by so much a sensor's clock may be behind
)

// Authority is the server's certificate authority.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// Open reads the authority from a folder, and makes it when there is none. Servers that
// share a control state share the folder's two files.
func Open(dir string, now func() time.Time) (*Authority, error) {
	a := &Authority{now: now}
	err := a.read(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = a.create(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	return a, nil
}

func (a *Authority) read(dir string) error {
	key, err := os.ReadFile(filepath.Join(dir, "authority.key"))
	if err != nil {
		return err
	}
	cert, err := os.ReadFile(filepath.Join(dir, "authority.crt"))
	if err != nil {
		return err
	}
	if a.key, err = protocol.ParseKey(key); err != nil {
		return fmt.Errorf("authority.key: %w", err)
	}
	if a.cert, err = parse(cert); err != nil {
		return fmt.Errorf("authority.crt: %w", err)
	}
	if !a.key.PublicKey.Equal(a.cert.PublicKey) {
		return errors.New("authority.key is not the key of authority.crt")
	}
	return nil
}

func (a *Authority) create(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "authority.crt")); err == nil {
		return errors.New("authority.crt is there, its key is not: a new authority would shut out every sensor")
	}
	key, err := protocol.NewKey()
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Vigil authority"},
		NotBefore: a.now().Add(-clockSkew), NotAfter: a.now().Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	a.key = key
	text, err := protocol.EncodeKey(key)
	if err != nil {
		return err
	}
	// The certificate comes last: with it the authority is whole.
	if err := write(filepath.Join(dir, "authority.key"), text); err != nil {
		return err
	}
	return write(filepath.Join(dir, "authority.crt"), a.PEM())
}

// write puts a file in place at once, readable by its owner only.
func write(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return encode(a.cert.Raw) }

// Hash is what sensors pin.
func (a *Authority) Hash() [sha256.Size]byte { return sha256.Sum256(a.cert.Raw) }

// Pool holds the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func encode(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func parse(text []byte) (*x509.Certificate, error) {
	b, _ := pem.Decode(text)
	if b == nil || b.Type != "CERTIFICATE" {
		return nil, errors.New("no certificate in it")
	}
	return x509.ParseCertificate(b.Bytes)
}

// serial is 127 bits of chance.
func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:])
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}
