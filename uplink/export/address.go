package export

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
)

// TLS says whom to trust and who we are. The zero TLS trusts what the system trusts.
type TLS struct {
	CA          string `json:"ca,omitempty"`          // file of PEM certificates to trust in place of the system's
	Certificate string `json:"certificate,omitempty"` // file with our own, for destinations that want one; with Key
	Key         string `json:"key,omitempty"`
	Name        string `json:"name,omitempty"` // the destination's, in place of that of its address
}

func (t *TLS) check() error {
	if (t.Certificate == "") != (t.Key == "") {
		return errors.New("tls: certificate and key belong together: give both or none")
	}
	_, err := t.config()
	return err
}

func (t *TLS) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.Name}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w: give a file that can be read", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca: %s has no certificate: give a PEM file", t.CA)
		}
	}
	if t.Certificate != "" {
		own, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
		if err != nil {
			return nil, fmt.Errorf("tls.certificate: %w: give a PEM file, and its key in tls.key", err)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, nil
}

// checkURL takes http and https with a host. A field's secrets do not belong in it.
func checkURL(field, text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s: no address of a web server: give one such as https://siem.example:8088", field)
	case u.User != nil:
		return fmt.Errorf("%s: it has a user or password in it: give them in fields of their own", field)
	}
	return nil
}

func checkAddress(field, address string) error {
	if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
		return fmt.Errorf("%s: %q is no address: give one such as siem.example:6514", field, address)
	}
	return nil
}

// place is what of a URL may be shown: paths and queries of webhooks are secrets.
func place(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "?"
	}
	return u.Scheme + "://" + u.Host
}
