package join

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vigil/decode"
	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
)

type m = map[string]any

// What comes in goes out once to each who wants it, and to no other.
func TestExports(t *testing.T) {
	s, x, alerts := newScene(t), newSIEM(t), newSIEM(t)
	all := s.put(control.Export{Name: "all", Kind: "webhook", Enabled: true}, x.settings(m{"filter": m{"kinds": []string{"alert", "exec"}}}))
	high := s.put(control.Export{Name: "high", Kind: "webhook", Enabled: true}, alerts.settings(m{"filter": m{"severity": "medium"}}))
	file := s.put(control.Export{Name: "file", Kind: "file", Enabled: true}, m{"path": "all.jsonl", "batch": m{"delay": "5ms"}})
	off := s.put(control.Export{Name: "off", Kind: "webhook"}, x.settings(nil))
	const events, told = 6000, 20
	for k := 0; k < events; k += 500 {
		s.events(k, k+500)
	}
	for k := range told {
		s.alert(events+k, []decode.Severity{decode.Low, decode.High}[k%2])
	}
	s.told(all, events+told)
	x.once(t, events+told)
	if st := s.told(high, told/2); st.LastDelivery.IsZero() || st.State != api.ExportRuns || strings.Contains(st.Destination, "path-secret") {
		t.Errorf("%+v", st)
	}
	if len(alerts.seen) != told/2 {
		t.Errorf("%d alerts came", len(alerts.seen))
	}
	s.told(file, 2*events+told)
	text, err := os.ReadFile(filepath.Join(s.dir, "exported", "all.jsonl"))
	must(t, err)
	if n := bytes.Count(text, []byte("\n")); n != 2*events+told {
		t.Errorf("the file has %d lines", n)
	}
	if st := s.status(off); st.Offered != 0 || st.State != api.ExportDisabled {
		t.Errorf("%+v", st)
	}
	// A row that is gone leaves nothing.
	must(t, s.v.State.DeleteExport(t.Context(), all.ID))
	s.v.exports.Changed()
	until(t, "it is gone", func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "exports", all.ID))
		return errors.Is(err, os.ErrNotExist)
	})
}

// A destination that hangs, then fails, keeps nobody waiting and loses nothing: not when
// the server begins anew meanwhile, and not when the row changes.
func TestExportWhileTheDestinationIsDown(t *testing.T) {
	s, x := newScene(t), newSIEM(t)
	hang := make(chan struct{})
	x.say(http.StatusOK, hang)
	settings := x.settings(m{"filter": m{"kinds": []string{"exec"}}, "timeout": "50ms"})
	e := s.put(control.Export{Name: "siem", Kind: "webhook", Enabled: true}, settings)
	s.events(0, 1000)
	s.stored() // though nothing is delivered
	until(t, "it fails", func() bool { return s.status(e).Failures > 1 })
	if st := s.status(e); st.Delivered != 0 || st.Queued != 1000 || st.FailingSince.IsZero() || st.LastError == "" {
		t.Errorf("%+v", st)
	}
	x.say(http.StatusServiceUnavailable, nil)
	close(hang)
	s.events(1000, 2000)
	s.stored()
	s.stop()
	s.start()
	until(t, "it runs again", func() bool { return s.status(e).State == api.ExportRuns })
	if st := s.status(e); st.Offered != 2000 || st.Queued != 2000 {
		t.Errorf("after the restart: %+v", st)
	}
	s.events(2000, 3000)
	s.stored()
	e.Enabled = false
	e = s.put(e, settings)
	s.events(3000, 3500) // while it is disabled nothing is for it
	s.stored()
	x.say(http.StatusOK, nil)
	if st := s.status(e); st.Offered != 3000 || st.Queued != 3000 || st.State != api.ExportDisabled {
		t.Errorf("disabled: %+v", st)
	}
	e.Enabled = true
	// What waits stays what it was, though from now on no exec is wanted.
	e = s.put(e, x.settings(m{"filter": m{"kinds": []string{"alert"}}, "queue": m{"bytes": 8 << 20}}))
	s.events(3500, 4000)
	s.stored()
	s.told(e, 3000)
	x.once(t, 3000)
}

