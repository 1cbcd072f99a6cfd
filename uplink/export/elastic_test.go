package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// index is the little of Elasticsearch that we speak to: a document a line, by ID.
type index struct {
	t        *testing.T
	mu       sync.Mutex
	docs     map[string][]byte
	full     int // so many documents are met with 429
	refuse   string
	anything func(items []string) []string // changes the answer
}

func (x *index) take(r *http.Request, body []byte) (got []byte, status int, answer string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if r.URL.Path != "/logs-vigil-default/_bulk" || r.Header.Get("Content-Type") != "application/x-ndjson" {
		x.t.Errorf("%s, %s", r.URL.Path, r.Header.Get("Content-Type"))
	}
	if r.Header.Get("Authorization") != "ApiKey aWQ6a2V5" { // id:key
		return nil, http.StatusUnauthorized, "{}"
	}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	var items []string
	for k := 0; k+1 < len(lines); k += 2 {
		var act struct {
			Create struct {
				ID string `json:"_id"`
			} `json:"create"`
		}
		if err := json.Unmarshal(lines[k], &act); err != nil || len(act.Create.ID) != 32 || !json.Valid(lines[k+1]) {
			x.t.Errorf("%v: %s\n%s", err, lines[k], lines[k+1])
		}
		items = append(items, x.create(act.Create.ID, lines[k+1]))
	}
	if x.anything != nil {
		items = x.anything(items)
	}
	return nil, http.StatusOK, `{"took":1,"errors":true,"items":[` + strings.Join(items, ",") + `]}`
}

func (x *index) create(id string, doc []byte) string {
	status, fault := 201, ""
	switch {
	case x.docs[id] != nil:
		status, fault = 409, "version_conflict_engine_exception"
	case x.refuse != "" && bytes.Contains(doc, []byte(x.refuse)):
		status, fault = 400, "document_parsing_exception"
	case x.full > 0:
		x.full--
		status, fault = 429, "es_rejected_execution_exception"
	default:
		x.docs[id] = doc
	}
	return fmt.Sprintf(`{"create":{"_id":%q,"status":%d,"error":{"type":%q}}}`, id, status, fault)
}

func (x *index) numbers() map[int]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []byte
	for _, doc := range x.docs {
		all = append(all, doc...)
	}
	return numbers(all)
}

func elasticConfig(t *testing.T, c *collector) Config {
	return Config{Elastic: &Elastic{URL: c.URL, APIKey: "id:key", TLS: c.trust(t)}}
}

// Answers that never come do not make anything be there twice.
func TestElastic(t *testing.T) {
	x := &index{t: t, docs: map[string][]byte{}, full: 120}
	c := newCollector(t, append(everyMood(), rubbish), x.take)
	survives(t, elasticConfig(t, c), x.numbers, true)
}

func TestElasticGoesItemByItem(t *testing.T) {
	x := &index{t: t, docs: map[string][]byte{}, full: 40, refuse: "number-0000033"}
	c := newCollector(t, nil, x.take)
	r := start(t, elasticConfig(t, c))
	for k := range 100 {
		r.Offer(numbered(k))
	}
	r.settle()
	s := r.end()
	whole(t, s, x.numbers(), 100, true)
	if lost(s, "refused: 400 document_parsing_exception") != 1 || s.Undelivered != 1 || s.Failures == 0 {
		t.Errorf("%+v", s)
	}
}

// An answer that does not tell of each item tells of none.
func TestElasticAnswersShort(t *testing.T) {
	x := &index{t: t, docs: map[string][]byte{}}
	short := 3
	x.anything = func(items []string) []string {
		if short--; short > 0 {
			return items[1:]
		}
		return items
	}
	c := newCollector(t, nil, x.take)
	r := start(t, elasticConfig(t, c))
	for k := range 20 {
		r.Offer(numbered(k))
	}
	r.settle()
	s := r.end()
	whole(t, s, x.numbers(), 20, true)
	if s.Failures < 2 || !strings.Contains(s.LastError, "items for") {
		t.Errorf("%+v", s)
	}
}
