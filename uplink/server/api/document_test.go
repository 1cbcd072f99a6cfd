package api_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/server/live"
)

// The table of routes and the document say the same, both ways.
func TestDocumentIsTheTable(t *testing.T) {
	w := newWorld(t)
	left := w.doc.operations()
	for _, r := range api.Routes() {
		o, ok := left[r.Method+" "+r.Path]
		if !ok {
			t.Errorf("%s %s is not in the document", r.Method, r.Path)
		}
		delete(left, r.Method+" "+r.Path)
		if o.ID != r.Name || o.Role != string(r.Role) {
			t.Errorf("%s %s: the document has %s for %q, the table %s for %q", r.Method, r.Path, o.ID, o.Role, r.Name, r.Role)
		}
		if open := o.Security != nil && len(o.Security) == 0; open != (r.Role == "") {
			t.Errorf("%s %s: the document says open: %v", r.Method, r.Path, open)
		}
	}
	for _, r := range (&ingest.Receiver{}).Routes() {
		o, ok := left[r.Method+" "+r.Path]
		if !ok || !slices.Equal(o.Tags, []string{"sensor"}) {
			t.Errorf("%s %s is not in the document as a sensor's", r.Method, r.Path)
			continue
		}
		delete(left, r.Method+" "+r.Path)
		want := "sensor"
		if r.Open {
			want = "enrolment"
		}
		if len(o.Security) != 1 || o.Security[0][want] == nil {
			t.Errorf("%s %s: secured by %v, want %s", r.Method, r.Path, o.Security, want)
		}
	}
	for o := range left {
		t.Errorf("%s is in the document only", o)
	}
}

// All but login, health and the document itself want to know who asks.
func TestNothingWithoutLogin(t *testing.T) {
	w := newWorld(t)
	state, err := control.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"), time.Now)
	must(t, err)
	t.Cleanup(func() { must(t, state.Close()) })
	sensors := ingest.New(ingest.Settings{State: state, Changes: live.NewHub(1), Now: time.Now}).Handler()
	open := []string{}
	for name, o := range w.doc.operations() {
		method, path, _ := strings.Cut(name, " ")
		path = strings.NewReplacer("{id}", w.sensor, "{exec}", "00000000000000ff", "{name}", "default").Replace(path)
		if slices.Contains(o.Tags, "sensor") {
			r := httptest.NewRecorder()
			sensors.ServeHTTP(r, httptest.NewRequest(method, path, strings.NewReader("{}")))
			if r.Code != http.StatusUnauthorized {
				t.Errorf("%s: %d without a certificate", name, r.Code)
			}
			continue
		}
		c := w.browser()
		w.pass(time.Minute) // strangers are slowed down
		if status := c.send(c.request(method, path, map[string]string{})); status != http.StatusUnauthorized || o.ID == "login" {
			open = append(open, o.ID)
		}
	}
	slices.Sort(open)
	if got := strings.Join(open, " "); got != "health login openapi" {
		t.Errorf("open to all: %s", got)
	}
}

// Each route is refused to each role below the one that the table says, and to none above.
func TestRoles(t *testing.T) {
	w := newWorld(t)
	for _, role := range []control.Role{control.Viewer, control.Operator, control.Approver, control.Admin} {
		u, err := w.state.CheckPassword(t.Context(), string(role), password)
		must(t, err)
		_, secret, err := w.state.NewToken(t.Context(), u, "t", role, time.Hour)
		must(t, err)
		for _, r := range api.Routes() {
			if r.Role == "" || r.Name == "live" {
				continue
			}
			w.pass(time.Second)
			c := &client{w: w, http: w.server.Client(), bearer: secret}
			path := strings.NewReplacer("{id}", "none", "{exec}", "00000000000000ff", "{name}", "none").Replace(r.Path)
			status := c.send(c.request(r.Method, path, nil))
			refused := status == http.StatusForbidden && strings.Contains(string(c.last), "needs the role")
			if status == http.StatusUnauthorized || status >= 500 || refused == role.May(r.Role) {
				t.Errorf("%s as %s: %d %s", r.Name, role, status, c.last)
			}
		}
	}
}
