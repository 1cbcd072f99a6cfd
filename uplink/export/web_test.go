package export

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	const date = "Fri, 02 Jan 2026 03:04:05 GMT"
	for _, c := range []struct {
		text, date string
		want       time.Duration
	}{
		{"", date, 0},
		{"120", date, 2 * time.Minute},
		{"-1", date, 0},
		{"99999999999999999999", date, 0},
		{"soon", date, 0},
		{"Fri, 02 Jan 2026 03:05:05 GMT", date, time.Minute},
		{"Fri, 02 Jan 2026 03:00:05 GMT", date, 0},
		{"Fri, 02 Jan 2026 03:05:05 GMT", "", 0},
	} {
		if got := retryAfter(c.text, c.date); got != c.want {
			t.Errorf("%q at %q: %s", c.text, c.date, got)
		}
	}
}

// hook is an exporter to a webhook whose server answers as told.
func hook(t *testing.T, batch int, take func(*http.Request, []byte) ([]byte, int, string)) (*running, *collector) {
	t.Helper()
	c := newCollector(t, nil, take)
	return start(t, Config{Webhook: &Webhook{URL: Secret(c.URL), Key: hookKey, TLS: c.trust(t)}, Batch: Batch{Items: batch}}), c
}

// A server that takes little at once gets little at once, and one item that is more than
// it takes is refused.
func TestTooLargeIsHalved(t *testing.T) {
	most := 0
	r, c := hook(t, 64, func(_ *http.Request, body []byte) ([]byte, int, string) {
		if len(body) > 2000 {
			return nil, http.StatusRequestEntityTooLarge, ""
		}
		most = max(most, len(body))
		return body, http.StatusOK, ""
	})
	for k := range 100 {
		i := numbered(k)
		if k == 42 {
			i.JSON = append(i.JSON[:len(i.JSON)-1], `,"pad":"`+strings.Repeat("x", 3000)+`"}`...)
		}
		r.Offer(i)
	}
	r.settle()
	s := r.end()
	whole(t, s, c.numbers(), 100, true)
	if lost(s, ReasonTooLarge) != 1 || s.Undelivered != 1 || s.Failures != 0 || most < 500 {
		t.Errorf("%d at most at once: %+v", most, s)
	}
}

// Both halves are sent, though one of them fails: what came through does not come again.
func TestHalvesAreApart(t *testing.T) {
	fail := 3
	c := newCollector(t, nil, func(_ *http.Request, body []byte) ([]byte, int, string) {
		switch n := len(numbers(body)); {
		case n > 2:
			return nil, http.StatusBadRequest, ""
		case bytes.Contains(body, []byte("number-0000001")) && fail > 0:
			fail--
			return nil, http.StatusInternalServerError, "no"
		}
		return body, http.StatusOK, ""
	})
	r := start(t, Config{Webhook: &Webhook{URL: Secret(c.URL), Key: hookKey, TLS: c.trust(t)}, Batch: Batch{Items: 8, Delay: time.Minute}, Retry: Retry{First: time.Hour, Most: time.Hour}})
	for k := range 8 {
		r.Offer(numbered(k))
	}
	for r.Status().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	s := r.Status()
	if s.Delivered != 6 || s.Queued != 2 {
		t.Errorf("%+v", s)
	}
	s = r.end()
	if s.Queued != 2 || s.Undelivered != 0 || len(c.numbers()) != 6 {
		t.Errorf("%+v", s)
	}
}

// An answer without end is no answer.
func TestAnswerIsBounded(t *testing.T) {
	r, _ := hook(t, 1, func(*http.Request, []byte) ([]byte, int, string) {
		return nil, http.StatusOK, strings.Repeat("x", 2<<20)
	})
	r.Offer(numbered(1))
	for r.Status().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	if s := r.end(); s.Delivered != 0 || !strings.Contains(s.LastError, "more than") {
		t.Errorf("%+v", s)
	}
}
