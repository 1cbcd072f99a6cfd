package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vigil/uplink/export"
	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
	"vigil/uplink/server/live"
)

const password = "a long enough password"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// store is one of few events.
type store struct{ all []api.Event }

func (s *store) Search(_ context.Context, q api.Query, each func(api.Event) error) error {
	if strings.Contains(q.Text, "|||") {
		return fmt.Errorf("at 3: %w", api.ErrQuery)
	}
	return s.give(q.Limit, each)
}

func (s *store) Histogram(context.Context, api.Query, time.Duration) ([]api.Bucket, error) {
	return []api.Bucket{{Time: s.all[0].Time, Kind: "exec", Count: 1}}, nil
}

func (s *store) Tree(_ context.Context, _, exec string, _ int) (api.Tree, error) {
	return api.Tree{Processes: []api.Process{{ExecID: exec, Time: s.all[0].Time}}}, nil
}

func (s *store) Around(_ context.Context, a api.Around, each func(api.Event) error) error {
	return s.give(a.Limit, each)
}

func (s *store) give(limit int, each func(api.Event) error) error {
	for _, e := range s.all[:min(limit, len(s.all))] {
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

// exports are some that never run.
type exports struct{ changed atomic.Int32 }

func (x *exports) Prepare(_ context.Context, e control.Export, before *control.Export) (json.RawMessage, error) {
	if strings.Contains(string(e.Settings), "wrong") {
		return nil, errors.New("syslog.address: give another")
	}
	if before != nil && strings.Contains(string(e.Settings), "[secret]") {
		return before.Settings, nil
	}
	return e.Settings, nil
}

func (x *exports) Shown(control.Export) json.RawMessage {
	return json.RawMessage(`{"token":"[secret]"}`)
}

func (x *exports) Status(e control.Export) api.ExportStatus {
	s := api.ExportStatus{State: api.ExportRuns}
	s.Offered, s.Delivered, s.Undelivered = 3, 2, 1
	s.Losses = []export.Loss{{Reason: export.ReasonFull, Items: 1}}
	return s
}

func (x *exports) Test(_ context.Context, e control.Export, by string) (export.Trial, error) {
	return export.Trial{Answer: e.Name + " for " + by}, nil
}

func (x *exports) Changed() { x.changed.Add(1) }

// world is an API that is served, and what lies behind it.
type world struct {
	t       *testing.T
	state   *control.DB
	changes *live.Hub
	server  *httptest.Server
	doc     *document
	sensor  string
	exports exports

	mu       sync.Mutex
	now      time.Time
	answered map[string]bool // operations that succeeded
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, changes: live.NewHub(8), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), answered: map[string]bool{}}
	var err error
	w.state, err = control.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"), w.clock)
	must(t, err)
	t.Cleanup(func() { must(t, w.state.Close()) })
	for _, role := range []control.Role{control.Viewer, control.Operator, control.Approver, control.Admin} {
		_, err := w.state.AddUser(t.Context(), string(role), role, password)
		must(t, err)
	}
	_, secret, err := w.state.NewEnrolment(t.Context(), "admin", "", time.Hour)
	must(t, err)
	w.sensor, err = w.state.Enrol(t.Context(), control.Newcomer{Secret: secret, PublicKey: "k", Name: "web"})
	must(t, err)
	w.alert("a1", "Reverse shell")
	events := &store{all: []api.Event{{Time: w.now, Sensor: w.sensor, Kind: "exec", Event: []byte(`{"class_uid":1007}`)}, {Time: w.now, Sensor: w.sensor, Kind: "exit", Event: []byte(`{}`)}}}
	a, err := api.New(api.Settings{
		State: w.state, Events: events, Processes: events, Exports: &w.exports, Changes: w.changes, Policies: &live.Signal{}, Token: func(s string) string { return "token " + s },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
		Rates:   func() api.Rates { return api.Rates{Events: 1.5} }, Version: "1", Now: w.clock, Heartbeat: 5 * time.Millisecond, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	must(t, err)
	w.server = httptest.NewTLSServer(a.Handler())
	t.Cleanup(w.server.Close)
	r, err := w.server.Client().Get(w.server.URL + "/v1/openapi.json")
	must(t, err)
	text, err := io.ReadAll(r.Body)
	must(t, errors.Join(err, r.Body.Close()))
	w.doc = parseDocument(t, text)
	return w
}

func (w *world) alert(uid, title string) {
	w.t.Helper()
	a, err := control.ParseFinding(w.sensor, fmt.Appendf(nil, `{"metadata":{"uid":%q},"severity_id":4,"start_time":1,"end_time":2,"count":1,"finding_info":{"title":%q,"analytic":{"uid":"vigil-x"}}}`, uid, title))
	must(w.t, err)
	_, err = w.state.Record(w.t.Context(), []control.Alert{a})
	must(w.t, err)
}

// client is a browser or a program.
type client struct {
	w      *world
	http   *http.Client
	csrf   string
	bearer string
	last   []byte
}

func (w *world) browser() *client {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	return &client{w: w, http: &http.Client{Transport: w.server.Client().Transport, Jar: jar}}
}

// as logs in.
func (w *world) as(role control.Role) *client {
	w.t.Helper()
	c := w.browser()
	answer := c.do("POST", "/v1/login", map[string]string{"user": string(role), "password": password}, 200)
	c.csrf = answer["csrf"].(string)
	return c
}

// request is one, as a page of ours makes it.
func (c *client) request(method, path string, body any) *http.Request {
	c.w.t.Helper()
	text, err := json.Marshal(body)
	must(c.w.t, err)
	q, err := http.NewRequestWithContext(c.w.t.Context(), method, c.w.server.URL+path, bytes.NewReader(text))
	must(c.w.t, err)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-CSRF-Token", c.csrf)
	if c.bearer != "" {
		q.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	return q
}

// send sends it; what answers is compared with the document.
func (c *client) send(q *http.Request) int {
	c.w.t.Helper()
	r, err := c.http.Do(q)
	must(c.w.t, err)
	c.last, err = io.ReadAll(r.Body)
	must(c.w.t, errors.Join(err, r.Body.Close()))
	c.w.compare(q, r, c.last)
	return r.StatusCode
}

// do sends a request and wants a status; it gives the answer's object.
func (c *client) do(method, path string, body any, status int) map[string]any {
	c.w.t.Helper()
	if got := c.send(c.request(method, path, body)); got != status {
		c.w.t.Fatalf("%s %s: %d, want %d: %s", method, path, got, status, c.last)
	}
	var v map[string]any
	_ = json.Unmarshal(c.last, &v) // not all answers are objects
	return v
}

// compare fails the test when an answer is not as the document says.
func (w *world) compare(q *http.Request, r *http.Response, body []byte) {
	w.t.Helper()
	if w.doc == nil {
		return
	}
	mux := http.NewServeMux()
	for o := range w.doc.operations() {
		mux.Handle(o, http.NotFoundHandler())
	}
	_, pattern := mux.Handler(q)
	o, ok := w.doc.operations()[pattern]
	if !ok {
		w.t.Errorf("%s %s is not in the document", q.Method, q.URL.Path)
		return
	}
	declared, ok := o.Responses[fmt.Sprint(r.StatusCode)]
	schema := any(map[string]any{"$ref": "#/components/schemas/problem"})
	if r.StatusCode < 400 {
		if !ok {
			w.t.Errorf("%s answers %d, which is not in the document", pattern, r.StatusCode)
			return
		}
		w.mu.Lock()
		w.answered[pattern] = true
		w.mu.Unlock()
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		content, ok := declared.Content[kind]
		if len(declared.Content) > 0 != (len(body) > 0) || len(body) > 0 && !ok {
			w.t.Errorf("%s answers %d bytes of %q, the document says %v", pattern, len(body), kind, declared.Content)
			return
		}
		if kind != "application/json" {
			return
		}
		schema = content.Schema
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		w.t.Errorf("%s: %v: %s", pattern, err, body)
	} else if err := w.doc.check(schema, v, pattern); err != nil {
		w.t.Errorf("not as the document says: %v\n%s", err, body)
	}
}
