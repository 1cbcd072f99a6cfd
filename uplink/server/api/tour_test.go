package api_test

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vigil/uplink/server/control"
)

type m = map[string]any

// A tour of everything that can be asked; each answer is compared with the document, and
// each operation of the document is answered.
func TestTour(t *testing.T) {
	w := newWorld(t)
	alert := "/v1/alerts/" + w.sensor + ".a1"
	c := w.as(control.Admin)
	c.do("GET", "/v1/health", nil, 200)
	c.do("GET", "/v1/openapi.json", nil, 200)
	if v := c.do("GET", "/v1/me", nil, 200); v["csrf"] != c.csrf {
		t.Errorf("me: %v", v)
	}
	if v := c.do("GET", "/v1/overview", nil, 200); v["sensors"].(m)["total"] != 1.0 || len(v["alerts"].([]any)) != 1 {
		t.Errorf("overview: %v", v)
	}

	c.do("GET", "/v1/alerts?status=new,closed&severity=3,High&min_severity=low&text=shell&from=1970-01-01T00:00:00Z&limit=5", nil, 200)
	c.do("PATCH", alert, m{"status": "in_progress", "assignee": "operator", "comment": "I look"}, 200)
	if v := c.do("GET", alert, nil, 200); v["alert"].(m)["assignee"] != "operator" || v["comments"].([]any)[0].(m)["text"] != "I look" {
		t.Errorf("alert: %v", v)
	}
	if v := c.do("GET", "/v1/assignees", nil, 200); len(v["names"].([]any)) != 3 {
		t.Errorf("assignees: %v", v)
	}
	c.do("GET", "/v1/alerts.csv", nil, 200)
	if c.do("GET", "/v1/metrics", nil, 200); string(c.last) != "up 1\n" {
		t.Errorf("metrics: %q", c.last)
	}
	id := c.do("POST", "/v1/suppressions", m{"rule": "vigil-x", "reason": "ours"}, 200)["id"].(string)
	c.do("GET", "/v1/suppressions", nil, 200)
	c.do("DELETE", "/v1/suppressions/"+id, nil, 204)
	c.do("DELETE", "/v1/suppressions/"+id, nil, 404)

	if v := c.do("GET", "/v1/events?query=kind:exec&limit=1", nil, 200); len(v["events"].([]any)) != 1 || v["more"] != true {
		t.Errorf("events: %v", v)
	}
	if v := c.do("GET", "/v1/sensors/"+w.sensor+"/tree/00000000000000ff", nil, 200); v["processes"].([]any)[0].(m)["exec_id"] != "00000000000000ff" {
		t.Errorf("tree: %v", v)
	}
	c.do("GET", "/v1/events/histogram?from=2026-01-02T03:00:00Z&to=2026-01-02T04:00:00Z", nil, 200)
	c.do("GET", "/v1/events/histogram?from=2026-01-02T03:00:00Z&to=2026-01-02T04:00:00Z&step=1ms", nil, 400)
	c.do("GET", "/v1/sensors/"+w.sensor+"/timeline?at=2026-01-02T03:04:05Z&span=30s&exec=00000000000000ff", nil, 200)
	id = c.do("POST", "/v1/searches", m{"name": "shells", "query": "kind:exec"}, 200)["id"].(string)
	c.do("GET", "/v1/searches", nil, 200)
	c.do("DELETE", "/v1/searches/"+id, nil, 204)

	if v := c.do("GET", "/v1/policies", nil, 200); len(v["policies"].([]any)) != 1 {
		t.Errorf("policies at first: %v", v)
	}
	c.do("PUT", "/v1/policies/default", m{"after": 1, "note": "first", "body": m{
		"protections": m{"vigil-exec-shm": false}, "rules": []m{{"name": "a", "text": "title: a"}},
		"settings": m{
			"kinds": []string{"exec"}, "watch": []string{"/etc/shadow"}, "judge": true, "intelligence": []string{"203.0.113.0/24"},
			"suppress": []m{{"rule": "vigil-exec-shm", "filter": "exe~/opt/", "reason": "ours", "until": "2027-01-31"}},
		},
	}}, 200)
	c.do("PUT", "/v1/policies/default", m{"after": 1, "body": m{}}, 409)
	c.do("PUT", "/v1/policies/default", m{"after": 2, "body": m{"unknown": 1}}, 422)
	c.do("GET", "/v1/policies", nil, 200)
	c.do("GET", "/v1/policies/default", nil, 200)
	c.do("PUT", "/v1/sensors/"+w.sensor+"/policy", m{"policy": "default"}, 200)
	c.do("GET", "/v1/sensors", nil, 200)
	c.do("GET", "/v1/sensors/"+w.sensor, nil, 200)
	if v := c.do("POST", "/v1/sensors/"+w.sensor+"/revoke", m{"reason": "stolen"}, 200); v["reason"] != "stolen" {
		t.Errorf("revoked: %v", v)
	}

	v := c.do("POST", "/v1/enrolments", m{"note": "web"}, 200)
	if !strings.HasPrefix(v["token"].(string), "token ") {
		t.Errorf("enrolment: %v", v)
	}
	c.do("GET", "/v1/enrolments", nil, 200)
	c.do("DELETE", "/v1/enrolments/"+v["enrolment"].(m)["id"].(string), nil, 204)

	id = c.do("POST", "/v1/users", m{"name": "eve", "role": "viewer", "password": password}, 200)["id"].(string)
	c.do("POST", "/v1/users", m{"name": "eve", "role": "viewer", "password": password}, 409)
	c.do("PATCH", "/v1/users/"+id, m{"role": "operator", "disabled": true}, 200)
	c.do("GET", "/v1/users", nil, 200)
	v = c.do("POST", "/v1/tokens", m{"name": "ci", "role": "viewer", "days": 30}, 200)
	c.do("GET", "/v1/tokens", nil, 200)
	program := &client{w: w, http: w.server.Client(), bearer: v["secret"].(string)}
	program.do("GET", "/v1/alerts", nil, 200)
	program.do("GET", "/v1/users", nil, 403)
	program.do("POST", "/v1/tokens", m{"name": "more", "role": "viewer", "days": 30}, 403)
	program.do("POST", "/v1/me/password", m{"old": password, "new": password + "2"}, 403)
	c.do("DELETE", "/v1/tokens/"+v["token"].(m)["id"].(string), nil, 204)
	program.do("GET", "/v1/alerts", nil, 401)

	v = c.do("POST", "/v1/exports", m{"name": "siem", "kind": "splunk", "settings": m{"token": "hush"}}, 200)
	id = v["id"].(string)
	c.do("PUT", "/v1/exports/"+id, m{"name": "siem", "kind": "splunk", "enabled": true}, 200)
	if e, err := w.state.Export(t.Context(), id); err != nil || string(e.Settings) != `{"token":"hush"}` || !e.Enabled {
		t.Errorf("settings that are left out stay: %+v %v", e, err)
	}
	for _, e := range append(c.do("GET", "/v1/exports", nil, 200)["exports"].([]any), v) {
		if e := e.(m); e["settings"].(m)["token"] != "[secret]" || e["status"].(m)["delivered"] != 2.0 || strings.Contains(string(c.last), "hush") {
			t.Errorf("export: %v", e)
		}
	}
	if v := c.do("POST", "/v1/exports/"+id+"/test", nil, 200); v["delivered"] != false || v["answer"] != "siem for admin" {
		t.Errorf("test: %v", v)
	}
	if w.exports.changed.Load() != 2 {
		t.Errorf("told of %d changes, want 2", w.exports.changed.Load())
	}
	c.do("DELETE", "/v1/exports/"+id, nil, 204)

	c.do("POST", "/v1/me/password", m{"old": "wrong wrong wrong", "new": password + "2"}, 422)
	c.do("POST", "/v1/me/password", m{"old": password, "new": password + "2"}, 204)
	c.do("GET", "/v1/me", nil, 401)
	c.csrf = c.do("POST", "/v1/login", m{"user": "admin", "password": password + "2"}, 200)["csrf"].(string)
	wantAudit(t, c.do("GET", "/v1/audit?limit=1000", nil, 200)["entries"].([]any))
	c.do("POST", "/v1/logout", nil, 204)
	c.do("GET", "/v1/me", nil, 401)

	for name, o := range w.doc.operations() {
		if !w.answered[name] && !slices.Contains(o.Tags, "sensor") && o.ID != "live" {
			t.Errorf("%s was never answered: the document is not compared with it", name)
		}
	}
}

