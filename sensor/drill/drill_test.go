//go:build linux

package drill

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"vigil/sensor/simulate"
)

func TestTally(t *testing.T) {
	var tally Tally
	if _, ok := tally.Quantile(50); ok {
		t.Error("a latency of nothing")
	}
	seen := func(ms int64) Sight { return Sight{Rule: "vigil-a", Latency: ms} }
	for _, o := range []Outcome{
		{Seen: []Sight{seen(5), seen(1)}},
		{Seen: []Sight{seen(3), {Rule: "vigil-b", Folded: true}}},
		{Silent: []string{"vigil-c"}},
		{Silent: []string{"vigil-d"}, Blind: "it has no eyes"},
		{Blind: "it had eyes"},
		{Err: errors.New("it fell"), Blind: "it has no eyes"},
	} {
		tally.Add(&o)
	}
	if tally.All != 6 || tally.Raised() != 3 || tally.Blind != 1 || tally.Failed != 2 {
		t.Errorf("%+v", tally)
	}
	for percent, want := range map[int]int64{1: 1, 50: 3, 99: 5, 100: 5} {
		if ms, ok := tally.Quantile(percent); !ok || ms != want {
			t.Errorf("%d of 100 in %d ms, want %d", percent, ms, want)
		}
	}
}

// lines are what a sensor tells: an alert of a child of 7, what was missed, an alert of 9.
const lines = `{"end_time":5,"count":1,"finding_info":{"analytic":{"uid":"vigil-a"}},"actor":{"process":{"pid":8,"ancestry":[{"pid":7}]}}}
{"activity_name":"Lost","count":3}
{"end_time":6,"count":2,"finding_info":{"analytic":{"uid":"vigil-b"}},"actor":{"process":{"pid":9}}}
`

func TestReadAlerts(t *testing.T) {
	var got []string
	err := readAlerts(strings.NewReader(lines), func(a *alert) {
		if a.descends(7) != (a.Info.Analytic.Rule == "vigil-a") || a.descends(9) != (a.Info.Analytic.Rule == "vigil-b") {
			t.Errorf("%+v", a)
		}
		got = append(got, a.Info.Analytic.Rule)
	})
	if err != nil || strings.Join(got, " ") != "vigil-a vigil-b" {
		t.Errorf("%v %v", got, err)
	}
	for _, broken := range []string{"no JSON\n", `{"count":1`} {
		if err := readAlerts(strings.NewReader(broken), func(*alert) { t.Error("an alert") }); err == nil {
			t.Errorf("%q was read", broken)
		}
	}
}

// A sensor that ends while it is followed fails the drill, which does not wait for it.
func TestSensorEnds(t *testing.T) {
	d, err := Begin(t.Context(), func(_ context.Context, path string) (io.ReadCloser, error) {
		text := map[string]string{"/status": `{"tiers":{"exec":"full","mprotect":"kprobe"}}`, "/alerts/follow": lines}[path]
		return io.NopCloser(strings.NewReader(text)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d.all.Wait()
	o := d.Play(simulate.Playbook{Name: "nothing", Rules: []string{"vigil-a"}})
	if len(o.Seen) > 0 || o.Err == nil || !strings.Contains(o.Err.Error(), `no playbook "nothing"`) {
		t.Errorf("%+v", o)
	}
	for tier, why := range map[string]string{"kprobe": "it is dark", "tracepoint": ""} { // mprotect is seen in the first
		p := simulate.Playbook{Name: "nothing", Rules: []string{"vigil-a"}, Lacks: simulate.Lack{Kind: "mprotect", Tier: tier, Why: "it is dark"}}
		if o := d.Play(p); o.Blind != why {
			t.Errorf("what lacks in the %s tier: %+v", tier, o)
		}
	}
	if err := d.End(); err == nil || !strings.Contains(err.Error(), "the sensor has stopped") || d.Tier() != "kprobe" {
		t.Errorf("%s: %v", d.Tier(), err)
	}
}
