package export

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Elastic is Elasticsearch or OpenSearch. Each item has an ID made of what it says, so
// that one that is sent twice is there once.
type Elastic struct {
	URL      string `json:"url"`              // https://elastic.example:9200
	Index    string `json:"index,omitempty"`  // index or data stream; empty: logs-vigil-default
	APIKey   Secret `json:"apiKey,omitempty"` // as "id:key", or what Elasticsearch calls encoded
	User     string `json:"user,omitempty"`   // in place of APIKey
	Password Secret `json:"password,omitempty"`
	Original bool   `json:"original,omitempty"` // keep the OCSF in event.original
	TLS      TLS    `json:"tls,omitzero"`
}

func (c *Elastic) check() error {
	if err := checkURL("url", c.URL); err != nil {
		return err
	}
	switch {
	case c.APIKey != "" && (c.User != "" || c.Password != ""):
		return errors.New("apiKey: there is a user too: give one of them")
	case (c.User == "") != (c.Password == ""):
		return errors.New("user: it goes with password: give both or none")
	case c.Index != strings.ToLower(c.Index) || strings.ContainsAny(c.Index, "\\/*?\"<>| ,#:") || strings.HasPrefix(c.Index, "_") || strings.HasPrefix(c.Index, "-"):
		return fmt.Errorf("index: %q is no name of an index: give one in lower case, such as logs-vigil-default", c.Index)
	}
	return c.TLS.check()
}

func (c *Elastic) where() string { return c.URL }

func (c *Elastic) secrets(f func(string, *Secret)) {
	if c.User != "" {
		f("password", &c.Password)
	} else {
		f("apiKey", &c.APIKey)
	}
}

func (c *Elastic) open(*Config, Services) (destination, error) {
	client, err := newClient(&c.TLS)
	if err != nil {
		return nil, err
	}
	w := &elasticWriter{config: *c, ecs: newECS(c.Original)}
	if w.config.Index == "" {
		w.config.Index = "logs-vigil-default"
	}
	if key := string(c.APIKey); strings.Contains(key, ":") {
		w.config.APIKey = Secret(base64.StdEncoding.EncodeToString([]byte(key)))
	}
	w.web = web{client: client, most: 8 << 20, zip: true, body: w.body, request: w.request, answer: w.answer}
	return w, nil
}

type elasticWriter struct {
	web
	config Elastic
	ecs    *ecs
	id     []byte
}

func (w *elasticWriter) describe() (where, confirmed string) {
	return "elastic " + place(w.config.URL) + " " + w.config.Index, "indexed, item by item"
}

func (w *elasticWriter) body(dst []byte, items []Item) []byte {
	for k := range items {
		i := &items[k]
		w.id = append(append(append(w.id[:0], i.Sensor...), 0), i.JSON...)
		sum := sha256.Sum256(w.id)
		dst = append(dst, `{"create":{"_id":"`...)
		dst = append(hex.AppendEncode(dst, sum[:16]), `"}}`+"\n"...)
		dst = append(w.ecs.append(dst, i), '\n')
	}
	return dst
}

func (w *elasticWriter) request(ctx context.Context, body []byte) (*http.Request, error) {
	r, err := post(ctx, strings.TrimSuffix(w.config.URL, "/")+"/"+w.config.Index+"/_bulk", "application/x-ndjson", body)
	if err != nil {
		return nil, err
	}
	switch {
	case w.config.APIKey != "":
		r.Header.Set("Authorization", "ApiKey "+string(w.config.APIKey))
	case w.config.User != "":
		r.SetBasicAuth(w.config.User, string(w.config.Password))
	}
	return r, nil
}

// answer goes by each item's own status.
func (w *elasticWriter) answer(_ context.Context, b *batch, from, to int, said []byte) error {
	var a struct {
		Items []map[string]struct {
			Status int `json:"status"`
			Error  struct {
				Type string `json:"type"`
			} `json:"error"`
		} `json:"items"`
	}
	if err := json.Unmarshal(said, &a); err != nil {
		return fmt.Errorf("read the bulk answer: %w", err)
	}
	if len(a.Items) != to-from {
		return fmt.Errorf("read the bulk answer: it has %d items for %d", len(a.Items), to-from)
	}
	var err error
	for k, item := range a.Items {
		what := item["create"]
		switch s := what.Status; {
		case s/100 == 2, s == http.StatusConflict: // it is there from an attempt before
			b.deliver(from+k, from+k+1)
		case s == http.StatusTooManyRequests, s == 0, s/100 == 5, s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusNotFound:
			err = fmt.Errorf("bulk answer: status %d of an item: %.100q", s, what.Error.Type)
		default:
			b.refuse(from+k, refusedAs(fmt.Sprintf("%d %.60s", s, what.Error.Type)))
		}
	}
	return err
}
