package export

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

const hookKey = "0123456789abcdef0123456789abcdef"

// receiver checks as the doc of Webhook says that one does.
func receiver(t *testing.T, deliveries map[string]int, mu *sync.Mutex) func(*http.Request, []byte) ([]byte, int, string) {
	return func(r *http.Request, body []byte) (got []byte, status int, answer string) {
		at := r.Header.Get("X-Vigil-Timestamp")
		h := hmac.New(sha256.New, []byte(hookKey))
		h.Write([]byte(at + "." + string(body)))
		want := "v1=" + hex.EncodeToString(h.Sum(nil))
		seconds, err := strconv.ParseInt(at, 10, 64)
		if err != nil || time.Since(time.Unix(seconds, 0)) > 5*time.Minute || !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Vigil-Signature"))) {
			return nil, http.StatusForbidden, "forged"
		}
		var items []json.RawMessage
		if err := json.Unmarshal(body, &items); err != nil || r.URL.Path != "/hook" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		for _, i := range items {
			got = append(got, i...)
		}
		mu.Lock()
		deliveries[r.Header.Get("X-Vigil-Delivery")]++
		mu.Unlock()
		return got, http.StatusAccepted, ""
	}
}

func TestWebhook(t *testing.T) {
	deliveries := map[string]int{}
	var mu sync.Mutex
	c := newCollector(t, everyMood(), receiver(t, deliveries, &mu))
	survives(t, Config{Webhook: &Webhook{URL: Secret(c.URL + "/hook"), Key: hookKey, TLS: c.trust(t)}}, c.numbers, false)
	again := 0
	for _, n := range deliveries {
		if n > 1 {
			again++
		}
	}
	if again == 0 { // cutAfter made some come twice, with the same ID
		t.Error("no delivery was sent again")
	}
}

func TestWebhookWithAnotherKey(t *testing.T) {
	var mu sync.Mutex
	c := newCollector(t, nil, receiver(t, map[string]int{}, &mu))
	r := start(t, Config{Webhook: &Webhook{URL: Secret(c.URL + "/hook"), Key: "another-key-another-key", TLS: c.trust(t)}})
	r.Offer(numbered(1))
	for r.Status().Failures < 2 {
		r.balanced(r.Status())
	}
	if s := r.end(); s.Delivered != 0 || s.Queued != 1 || len(c.numbers()) != 0 {
		t.Errorf("%+v", s)
	}
}

// A secret is not carried to where a redirection points.
func TestRedirectionIsNotFollowed(t *testing.T) {
	elsewhere := newCollector(t, nil, func(*http.Request, []byte) ([]byte, int, string) {
		t.Error("followed")
		return nil, http.StatusOK, ""
	})
	c := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(c.Close)
	r := start(t, Config{Webhook: &Webhook{URL: Secret(c.URL), Key: hookKey, TLS: elsewhere.trust(t)}})
	r.Offer(numbered(1))
	for r.Status().Failures == 0 {
		r.balanced(r.Status())
	}
	r.end()
}

// Who is not trusted gets nothing.
func TestUntrustedCertificate(t *testing.T) {
	c := newCollector(t, nil, func(*http.Request, []byte) ([]byte, int, string) {
		t.Error("was spoken to")
		return nil, http.StatusOK, ""
	})
	r := start(t, Config{Webhook: &Webhook{URL: Secret(c.URL), Key: hookKey}})
	r.Offer(numbered(1))
	for r.Status().Failures == 0 {
		r.balanced(r.Status())
	}
	if s := r.end(); s.Delivered != 0 {
		t.Errorf("%+v", s)
	}
}