// wantAudit looks for what the tour did in the log, who and with which result.
func wantAudit(t *testing.T, entries []any) {
	t.Helper()
	lines := []string{}
	for _, e := range entries {
		e := e.(m)
		line := ""
		for _, name := range []string{"actor", "action", "target", "detail", "result"} {
			line += e[name].(string) + "|"
		}
		if lines = append(lines, line); strings.Contains(line, password) {
			t.Errorf("a password is in the audit log: %s", line)
		}
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{
		"admin|login|admin||ok|", "admin|alerts.change|", `status="in_progress" assignee="operator"|ok|`, "admin|events.search||query=kind:exec&limit=1|ok|",
		`|reason="stolen"|ok|`, `admin|users.add||name="eve" role="viewer"|ok|`, "already there", `admin|policies.put|default|after="1" note=""|put policy default: already there`,
		"admin|users.change|", `role="operator" disabled="yes"|ok|`, "admin|tokens.delete|", "admin|exports.delete|", "admin|alerts.csv|", "the old one is another",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("not in the audit log: %s\n%s", want, all)
		}
	}
}

// csvPages is some more alerts than a page of the database has.
const csvPages = 1100

// A hostile name is no formula in a spreadsheet, and all alerts are in it.
func TestCSV(t *testing.T) {
	w := newWorld(t)
	w.alert("a2", `=cmd|' /C calc'!A0`)
	for i := range csvPages {
		w.alert(fmt.Sprintf("more-%d", i), "Reverse shell")
	}
	c := w.as(control.Viewer)
	c.do("GET", "/v1/alerts.csv", nil, 200)
	rows, err := csv.NewReader(strings.NewReader(string(c.last))).ReadAll()
	must(t, err)
	titles := []string{}
	for _, r := range rows {
		titles = append(titles, r[9])
	}
	if len(titles) != csvPages+3 {
		t.Errorf("%d rows", len(titles))
	}
	slices.Sort(titles)
	titles = slices.Compact(titles)
	if want := []string{`'=cmd|' /C calc'!A0`, "Reverse shell", "title"}; !slices.Equal(titles, want) {
		t.Errorf("titles %q, want %q", titles, want)
	}
}

