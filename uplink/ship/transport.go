package ship

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vigil/uplink/ship/protocol"
)

// Proxy is the way out, where there is no other.
type Proxy struct {
	URL   *url.URL       // http or https; nil: what the environment says (HTTPS_PROXY, NO_PROXY)
	Roots *x509.CertPool // what an https proxy is checked by; nil: the system's
}

// For gives the proxy on the way to a server; nil for none.
func (p Proxy) For(server *url.URL) (*url.URL, error) {
	if p.URL != nil {
		return p.URL, nil
	}
	return http.ProxyFromEnvironment(&http.Request{URL: server})
}

// transport speaks to one server by the given rules of TLS. The connection is tried while
// it is idle, so that a cut network is known before a batch is lost on it.
func transport(server *url.URL, c *tls.Config, p Proxy) (*http.Transport, error) {
	proxy, err := p.For(server)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second}
	t := &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: c, DialContext: dialer.DialContext,
		ForceAttemptHTTP2: true, TLSHandshakeTimeout: 15 * time.Second, IdleConnTimeout: 90 * time.Second,
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
	if proxy != nil && proxy.Scheme == "https" {
		// The proxy is not the server: it is checked by its own name and roots.
		outer := &tls.Dialer{NetDialer: dialer, Config: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.Roots, ServerName: proxy.Hostname()}}
		t.DialTLSContext = outer.DialContext
	}
	return t, nil
}

// refused is an answer that is not yes.
type refused struct {
	status int
	detail string
	again  time.Duration // what Retry-After says
}

func (r *refused) Error() string {
	return fmt.Sprintf("the server answers %d %s: %s", r.status, http.StatusText(r.status), r.detail)
}

// final tells that asking again gives the same.
func (r *refused) final() bool {
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false // who is let in again, or has time again, is heard
	}
	return r.status >= 400 && r.status < 500
}

// maxAnswer bounds what a server can make a sensor keep.
const maxAnswer = 16 << 20

// exchange sends a request and reads the answer, which it decodes into v unless v is nil
// or the answer is empty.
func exchange(c *http.Client, q *http.Request, v any) (status int, err error) {
	r, err := c.Do(q)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer))
	if err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	if r.StatusCode >= 300 && r.StatusCode != http.StatusNotModified {
		no := &refused{status: r.StatusCode}
		var p protocol.Problem
		if json.Unmarshal(body, &p) == nil { // a proxy in between may answer anything
			no.detail = p.Detail
		}
		if n, err := strconv.ParseUint(r.Header.Get("Retry-After"), 10, 16); err == nil {
			no.again = time.Duration(n) * time.Second
		}
		return r.StatusCode, no
	}
	if v != nil && r.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, v); err != nil {
			return r.StatusCode, fmt.Errorf("read the answer: %w", err)
		}
	}
	return r.StatusCode, nil
}

// message is a request that sends v as JSON.
func message(ctx context.Context, address string, v any) (*http.Request, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", "application/json")
	return q, nil
}

// post sends m as JSON.
func post(ctx context.Context, c *http.Client, address string, m, v any) error {
	q, err := message(ctx, address, m)
	if err != nil {
		return err
	}
	_, err = exchange(c, q, v)
	return err
}
