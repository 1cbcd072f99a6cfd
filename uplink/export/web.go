package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// web sends batches as bodies of HTTP requests. A body that is too large, or in which
// the destination finds something bad without saying what, is halved until the item is
// alone.
type web struct {
	client  *http.Client
	most    int  // bytes of a body, before it is packed
	zip     bool // pack bodies
	body    func(dst []byte, items []Item) []byte
	request func(ctx context.Context, body []byte) (*http.Request, error) // the body is as it travels
	// answer marks items from one place up to another by an answer of 2xx.
	answer func(ctx context.Context, b *batch, from, to int, said []byte) error
	// verdict judges an answer of another status; nil: verdictOf.
	verdict func(status int) verdict

	size int // of the last body
}

// verdict is what a status says of the items.
type verdict uint8

const (
	again  verdict = iota // try later
	halve                 // one of them is bad, or they are too many
	refuse                // all of them, for good
)

// verdictOf takes what can be mended at the destination, or in the configuration
// (a wrong token, a wrong address), as a reason to wait.
func verdictOf(status int) verdict {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType:
		return halve
	}
	return again
}

// mostAnswer bounds what is read of an answer: 1 MiB and some for each item.
func mostAnswer(items int) int64 { return 1<<20 + 4096*int64(items) }

func newClient(t *TLS) (*http.Client, error) {
	c, err := t.config()
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: c, ForceAttemptHTTP2: true,
			MaxIdleConns: 2, IdleConnTimeout: 90 * time.Second,
		},
		// A request with a secret goes where it was sent, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (w *web) close() error {
	w.client.CloseIdleConnections()
	return nil
}

func (w *web) send(ctx context.Context, b *batch) error { return w.some(ctx, b, 0, len(b.items)) }

func (w *web) some(ctx context.Context, b *batch, from, to int) error {
	if from == to {
		return nil
	}
	// A body of its own each time: the transport may read it still when the answer is here.
	body := w.body(make([]byte, 0, w.size), b.items[from:to])
	if w.size = max(w.size, min(len(body), w.most)); len(body) > w.most {
		return w.halves(ctx, b, from, to, ReasonTooLarge)
	}
	status, said, wish, err := w.post(ctx, body, to-from)
	if err != nil {
		return err
	}
	b.said = fmt.Sprintf("answer %d: %.200q", status, said)
	if status/100 == 2 {
		return w.answer(ctx, b, from, to, said)
	}
	judge := w.verdict
	if judge == nil {
		judge = verdictOf
	}
	why := refusedAs(status)
	if status == http.StatusRequestEntityTooLarge {
		why = ReasonTooLarge
	}
	switch judge(status) {
	case halve:
		return w.halves(ctx, b, from, to, why)
	case refuse:
		for i := from; i < to; i++ {
			b.refuse(i, why)
		}
		return nil
	}
	return &later{wish, errors.New(b.said)}
}

// halves sends both halves, the second also when the first fails; one item alone is
// refused.
func (w *web) halves(ctx context.Context, b *batch, from, to int, why Reason) error {
	if to-from == 1 {
		b.refuse(from, why)
		return nil
	}
	middle := (from + to) / 2
	return errors.Join(w.some(ctx, b, from, middle), w.some(ctx, b, middle, to))
}

func (w *web) post(ctx context.Context, body []byte, items int) (status int, said []byte, wish time.Duration, err error) {
	if w.zip {
		if body, err = pack(body); err != nil {
			return 0, nil, 0, err
		}
	}
	r, err := w.request(ctx, body)
	if err != nil {
		return 0, nil, 0, err
	}
	if w.zip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	return exchangeHTTP(w.client, r, mostAnswer(items))
}

// exchangeHTTP sends a request and reads the answer to its end.
func exchangeHTTP(c *http.Client, r *http.Request, most int64) (status int, said []byte, wish time.Duration, err error) {
	r.Header.Set("User-Agent", "vigil")
	a, err := c.Do(r)
	if err != nil {
		var u *url.Error // its text has the whole address, which may hold a secret
		if errors.As(err, &u) {
			err = u.Err
		}
		return 0, nil, 0, fmt.Errorf("post: %w", err)
	}
	defer func() { _ = a.Body.Close() }()
	said, err = io.ReadAll(io.LimitReader(a.Body, most+1))
	if err != nil {
		return 0, nil, 0, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(said)) > most {
		return 0, nil, 0, fmt.Errorf("read the answer: more than %d bytes", most)
	}
	return a.StatusCode, said, retryAfter(a.Header.Get("Retry-After"), a.Header.Get("Date")), nil
}

// retryAfter reads RFC 9110, 10.2.3: seconds, or a date, by the destination's own clock.
func retryAfter(text, date string) time.Duration {
	if s, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	at, err := http.ParseTime(text)
	now, err2 := http.ParseTime(date)
	if err != nil || err2 != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

func pack(body []byte) ([]byte, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(body); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return packed.Bytes(), nil
}

// post makes a request with a body that can be sent anew when a connection was stale.
func post(ctx context.Context, url, contentType string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("make the request: the address is wrong")
	}
	r.Header.Set("Content-Type", contentType)
	return r, nil
}

// all is the answer of destinations that take all or nothing.
func all(_ context.Context, b *batch, from, to int, _ []byte) error {
	b.deliver(from, to)
	return nil
}