// What is more than the queue may hold goes, the oldest first, and each item is counted.
func TestExportQueueIsBounded(t *testing.T) {
	s, x := newScene(t), newSIEM(t)
	x.say(http.StatusServiceUnavailable, nil)
	e := s.put(control.Export{Name: "siem", Kind: "webhook", Enabled: true}, x.settings(m{"filter": m{"kinds": []string{"exec"}}, "queue": m{"bytes": 1 << 20}}))
	n := 0
	s.pad = 60
	for range 45 { // some 50 KiB each
		s.events(n, n+100)
		n += 100
	}
	s.stored()
	x.say(http.StatusOK, nil)
	st := s.told(e, uint64(n))
	x.mu.Lock()
	defer x.mu.Unlock()
	if st.Delivered+st.Undelivered != uint64(n) || uint64(len(x.seen)) != st.Delivered || len(st.Losses) != 1 || st.Delivered == 0 {
		t.Errorf("of %d came %d: %+v", n, len(x.seen), st)
	}
}

// A test says what the destination answered, whether the export runs or not.
func TestExportTest(t *testing.T) {
	s, x := newScene(t), newSIEM(t)
	for _, enabled := range []bool{true, false} {
		e := s.put(control.Export{Name: "siem", Kind: "webhook", Enabled: enabled}, x.settings(m{"filter": m{"severity": "high"}}))
		for status, want := range map[int]bool{200: true, 400: false, 403: false} {
			x.say(status, nil)
			trial, err := s.v.exports.Test(t.Context(), e, "admin")
			if err != nil || trial.Delivered != want || !strings.Contains(trial.Answer, "the SIEM says so") {
				t.Errorf("%d: %+v %v", status, trial, err)
			}
		}
		if st := s.status(e); st.Offered != 0 {
			t.Errorf("a test is counted: %+v", st)
		}
		must(t, s.v.State.DeleteExport(t.Context(), e.ID))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	e := s.put(control.Export{Name: "dead", Kind: "syslog", Enabled: true}, m{"network": "tcp", "address": l.Addr().String()})
	if trial, err := s.v.exports.Test(t.Context(), e, "admin"); err != nil || trial.Delivered || !strings.Contains(trial.Answer, "refused") {
		t.Errorf("%+v %v", trial, err)
	}
}

// What is wrong is refused with the field's name; files lie in one folder only.
func TestExportSettingsAreChecked(t *testing.T) {
	s := newScene(t)
	s.put(control.Export{Name: "one", Kind: "file"}, m{"path": "a.jsonl"})
	for _, c := range []struct{ kind, settings, want string }{
		{"fax", `{}`, "kind"},
		{"syslog", `{"network":"tcp"}`, "syslog.address"},
		{"splunk", `{"url":"https://a:1","token":"[secret]"}`, "splunk.token"},
		{"file", `{"path":"/etc/shadow"}`, "bare name"},
		{"file", `{"path":"../x"}`, "bare name"},
		{"file", `{"path":".."}`, "bare name"},
		{"file", `{"path":"a.jsonl"}`, `"one"`},
		{"file", `{"path":"b","filter":{"kinds":["nonsense"]}}`, "nonsense"},
		{"file", `{"keep":"x"}`, "keep"},
		{"webhook", `{"url":"https://a","key":"short"}`, "webhook.key"},
	} {
		_, err := s.v.exports.Prepare(t.Context(), control.Export{Name: "siem", Kind: c.kind, Settings: []byte(c.settings)}, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want something of %q", c.settings, err, c.want)
		}
	}
	before := control.Export{Name: "siem", Kind: "splunk", Settings: []byte(`{"url":"https://a:1","token":"hush"}`)}
	after := control.Export{Name: "siem", Kind: "splunk", Settings: []byte(`{"url":"https://a:1"}`)}
	kept, err := s.v.exports.Prepare(t.Context(), after, &before)
	if err != nil || !strings.Contains(string(kept), "hush") || strings.Contains(string(s.v.exports.Shown(before)), "hush") {
		t.Errorf("%s %v", kept, err)
	}
}

// A snapshot is all open alerts as they are, made by one of the servers that could.
func TestExportSnapshot(t *testing.T) {
	s, x := newScene(t), newSIEM(t)
	for k := range 5 {
		s.alert(k, decode.High)
	}
	s.stored()
	const sensor = "01JVIGIL00000000000SENSOR1."
	for id, status := range map[string]string{"alert-0": control.Closed, "alert-1": control.InProgress} {
		_, err := s.v.State.ChangeAlert(t.Context(), sensor+id, "mara", control.AlertChange{Status: &status})
		must(t, err)
	}
	e := s.put(control.Export{Name: "siem", Kind: "webhook", Enabled: true}, x.settings(m{"snapshot": m{"every": "1m"}, "filter": m{"severity": "medium"}}))
	s.alert(9, decode.High) // what comes is not handed on
	s.stored()
	for i, server := range []*exports{s.v.exports, {state: s.v.State}} {
		if got, want := collect(t, server, e.ID), []int{5, 0}[i]; len(got) != want {
			t.Errorf("server %d: %d alerts, want %d", i, len(got), want)
		} else if want > 0 && !bytes.Contains(bytes.Join(got, nil), []byte(`"status":"In Progress","status_id":2`)) {
			t.Errorf("%s", got)
		}
	}
	if st := s.status(e); st.Offered != 0 {
		t.Errorf("%+v", st)
	}
}

// Of what one server's API changes, others that share the state hear by themselves.
func TestExportsFollowAnotherServer(t *testing.T) {
	s, x := newScene(t), newSIEM(t)
	other := newExports(t.TempDir(), quiet())
	other.state, other.look = s.v.State, 5*time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- other.run(ctx) }()
	state := func(e control.Export) string { return other.Status(e).State }
	e := s.put(control.Export{Name: "siem", Kind: "webhook", Enabled: true}, x.settings(nil))
	until(t, "it runs there", func() bool { return state(e) == api.ExportRuns })
	must(t, s.v.State.DeleteExport(t.Context(), e.ID))
	until(t, "it is gone there", func() bool { return other.outlet(e.ID) == nil })
	cancel()
	must(t, errors.Join(<-done, other.close()))
}

