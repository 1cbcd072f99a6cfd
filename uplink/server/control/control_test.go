package control_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/server/controltest"
)

// clock is a time that the test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

func newClock() *clock { return &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

const password = "a long enough password"

func open(t *testing.T, place string, c *clock) *control.DB {
	t.Helper()
	d, err := control.Open(t.Context(), place, c.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func enrol(t *testing.T, d *control.DB, key string) string {
	t.Helper()
	_, secret, err := d.NewEnrolment(t.Context(), "admin", "", time.Hour)
	must(t, err)
	id, err := d.Enrol(t.Context(), control.Newcomer{Secret: secret, PublicKey: key, Name: "host-" + key})
	must(t, err)
	return id
}

// Every promise holds on every kind of database.
func TestState(t *testing.T) {
	controltest.Each(t, map[string]func(*testing.T, string){
		"OpenTwice":     testOpenTwice,
		"Migrate":       testMigrate,
		"Enrolment":     testEnrolment,
		"EnrolmentOnce": testEnrolmentOnce,
		"Claim":         testClaim,
		"Dropped":       testDropped,
		"Users":         testUsers,
		"Reset":         testReset,
		"Alerts":        testAlerts,
		"Policies":      testPolicies,
		"Forget":        testForget,
		"Audit":         testAudit,
		"Saved":         testSaved,
	})
}

func testOpenTwice(t *testing.T, place string) {
	c := newClock()
	first := open(t, place, c)
	must(t, first.Set(t.Context(), "name", "value"))
	second := open(t, place, c) // migrates nothing, and sees the same
	v, err := second.Setting(t.Context(), "name", "")
	must(t, err)
	want(t, "setting", v, "value")
}

func testEnrolment(t *testing.T, place string) {
	ctx, c := t.Context(), newClock()
	d := open(t, place, c)
	_, secret, err := d.NewEnrolment(ctx, "admin", "web", time.Hour)
	must(t, err)
	n := control.Newcomer{Secret: secret, PublicKey: "k1", Name: "web"}
	id, err := d.Enrol(ctx, n)
	must(t, err)
	want(t, "length of the ID", len(id), 26)
	again, err := d.Enrol(ctx, n)
	must(t, err)
	want(t, "the same key again", again, id)
	n.PublicKey = "k2"
	_, err = d.Enrol(ctx, n)
	wantError(t, "another key", err, control.ErrUsed)
	_, err = d.Enrol(ctx, control.Newcomer{Secret: "guess", PublicKey: "k"})
	wantError(t, "a guess", err, control.ErrNotFound)
	_, late, err := d.NewEnrolment(ctx, "admin", "", time.Hour)
	must(t, err)
	c.pass(time.Hour)
	_, err = d.Enrol(ctx, control.Newcomer{Secret: late, PublicKey: "k"})
	wantError(t, "too late", err, control.ErrExpired)

	ok, err := d.Admitted(ctx, id)
	must(t, err)
	want(t, "admitted", ok, true)
	must(t, d.Revoke(ctx, id, "gone"))
	ok, err = d.Admitted(ctx, id)
	must(t, err)
	want(t, "admitted when revoked", ok, false)
	wantError(t, "revoke twice", d.Revoke(ctx, id, "gone"), control.ErrNotFound)
}

// One secret serves one of many that come at once.
func testEnrolmentOnce(t *testing.T, place string) {
	d := open(t, place, newClock())
	_, secret, err := d.NewEnrolment(t.Context(), "admin", "", time.Hour)
	must(t, err)
	won := make(chan string, 8)
	var wg sync.WaitGroup
	for i := range cap(won) {
		wg.Go(func() {
			id, err := d.Enrol(context.Background(), control.Newcomer{Secret: secret, PublicKey: fmt.Sprint(i)})
			if err == nil {
				won <- id
			} else if !errors.Is(err, control.ErrUsed) {
				t.Errorf("enrol: %v", err)
			}
		})
	}
	wg.Wait()
	want(t, "enrolled", len(won), 1)
}

func testClaim(t *testing.T, place string) {
	ctx, d := t.Context(), open(t, place, newClock())
	id := enrol(t, d, "a")
	key := func(n uint64) control.Key { return control.Key{Sensor: id, Epoch: 1 << 63, Sequence: n} }
	mine, err := d.Claim(ctx, "A", []control.Key{key(1), key(2), key(2), key(4)})
	must(t, err)
	want(t, "A's", fmt.Sprint(mine), "[true true true true]")
	mine, err = d.Claim(ctx, "B", []control.Key{key(2), key(3)})
	must(t, err)
	want(t, "B's", fmt.Sprint(mine), "[false true]")
	mine, err = d.Claim(ctx, "A", []control.Key{key(1), key(3)})
	must(t, err)
	want(t, "A's again", fmt.Sprint(mine), "[true false]")
	five := control.Range{First: 5, Last: 9}
	drop := control.Drop{Epoch: 1 << 63, Range: five, Gone: control.Ranges{five}, Class: "events", Reason: "bytes", Batches: 5, Events: 500}
	must(t, d.Dropped(ctx, id, []control.Drop{drop}))
	must(t, d.Dropped(ctx, id, []control.Drop{drop}))
	for n, has := range map[uint64]bool{1: true, 3: true, 4: true, 7: true, 10: false} {
		got, err := d.Received(ctx, key(n))
		must(t, err)
		want(t, fmt.Sprint("received ", n), got, has)
	}
	got, err := d.Received(ctx, control.Key{Sensor: id, Epoch: 2, Sequence: 1})
	must(t, err)
	want(t, "of another epoch", got, false)
	s, err := d.Sensor(ctx, id)
	must(t, err)
	want(t, "dropped, told twice", s.Dropped, 500)
	_, err = d.Claim(ctx, "A", []control.Key{key(10)})
	must(t, err)
	got, err = d.Received(ctx, key(7))
	must(t, err)
	want(t, "bridged", got, true)
}

func finding(uid string, count, last int, extra string) []byte {
	return fmt.Appendf(nil, `{"metadata":{"uid":%q},"severity_id":3,"status_id":1,"start_time":1000,"end_time":%d,"count":%d,"message":"m\u0000",
		"finding_info":{"title":"Reverse shell","analytic":{"uid":"vigil-reverse-shell"},"attacks":[{"technique":{"uid":"T1059"}}]},
		"device":{"hostname":"web"},"actor":{"process":{"uid":"00ff","file":{"path":"/bin/bash"}}}%s}`, uid, last, count, extra)
}

func testAlerts(t *testing.T, place string) {
	ctx, d := t.Context(), open(t, place, newClock())
	record := func(sensor string, lines ...[]byte) []control.Alert {
		t.Helper()
		var all []control.Alert
		for _, l := range lines {
			a, err := control.ParseFinding(sensor, l)
			must(t, err)
			all = append(all, a)
		}
		changed, err := d.Record(ctx, all)
		must(t, err)
		return changed
	}
	want(t, "changed", len(record("s1", finding("a", 1, 2000, ""), finding("b", 1, 3000, ""))), 2)
	want(t, "the same again", len(record("s1", finding("a", 1, 2000, ""))), 0)
	want(t, "of another sensor", len(record("s2", finding("a", 1, 2000, ""))), 1)
	_, err := d.AddUser(ctx, "eve", control.Operator, password)
	must(t, err)
	status, eve, nobody := control.InProgress, "eve", "mallory"
	a, err := d.ChangeAlert(ctx, "s1.a", "eve", control.AlertChange{Status: &status, Assignee: &eve, Comment: "I look"})
	must(t, err)
	want(t, "assignee", a.Assignee, "eve")
	_, err = d.ChangeAlert(ctx, "s1.a", "eve", control.AlertChange{Assignee: &nobody})
	wantError(t, "to nobody", err, control.ErrInvalid)
	dismissed := control.Dismissed
	_, err = d.ChangeAlert(ctx, "s1.a", "eve", control.AlertChange{Status: &dismissed})
	wantError(t, "without a reason", err, control.ErrInvalid)
	changed := record("s1", finding("a", 10, 9000, ""))
	want(t, "status stays", changed[0].Status, control.InProgress)
	want(t, "count", changed[0].Count, 10)
	want(t, "an older count", len(record("s1", finding("a", 5, 9500, ""))), 0)

	list, err := d.Alerts(ctx, control.AlertFilter{Status: []string{control.New}, Limit: 10})
	must(t, err)
	want(t, "new", len(list), 2)
	list, err = d.Alerts(ctx, control.AlertFilter{Text: "REVERSE", Least: 3, Sensor: "s1", Limit: 1})
	must(t, err)
	want(t, "the latest", list[0].ID, "s1.a")
	list0 := list[0]
	list, err = d.Alerts(ctx, control.AlertFilter{Before: list[0].ID, Limit: 10})
	must(t, err)
	want(t, "the rest", len(list), 2)
	list, err = d.Alerts(ctx, control.AlertFilter{Text: "100%_", Limit: 10})
	must(t, err)
	want(t, "a text with signs", len(list), 0)
	ids := ""
	must(t, d.Findings(ctx, control.AlertFilter{Sensor: "s1"}, func(a control.Alert) bool { ids += a.ID + string(a.Finding[:3]); return true }))
	want(t, "findings", ids, `s1.a{"ms1.b{"m`)
	for _, f := range []control.AlertFilter{{Severity: []uint8{list0.Severity}}, {Severity: []uint8{list0.Severity, 1}, Status: []string{control.New, control.InProgress}}, {Severity: []uint8{2}}} {
		f.Limit = 10
		list, err = d.Alerts(ctx, f)
		must(t, err)
		want(t, fmt.Sprintf("of severities %d", f.Severity), len(list), map[bool]int{true: 0, false: 3}[f.Severity[0] == 2])
	}

	_, err = d.Suppress(ctx, control.Suppression{Rule: "vigil-reverse-shell", Sensor: "s1", Reason: "ours", Author: "eve"})
	must(t, err)
	a, err = d.Alert(ctx, "s1.b")
	must(t, err)
	want(t, "suppressed", a.Status+a.Reason, "dismissedours")
	want(t, "finding", strings.Contains(string(a.Finding), "Reverse shell"), true)
	a, err = d.Alert(ctx, "s1.a")
	must(t, err)
	want(t, "what somebody works on stays", a.Status, control.InProgress)
	want(t, "suppressed as it comes", record("s1", finding("c", 1, 1, ""))[0].Reason, "ours")
	counts, err := d.AlertCounts(ctx)
	must(t, err)
	want(t, "counts", len(counts), 3)
	comments, err := d.Comments(ctx, "s1.a")
	must(t, err)
	want(t, "comments", comments[0].Text, "I look")
}

func testAudit(t *testing.T, place string) {
	ctx, d := t.Context(), open(t, place, newClock())
	for i := range 3 {
		id, err := d.Begin(ctx, control.Audit{Actor: "eve", Action: "users.add", Target: fmt.Sprint(i)})
		must(t, err)
		if i < 2 {
			must(t, d.Finish(ctx, id, "of eve", "ok"))
			wantError(t, "finish twice", d.Finish(ctx, id, "", "no"), control.ErrNotFound)
		}
	}
	log, err := d.AuditLog(ctx, "eve", "", "", 10)
	must(t, err)
	want(t, "the newest", log[0].Target+log[0].Result, "2begun")
	log, err = d.AuditLog(ctx, "", "users.add", log[0].ID, 10)
	must(t, err)
	want(t, "before it", len(log), 2)
}

func testSaved(t *testing.T, place string) {
	ctx, d := t.Context(), open(t, place, newClock())
	s, err := d.SaveSearch(ctx, control.Search{Name: "shells", Query: "kind:exec"})
	must(t, err)
	must(t, d.DeleteSearch(ctx, s.ID))
	wantError(t, "delete twice", d.DeleteSearch(ctx, s.ID), control.ErrNotFound)
	e, err := d.PutExport(ctx, control.Export{Name: "siem", Kind: "syslog", Settings: []byte(`{}`), Enabled: true})
	must(t, err)
	e.Enabled = false
	_, err = d.PutExport(ctx, e)
	must(t, err)
	all, err := d.Exports(ctx)
	must(t, err)
	want(t, "exports", len(all), 1)
	want(t, "enabled", all[0].Enabled, false)
	due := time.Unix(1_000_000, 0)
	for i, at := range []time.Duration{0, 0, time.Hour, 0} { // each snapshot is made by one
		mine, err := d.ClaimSnapshot(ctx, e.ID, due.Add(at))
		must(t, err)
		want(t, fmt.Sprint("claim ", i), mine, i == 0 || i == 2)
	}
	one, err := d.Export(ctx, e.ID)
	must(t, err)
	want(t, "one", one.Name, "siem")
	_, err = d.Export(ctx, "none")
	wantError(t, "none", err, control.ErrNotFound)
	_, err = d.PutExport(ctx, control.Export{Name: "siem", Settings: []byte(`{}`)})
	wantError(t, "the same name", err, control.ErrConflict)
}
