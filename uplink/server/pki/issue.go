package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"vigil/uplink/ship/protocol"
)

// Request is what a sensor asks a certificate for: its key, and nothing else of what the
// request says.
type Request struct {
	Hash string // names the key

	key *ecdsa.PublicKey
}

// ParseRequest reads a certificate request, PKCS #10 in PEM, and checks that the sender
// has the key.
func ParseRequest(text string) (Request, error) {
	b, _ := pem.Decode([]byte(text))
	if b == nil || b.Type != "CERTIFICATE REQUEST" {
		return Request{}, errors.New("parse certificate request: none in it")
	}
	r, err := x509.ParseCertificateRequest(b.Bytes)
	if err != nil {
		return Request{}, fmt.Errorf("parse certificate request: %w", err)
	}
	key, ok := r.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return Request{}, errors.New("parse certificate request: a key on P-256 is wanted")
	}
	if err := r.CheckSignature(); err != nil {
		return Request{}, fmt.Errorf("parse certificate request: %w", err)
	}
	h := sha256.Sum256(r.RawSubjectPublicKeyInfo)
	return Request{hex.EncodeToString(h[:]), key}, nil
}

// Certificate is one that the authority made.
type Certificate struct {
	PEM     []byte
	Serial  string
	Expires time.Time
}

// Sensor makes a sensor's certificate.
func (a *Authority) Sensor(id string, r Request) (Certificate, error) {
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: id},
		NotBefore: a.now().Add(-clockSkew), NotAfter: a.now().Add(SensorLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, r.key, a.key)
	if err != nil {
		return Certificate{}, fmt.Errorf("sign sensor %s: %w", id, err)
	}
	return Certificate{encode(der), t.SerialNumber.Text(16), t.NotAfter.UTC().Truncate(time.Second)}, nil
}

// SensorOf gives the sensor whose certificate was shown; "" when none was.
func SensorOf(state *tls.ConnectionState) string {
	if state == nil || len(state.VerifiedChains) == 0 {
		return ""
	}
	return state.VerifiedChains[0][0].Subject.CommonName
}

// ServerTLS is how the server speaks TLS under the given names and addresses. Its
// certificate is made anew, in memory, before it ends. A client may show a certificate;
// which must be a sensor's, unexpired.
func (a *Authority) ServerTLS(names []string) *tls.Config {
	s := &serverCertificate{authority: a, names: names}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"},
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: a.Pool(), Time: a.now,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.get() },
	}
}

type serverCertificate struct {
	authority *Authority
	names     []string

	mu   sync.Mutex
	cert *tls.Certificate
}

func (s *serverCertificate) get() (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cert == nil || s.cert.Leaf.NotAfter.Sub(s.authority.now()) < serverLife/3 {
		cert, err := s.authority.server(s.names)
		if err != nil {
			return nil, fmt.Errorf("make server certificate: %w", err)
		}
		s.cert = cert
	}
	return s.cert, nil
}

func (a *Authority) server(names []string) (*tls.Certificate, error) {
	key, err := protocol.NewKey()
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: protocol.ServerName}, DNSNames: []string{protocol.ServerName},
		NotBefore: a.now().Add(-clockSkew), NotAfter: a.now().Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	// The authority goes along: a sensor that enrols knows only its hash.
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
