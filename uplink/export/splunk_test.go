package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// hec is the little of an HTTP Event Collector that we speak to.
type hec struct {
	t       *testing.T
	mu      sync.Mutex
	acks    bool
	pending map[int]int // how often to say "not yet"
	asked   int
	channel string
}

func (h *hec) take(r *http.Request, body []byte) (got []byte, status int, answer string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Header.Get("Authorization") != "Splunk token-of-splunk" {
		return nil, http.StatusForbidden, `{"text":"Invalid token","code":4}`
	}
	if c := r.Header.Get("X-Splunk-Request-Channel"); h.channel != "" && c != h.channel || len(c) != 36 {
		h.t.Errorf("channel %q after %q", c, h.channel)
	} else {
		h.channel = c
	}
	if r.URL.Path == "/services/collector/ack" {
		return h.ack(body)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	for d.More() {
		var e struct {
			Time       float64         `json:"time"`
			Host       string          `json:"host"`
			SourceType string          `json:"sourcetype"`
			Index      string          `json:"index"`
			Event      json.RawMessage `json:"event"`
		}
		if err := d.Decode(&e); err != nil {
			return nil, http.StatusBadRequest, `{"text":"Invalid data format","code":6}`
		}
		if e.Time < 1.7e9 || e.Host != sensorID || e.SourceType != "vigil:ocsf" || e.Index != "security" {
			h.t.Errorf("event %+v", e)
		}
		if bytes.Contains(e.Event, []byte("poison")) {
			return nil, http.StatusBadRequest, `{"text":"Invalid data format","code":6}`
		}
		got = append(got, e.Event...)
	}
	if !h.acks {
		return got, http.StatusOK, `{"text":"Success","code":0}`
	}
	id := len(h.pending)
	h.pending[id] = 2
	return got, http.StatusOK, fmt.Sprintf(`{"text":"Success","code":0,"ackId":%d}`, id)
}

func (h *hec) ack(body []byte) (got []byte, status int, answer string) {
	var ask struct {
		Acks []int `json:"acks"`
	}
	if err := json.Unmarshal(body, &ask); err != nil || len(ask.Acks) != 1 {
		h.t.Errorf("acks asked for: %s", body)
		return nil, http.StatusBadRequest, ""
	}
	h.asked++
	h.pending[ask.Acks[0]]--
	return nil, http.StatusOK, fmt.Sprintf(`{"acks":{"%d":%t}}`, ask.Acks[0], h.pending[ask.Acks[0]] <= 0)
}

func splunkConfig(t *testing.T, c *collector) Config {
	return Config{Splunk: &Splunk{URL: c.URL, Token: "token-of-splunk", Index: "security", TLS: c.trust(t)}}
}

func TestSplunk(t *testing.T) {
	h := &hec{t: t}
	c := newCollector(t, append(everyMood(), rubbish), h.take)
	survives(t, splunkConfig(t, c), c.numbers, false)
}

func TestSplunkAcknowledges(t *testing.T) {
	h := &hec{t: t, acks: true, pending: map[int]int{}}
	c := newCollector(t, nil, h.take)
	config := splunkConfig(t, c)
	config.Name, config.Batch.Items = "splunk", 10
	r := startWith(t, config, Services{Clock: newQuick()})
	for k := range 50 {
		r.Offer(numbered(k))
	}
	r.settle()
	whole(t, r.end(), c.numbers(), 50, true)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked < 2*len(h.pending) {
		t.Errorf("%d requests, asked %d times", len(h.pending), h.asked)
	}
}

// One item that the collector cannot read costs no other.
func TestSplunkRefusesOne(t *testing.T) {
	h := &hec{t: t}
	c := newCollector(t, nil, h.take)
	config := splunkConfig(t, c)
	config.Batch.Items = 64
	r := start(t, config)
	for k := range 200 {
		i := numbered(k)
		if k == 77 {
			i.JSON = []byte(`{"a":"poison"}`)
		}
		r.Offer(i)
	}
	r.settle()
	s := r.end()
	whole(t, s, c.numbers(), 200, true)
	if lost(s, refusedAs(400)) != 1 || s.Undelivered != 1 {
		t.Errorf("%+v", s)
	}
}

// A wrong token is mended by a person: nothing is thrown away meanwhile.
func TestSplunkWaitsForTheRightToken(t *testing.T) {
	h := &hec{t: t}
	c := newCollector(t, nil, h.take)
	config := splunkConfig(t, c)
	config.Splunk.Token = "another"
	r := start(t, config)
	r.Offer(numbered(1))
	for r.Status().Failures < 3 {
		r.balanced(r.Status())
	}
	if s := r.Status(); s.Undelivered != 0 || s.Queued != 1 || !bytes.Contains([]byte(s.LastError), []byte("403")) {
		t.Errorf("%+v", s)
	}
	if s := r.end(); s.Queued != 1 {
		t.Errorf("%+v", s)
	}
}