// What changes is told as it does, until the session ends.
func TestLive(t *testing.T) {
	w := newWorld(t)
	c := w.as(control.Operator)
	r, err := c.http.Do(c.request("GET", "/v1/live", nil))
	must(t, err)
	defer func() { must(t, r.Body.Close()) }()
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(r.Body)
	next := func(prefix string) string {
		t.Helper()
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				return text
			}
		}
		t.Fatalf("the stream ended before %q: %v", prefix, lines.Err())
		return ""
	}
	next(": watching")
	c.do("PATCH", "/v1/alerts/"+w.sensor+".a1", m{"status": "closed"}, 200)
	if kind, data := next("event: "), next("data: "); kind != "alert" || !strings.Contains(data, `"status":"closed"`) {
		t.Errorf("told of %s %s", kind, data)
	}
	next(": still here")
	c.do("POST", "/v1/logout", nil, 204)
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("the stream of an ended session: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	w := newWorld(t)
	c := w.as(control.Admin)
	for _, r := range []struct {
		method, path string
		body         any
		status       int
		detail       string
	}{
		{"GET", "/v1/events?query=%7C%7C%7C", nil, 422, "at 3"},
		{"GET", "/v1/events?limit=1000000", nil, 400, "limit"},
		{"GET", "/v1/alerts?severity=grave", nil, 400, "severity"},
		{"GET", "/v1/alerts?min_severity=low,high", nil, 400, "min_severity"},
		{"POST", "/v1/exports", m{"name": "a", "kind": "syslog", "settings": m{"address": "wrong"}}, 422, "syslog.address: give another"},
		{"POST", "/v1/exports/none/test", nil, 404, "none"},
		{"GET", "/v1/alerts?from=yesterday", nil, 400, "from"},
		{"GET", "/v1/alerts?text=%00", nil, 400, "text"},
		{"GET", "/v1/alerts?%zz", nil, 400, "parameters"},
		{"GET", "/v1/alerts/none", nil, 404, "none"},
		{"GET", "/v1/sensors/none/tree/00000000000000ff", nil, 404, "none"},
		{"GET", "/v1/sensors/" + w.sensor + "/tree/x", nil, 400, "exec ID"},
		{"GET", "/v1/sensors/" + w.sensor + "/timeline", nil, 400, "at"},
		{"PATCH", "/v1/alerts/" + w.sensor + ".a1", m{"status": "gone"}, 422, "status"},
		{"PATCH", "/v1/alerts/" + w.sensor + ".a1", m{"stat": "new"}, 400, "unknown field"},
		{"PATCH", "/v1/alerts/" + w.sensor + ".a1", m{"status": "dismissed"}, 422, "reason"},
		{"PATCH", "/v1/alerts/" + w.sensor + ".a1", m{"comment": strings.Repeat("x", 5<<20)}, 413, "more than"},
		{"POST", "/v1/users", m{"name": "a b", "role": "viewer", "password": password}, 422, "letters"},
		{"POST", "/v1/users", m{"name": "a", "role": "god", "password": password}, 422, "role"},
		{"POST", "/v1/tokens", m{"name": "a", "role": "god", "days": 1}, 422, "role"},
		{"PUT", "/v1/policies/default", m{"after": 0, "body": nil}, 422, "object"},
		{"PUT", "/v1/policies/default", m{"after": 1, "body": m{"settings": m{"tier": "full"}}}, 422, "needs a restart"},
		{"PUT", "/v1/policies/UP", m{"after": 0, "body": m{}}, 422, "small letters"},
	} {
		if c.do(r.method, r.path, r.body, r.status); !strings.Contains(string(c.last), r.detail) {
			t.Errorf("%s %s: %s, want something of %q", r.method, r.path, c.last, r.detail)
		}
	}
	q := c.request("POST", "/v1/searches", m{"name": "a", "query": "b"})
	q.Header.Set("Content-Type", "text/plain")
	if status := c.send(q); status != http.StatusUnsupportedMediaType {
		t.Errorf("a form's body: %d", status)
	}
}
