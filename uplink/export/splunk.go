package export

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vigil/decode"
)

// Splunk is an HTTP Event Collector. Where its token asks for acknowledgement, items
// are delivered when Splunk says that they are indexed. (Which takes it tens of seconds now
// and then: Config.Timeout must be longer, or they are sent again.)
type Splunk struct {
	URL        string `json:"url"` // https://splunk.example:8088
	Token      Secret `json:"token,omitempty"`
	Index      string `json:"index,omitempty"`      // empty: the token's
	SourceType string `json:"sourceType,omitempty"` // empty: vigil:ocsf
	TLS        TLS    `json:"tls,omitzero"`
}

func (s *Splunk) check() error {
	if err := checkURL("url", s.URL); err != nil {
		return err
	}
	if s.Token == "" {
		return errors.New("token: give that of the HTTP Event Collector")
	}
	return s.TLS.check()
}

func (s *Splunk) where() string { return s.URL }

func (s *Splunk) secrets(f func(string, *Secret)) { f("token", &s.Token) }

func (s *Splunk) open(_ *Config, services Services) (destination, error) {
	client, err := newClient(&s.TLS)
	if err != nil {
		return nil, err
	}
	c := *s
	if c.SourceType == "" {
		c.SourceType = "vigil:ocsf"
	}
	w := &splunkWriter{config: c, clock: services.Clock, channel: newGUID()}
	w.fixed = `,"source":"vigil","sourcetype":` + quoted(c.SourceType)
	if c.Index != "" {
		w.fixed += `,"index":` + quoted(c.Index)
	}
	w.web = web{client: client, most: 4 << 20, body: w.body, request: w.request("/services/collector/event"), answer: w.answer}
	return w, nil
}

func quoted(s string) string { return string(decode.AppendQuoted(nil, []byte(s))) }

// newGUID makes a random UUID (RFC 9562, version 4).
func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

type splunkWriter struct {
	web
	config  Splunk
	clock   Clock
	channel string
	fixed   string
}

func (w *splunkWriter) describe() (where, confirmed string) {
	return "splunk " + place(w.config.URL), "taken by the collector; indexed, where its token has acknowledgement"
}

// body is a row of objects, which nothing parts.
func (w *splunkWriter) body(dst []byte, items []Item) []byte {
	for k := range items {
		i := &items[k]
		dst = append(dst, `{"time":`...)
		dst = strconv.AppendFloat(dst, float64(i.Time/1e6)/1e3, 'f', 3, 64)
		dst = decode.AppendQuoted(append(dst, `,"host":`...), []byte(i.Sensor))
		dst = append(dst, w.fixed...)
		dst = append(append(append(dst, `,"event":`...), i.JSON...), '}', '\n')
	}
	return dst
}

func (w *splunkWriter) request(path string) func(context.Context, []byte) (*http.Request, error) {
	return func(ctx context.Context, body []byte) (*http.Request, error) {
		r, err := post(ctx, strings.TrimSuffix(w.config.URL, "/")+path, "application/json", body)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Splunk "+string(w.config.Token))
		r.Header.Set("X-Splunk-Request-Channel", w.channel)
		return r, nil
	}
}

func (w *splunkWriter) answer(ctx context.Context, b *batch, from, to int, said []byte) error {
	var a struct {
		Code int     `json:"code"`
		Ack  *uint64 `json:"ackId"`
	}
	if err := json.Unmarshal(said, &a); err != nil {
		return fmt.Errorf("read the collector's answer: %w", err)
	}
	if a.Code != 0 {
		return fmt.Errorf("the collector's answer: code %d", a.Code)
	}
	if a.Ack != nil {
		if err := w.indexed(ctx, *a.Ack); err != nil {
			return err
		}
	}
	b.deliver(from, to)
	return nil
}

// ackEvery is how often the collector is asked whether it has indexed.
const ackEvery = 500 * time.Millisecond

// indexed waits until the collector says that it has indexed a request.
func (w *splunkWriter) indexed(ctx context.Context, id uint64) error {
	ask := w.request("/services/collector/ack")
	for {
		r, err := ask(ctx, fmt.Appendf(nil, `{"acks":[%d]}`, id))
		if err != nil {
			return err
		}
		status, said, wish, err := exchangeHTTP(w.client, r, mostAnswer(1))
		if err != nil {
			return fmt.Errorf("ask for acknowledgement: %w", err)
		}
		if status != http.StatusOK {
			return &later{wish, fmt.Errorf("ask for acknowledgement: answer %d: %.200q", status, said)}
		}
		var a struct {
			Acks map[string]bool `json:"acks"`
		}
		if err := json.Unmarshal(said, &a); err != nil {
			return fmt.Errorf("read the acknowledgement: %w", err)
		}
		if a.Acks[strconv.FormatUint(id, 10)] {
			return nil
		}
		select {
		case <-w.clock.After(ackEvery):
		case <-ctx.Done():
			return fmt.Errorf("wait until the collector has indexed: %w", ctx.Err())
		}
	}
}
