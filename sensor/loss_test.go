package sensor

import (
	"encoding/json"
	"testing"
	"time"

	"vigil/decode"
)

func TestGaps(t *testing.T) {
	type step struct {
		ring uint16
		cpu  uint16
		lost uint32
	}
	const vital, bulk = decode.RingVital, decode.RingBulk
	for name, c := range map[string]struct {
		steps      []step
		seen       uint64
		open, life bool
	}{
		"nothing":                    {},
		"no loss":                    {steps: []step{{vital, 0, 0}, {vital, 0, 0}, {bulk, 3, 0}}},
		"a gap on bulk":              {steps: []step{{bulk, 0, 0}, {bulk, 0, 5}}, seen: 5, open: true},
		"a gap before the first":     {steps: []step{{bulk, 1, 2}}, seen: 2, open: true},
		"a gap on vital":             {steps: []step{{vital, 0, 1}}, seen: 1, open: true, life: true},
		"told once":                  {steps: []step{{bulk, 0, 5}, {bulk, 0, 5}, {bulk, 0, 5}}, seen: 5, open: true},
		"it goes on":                 {steps: []step{{bulk, 0, 5}, {bulk, 0, 9}}, seen: 9, open: true},
		"a CPU of its own":           {steps: []step{{bulk, 0, 5}, {bulk, 1, 5}, {bulk, 70, 1}}, seen: 11, open: true},
		"a ring of its own":          {steps: []step{{bulk, 0, 5}, {vital, 0, 2}}, seen: 7, open: true, life: true},
		"an older count comes later": {steps: []step{{bulk, 0, 5}, {bulk, 0, 3}, {bulk, 0, 6}}, seen: 6, open: true},
		"the count goes round":       {steps: []step{{bulk, 0, 1<<31 - 1}, {bulk, 0, 1<<32 - 2}, {bulk, 0, 3}}, seen: 1<<32 + 3, open: true},
		"a ring that there is not":   {steps: []step{{decode.RingCount, 0, 5}, {255, 0, 5}}},
	} {
		var g gaps
		for _, s := range c.steps {
			g.check(&decode.Header{Ring: s.ring, CPU: s.cpu, Lost: s.lost})
		}
		if g.seen != c.seen || g.open != c.open || g.life != c.life {
			t.Errorf("%s: %d missing, open %v, life %v; want %d, %v, %v", name, g.seen, g.open, g.life, c.seen, c.open, c.life)
		}
	}
	g, h := gaps{}, decode.Header{CPU: 3}
	g.check(&h)
	if n := testing.AllocsPerRun(100, func() { h.Lost++; g.check(&h) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What is told of a loss names the kind, the CPU, the window and the reason.
func TestLossIsToldWhole(t *testing.T) {
	var l lossRecord
	r, err := l.record(decode.Lost{
		Records: 120, Since: 5e9, Until: 7e9, Kind: uint32(decode.KindFileOpen), CPU: 3, Reason: decode.LostReasonRingFull,
	}, 7e9)
	if err != nil {
		t.Fatal(err)
	}
	e := Event{Record: r, actor: &decode.Actor{BootOffset: 1e18, Hostname: "web1"}}
	var told struct {
		Time   int64 `json:"time"`
		Start  int64 `json:"start_time"`
		End    int64 `json:"end_time"`
		Device struct {
			Hostname string `json:"hostname"`
		} `json:"device"`
		Unmapped struct {
			Kind     string `json:"kind"`
			LostKind string `json:"lost_kind"`
			Records  uint64 `json:"records"`
			Reason   string `json:"reason"`
			CPU      uint32 `json:"lost_cpu"`
		} `json:"unmapped"`
	}
	if err := json.Unmarshal(AppendEvent(nil, &e), &told); err != nil {
		t.Fatal(err)
	}
	u := told.Unmapped
	if told.Time != 1e12+7000 || told.Start != 1e12+5000 || told.End != 1e12+7000 || told.Device.Hostname != "web1" ||
		u.Kind != "lost" || u.LostKind != "file_open" || u.Records != 120 || u.Reason != "ring_full" || u.CPU != 3 {
		t.Errorf("%+v", told)
	}
	line := string(AppendLine(nil, &e, decode.Style{Zone: time.UTC}))
	if want := "01:46:47.000  lost                0                 120 file_open records: ring_full on CPU 3 from 01:46:45.000 to 01:46:47.000\n"; line != want {
		t.Errorf("%q", line)
	}
	if !e.Matches(mustFilter(t, "kind=exec pid=1")) {
		t.Error("a filter hides what was lost")
	}
}

func mustFilter(t *testing.T, text string) *decode.Filter {
	t.Helper()
	f, err := decode.ParseFilter(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
