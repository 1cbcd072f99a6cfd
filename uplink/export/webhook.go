package export

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Webhook is any web server that takes a POST of a JSON array of OCSF objects.
//
// X-Vigil-Timestamp has the seconds since 1970, X-Vigil-Signature "v1=" and the
// hexadecimal HMAC-SHA256 of timestamp, a dot and the body. Who checks both, and
// refuses timestamps older than some minutes, takes nothing forged and nothing that is
// played again. X-Vigil-Delivery is the same for a body that is sent again. Many such
// servers are known by their address alone: it is kept as a secret.
type Webhook struct {
	URL Secret `json:"url,omitempty"`
	Key Secret `json:"key,omitempty"` // of the signature; at least 16 bytes
	TLS TLS    `json:"tls,omitzero"`
}

func (c *Webhook) check() error {
	if err := checkURL("url", string(c.URL)); err != nil {
		return err
	}
	if len(c.Key) < 16 {
		return errors.New("key: too short for a signature: give at least 16 bytes, such as those of `openssl rand -hex 32`")
	}
	return c.TLS.check()
}

func (c *Webhook) where() string {
	if c.URL == "" || c.URL == hidden {
		return ""
	}
	return place(string(c.URL))
}

func (c *Webhook) secrets(f func(string, *Secret)) {
	f("key", &c.Key)
	f("url", &c.URL)
}

func (c *Webhook) open(_ *Config, s Services) (destination, error) {
	client, err := newClient(&c.TLS)
	if err != nil {
		return nil, err
	}
	w := &webhookWriter{config: *c, clock: s.Clock}
	w.web = web{client: client, most: 4 << 20, body: appendArray, request: w.request, answer: all}
	return w, nil
}

type webhookWriter struct {
	web
	config Webhook
	clock  Clock
}

func (w *webhookWriter) describe() (where, confirmed string) {
	return "webhook " + place(string(w.config.URL)), "answered with success"
}

func appendArray(dst []byte, items []Item) []byte {
	for k := range items {
		c := byte(',')
		if k == 0 {
			c = '['
		}
		dst = append(append(dst, c), items[k].JSON...)
	}
	return append(dst, ']')
}

func (w *webhookWriter) request(ctx context.Context, body []byte) (*http.Request, error) {
	r, err := post(ctx, string(w.config.URL), "application/json", body)
	if err != nil {
		return nil, err
	}
	at := w.clock.Now()
	sum := sha256.Sum256(body)
	r.Header.Set("X-Vigil-Timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("X-Vigil-Signature", sign(w.config.Key, at, body))
	r.Header.Set("X-Vigil-Delivery", hex.EncodeToString(sum[:16]))
	return r, nil
}

func sign(key Secret, at time.Time, body []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	_, _ = h.Write(append(strconv.AppendInt(nil, at.Unix(), 10), '.'))
	_, _ = h.Write(body)
	return "v1=" + hex.EncodeToString(h.Sum(nil))
}