// An administrator makes an export, sends a test, and sees what it delivered.
func TestExportsByTheAPI(t *testing.T) {
	s, x := newScene(t), newSIEM(t)
	b := s.browser()
	settings := x.settings(m{"filter": m{"severity": "high"}})
	if status, text := b("POST", "/v1/exports", m{"name": "siem", "kind": "webhook", "settings": m{"url": x.URL, "key": "short"}}); status != 422 || !strings.Contains(text, "webhook.key") {
		t.Errorf("%d %s", status, text)
	}
	status, text := b("POST", "/v1/exports", m{"name": "siem", "kind": "webhook", "settings": settings, "enabled": true})
	var e struct {
		ID       string
		Settings m
		Status   api.ExportStatus
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil || status != 200 || strings.Contains(text, "path-secret") || strings.Contains(text, "0123456789abcdef") {
		t.Fatalf("%d %s %v", status, text, err)
	}
	if status, text := b("POST", "/v1/exports/"+e.ID+"/test", nil); status != 200 || !strings.Contains(text, `"delivered":true`) || !strings.Contains(text, "the SIEM says so") {
		t.Errorf("%d %s", status, text)
	}
	if status, text := b("PUT", "/v1/exports/"+e.ID, m{"name": "siem", "kind": "webhook", "settings": e.Settings, "enabled": true}); status != 200 {
		t.Errorf("what is shown is not taken back: %d %s", status, text)
	}
	s.alert(0, decode.High)
	s.stored()
	until(t, "it is told as delivered", func() bool {
		_, text := b("GET", "/v1/exports", nil)
		return strings.Contains(text, `"delivered":1,`)
	})
	x.once(t, 1)
	if _, text := b("GET", "/v1/metrics", nil); !strings.Contains(text, `vigil_server_export_delivered_total{export="siem"} 1`) {
		t.Errorf("metrics: %s", text)
	}
}
