package ship

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"vigil/uplink/ship/protocol"
)

// Enrolment is what enrolling needs.
type Enrolment struct {
	Dir     string // the sensor's state, made when missing
	Server  string // https://HOST:PORT
	Token   string // as the server gave it
	Name    string // this host's
	Version string
	Proxy   Proxy
}

// Enrol makes this host a sensor of a server: it makes a key, which never leaves the
// host, and gets a certificate for it. The token's hash pins the server. It gives the
// sensor's ID. When the answer is lost it may be called again with the same token: the
// key is kept from the first try on.
func Enrol(ctx context.Context, e Enrolment) (string, error) {
	id, err := enrol(ctx, e)
	if err != nil {
		return "", fmt.Errorf("enrol at %s: %w", e.Server, err)
	}
	return id, nil
}

func enrol(ctx context.Context, e Enrolment) (string, error) {
	token, err := protocol.ParseToken(e.Token)
	if err != nil {
		return "", err
	}
	server, err := serverURL(e.Server)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(e.Dir, 0o700); err != nil {
		return "", err
	}
	keep := filepath.Join(e.Dir, "enrolling.key")
	key, request, err := enrolmentKey(keep)
	if err != nil {
		return "", err
	}
	t, err := transport(server, pinned(token), e.Proxy)
	if err != nil {
		return "", err
	}
	defer t.CloseIdleConnections()
	var a protocol.Identity
	q, err := message(ctx, server.JoinPath(protocol.PathEnrol).String(), protocol.Enrol{Request: request, Name: e.Name, Version: e.Version})
	if err != nil {
		return "", err
	}
	q.Header.Set("Authorization", "Bearer "+token.Secret)
	if _, err := exchange(&http.Client{Transport: t, Timeout: time.Minute}, q, &a); err != nil {
		return "", err
	}
	authority, err := parseAuthority(a.Authority)
	if err != nil {
		return "", err
	}
	if !token.Pins(authority.Raw) {
		return "", errors.New("the server answers with another authority than the token's")
	}
	id, err := (&identity{Server: server.String()}).of(a, key)
	if err != nil {
		return "", err
	}
	// A policy of another server is none of this one's.
	if old, err := readIdentity(e.Dir); err != nil || old.Authority != id.Authority {
		if err := os.Remove(filepath.Join(e.Dir, policyFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	if err := id.write(e.Dir); err != nil {
		return "", err
	}
	return id.Sensor, os.Remove(keep)
}

// enrolmentKey gives the key of an earlier try, or a new one, and a request for it.
func enrolmentKey(path string) (text []byte, request string, err error) {
	text, err = os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key, err := protocol.NewKey()
		if err != nil {
			return nil, "", err
		}
		if text, err = protocol.EncodeKey(key); err != nil {
			return nil, "", err
		}
		if err := replaceFile(path, text); err != nil {
			return nil, "", err
		}
	} else if err != nil {
		return nil, "", err
	}
	key, err := protocol.ParseKey(text)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	request, err = protocol.Request(key)
	return text, request, err
}

// pinned accepts the one server whose authority has the token's hash. The authority is
// not known yet, only its hash: the server sends it along, and what Go would check by
// known roots is checked here by that one.
func pinned(token protocol.Token) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: protocol.ServerName, InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			for _, c := range s.PeerCertificates[1:] {
				if !token.Pins(c.Raw) {
					continue
				}
				roots := x509.NewCertPool()
				roots.AddCert(c)
				_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{
					Roots: roots, DNSName: protocol.ServerName, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
				})
				return err
			}
			return errors.New("this is not the server that the token is for: its authority is another")
		},
	}
}
