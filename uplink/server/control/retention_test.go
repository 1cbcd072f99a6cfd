package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vigil/uplink/server/control"
)

// What is kept for long enough goes, in more than one bite; what is not stays, and so does
// an alert that nobody closed.
func testForget(t *testing.T, place string) {
	ctx, c := t.Context(), newClock()
	d := open(t, place, c)
	id := enrol(t, d, "a")
	const many = 1100
	age := func(sequence uint64, uid string) {
		t.Helper()
		_, err := d.Begin(ctx, control.Audit{Actor: "eve", Action: uid})
		must(t, err)
		must(t, d.Dropped(ctx, id, []control.Drop{{Epoch: 1, Range: control.Range{First: sequence, Last: sequence}, Class: "events", Reason: "bytes", Batches: 1, Events: 10}}))
		for _, status := range []string{control.New, control.Closed} {
			a, err := control.ParseFinding(id, fmt.Appendf(nil, `{"metadata":{"uid":%q},"severity_id":4,"start_time":1,"end_time":2,"count":1,"finding_info":{"title":"x","analytic":{"uid":"vigil-x"}}}`, uid+status))
			must(t, err)
			_, err = d.Record(ctx, []control.Alert{a})
			must(t, err)
			_, err = d.ChangeAlert(ctx, a.ID, "eve", control.AlertChange{Status: &status, Comment: "seen"})
			must(t, err)
		}
	}
	age(1, "old")
	var drops []control.Drop
	for n := range uint64(many) {
		drops = append(drops, control.Drop{Epoch: 2, Range: control.Range{First: n*2 + 1, Last: n*2 + 1}, Class: "events", Reason: "bytes", Batches: 1, Events: 1})
	}
	must(t, d.Dropped(ctx, id, drops))
	forget := func(what string, want control.Forgotten) {
		t.Helper()
		got, err := d.Forget(ctx)
		must(t, err)
		if got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	forget("nothing is old", control.Forgotten{})
	c.pass(control.KeepDrops + time.Hour)
	age(2, "young")
	forget("drops are", control.Forgotten{Drops: many + 1})
	c.pass(control.KeepAudit - control.KeepDrops)
	forget("all but what is young is", control.Forgotten{Audit: 1, Alerts: 1, Drops: 1})
	alerts, err := d.Alerts(ctx, control.AlertFilter{Limit: 10})
	must(t, err)
	var left []string
	for _, a := range alerts {
		left = append(left, a.ID+" "+a.Status)
		comments, err := d.Comments(ctx, a.ID)
		must(t, err)
		want(t, "comments of "+a.ID, len(comments), 1)
	}
	slices.Sort(left)
	want(t, "alerts left", strings.Join(left, ", "), fmt.Sprintf("%[1]s.oldnew new, %[1]s.youngclosed closed, %[1]s.youngnew new", id))
	gone, err := d.Comments(ctx, id+".oldclosed")
	must(t, err)
	want(t, "comments of what is gone", len(gone), 0)
	ok, err := d.Received(ctx, control.Key{Sensor: id, Epoch: 1, Sequence: 1})
	must(t, err)
	want(t, "a drop that is forgotten comes no more", ok, true)
}
