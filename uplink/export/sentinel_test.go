package export

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// azure is the little of Entra and the Logs Ingestion API that we speak to.
type azure struct {
	t      *testing.T
	mu     sync.Mutex
	tokens int    // given
	valid  string // the last one; "": none is
	after  int    // so many requests make the token invalid
}

func (a *azure) take(r *http.Request, body []byte) (got []byte, status int, answer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.URL.Path == "/tenant-1/oauth2/v2.0/token" {
		return a.login(body)
	}
	if a.after--; a.after == 0 {
		a.valid = ""
	}
	if a.valid == "" || r.Header.Get("Authorization") != "Bearer "+a.valid {
		return nil, http.StatusUnauthorized, `{"error":{"code":"InvalidToken"}}`
	}
	if r.URL.Path != "/dataCollectionRules/dcr-1/streams/Custom-Vigil_CL" || r.URL.RawQuery != "api-version=2023-01-01" || r.Header.Get("Content-Encoding") != "gzip" {
		a.t.Errorf("%s, %s", r.URL, r.Header)
	}
	if len(body) > sentinelMost {
		a.t.Errorf("a request of %d bytes", len(body))
		return nil, http.StatusRequestEntityTooLarge, ""
	}
	var rows []struct {
		TimeGenerated time.Time
		Sensor, Kind  string
		OCSF          json.RawMessage
	}
	if err := json.Unmarshal(body, &rows); err != nil {
		a.t.Errorf("%v in %.200s", err, body)
	}
	for _, row := range rows {
		if row.TimeGenerated.Year() != 2023 || row.Sensor != sensorID || row.Kind != "exec" && row.Kind != AlertKind {
			a.t.Errorf("row %+v", row)
		}
		got = append(got, row.OCSF...)
	}
	return got, http.StatusNoContent, ""
}

func (a *azure) login(body []byte) (got []byte, status int, answer string) {
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("client_secret") != "secret-of-entra" || form.Get("client_id") != "client-1" || form.Get("scope") != sentinelToken || form.Get("grant_type") != "client_credentials" {
		return nil, http.StatusUnauthorized, `{"error":"invalid_client"}`
	}
	a.tokens++
	a.valid = fmt.Sprintf("token-%d", a.tokens)
	return nil, http.StatusOK, fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, a.valid)
}

func sentinelConfig(t *testing.T, c *collector) Config {
	return Config{Sentinel: &Sentinel{
		Endpoint: c.URL, Login: c.URL, Rule: "dcr-1", Stream: "Custom-Vigil_CL", Tenant: "tenant-1", Client: "client-1", Secret: "secret-of-entra", TLS: c.trust(t),
	}}
}

func TestSentinel(t *testing.T) {
	a := &azure{t: t, after: 7}
	c := newCollector(t, everyMood(), a.take)
	survives(t, sentinelConfig(t, c), c.numbers, false)
	if a.tokens < 2 || a.tokens > 4 {
		t.Errorf("%d tokens for one that became invalid once", a.tokens)
	}
}

// A batch is parted by what the API takes at once; an item that is more by itself is
// refused.
func TestSentinelSize(t *testing.T) {
	a := &azure{t: t}
	c := newCollector(t, nil, a.take)
	config := sentinelConfig(t, c)
	config.Batch = Batch{Items: 20, Bytes: 32 << 20}
	r := start(t, config)
	for k := range 20 {
		i := numbered(k)
		pad := 300_000
		if k == 13 {
			pad = 1_100_000
		}
		i.JSON = append(i.JSON[:len(i.JSON)-1], `,"pad":"`+strings.Repeat("x", pad)+`"}`...)
		r.Offer(i)
	}
	r.settle()
	s := r.end()
	whole(t, s, c.numbers(), 20, true)
	if lost(s, ReasonTooLarge) != 1 || s.Undelivered != 1 || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSentinelRenewsItsToken(t *testing.T) {
	a := &azure{t: t}
	c := newCollector(t, nil, a.take)
	config := sentinelConfig(t, c)
	config.Name = "sentinel"
	clock := newQuick()
	r := startWith(t, config, Services{Clock: clock})
	for k := range 4 {
		r.Offer(numbered(k))
		r.settle()
		clock.mu.Lock()
		clock.now = clock.now.Add(30 * time.Minute)
		clock.mu.Unlock()
	}
	s := r.end()
	whole(t, s, c.numbers(), 4, true)
	if a.tokens != 2 || s.Failures != 0 {
		t.Errorf("%d tokens in two hours, %d failures", a.tokens, s.Failures)
	}
}
