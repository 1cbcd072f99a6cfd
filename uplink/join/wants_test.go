package join

import (
	"slices"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/uplink/batch"
	"vigil/uplink/export"
	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/ship/protocol"
	"vigil/uplink/store"
)

func sampleEnvelope() ingest.Envelope {
	e := batch.NewEncoder(decode.Meta{Host: "web", BootOffset: 7})
	for _, k := range []decode.Kind{decode.KindExec, decode.KindConnect, decode.KindExec, decode.KindExit} {
		r, err := decode.Decode(recordtest.Sample(k))
		if err != nil {
			panic(err)
		}
		e.Event(r, nil)
	}
	return ingest.Envelope{Key: control.Key{Sensor: "s", Epoch: 1, Sequence: 1}, Class: protocol.Events, Body: e.Encode(nil)}
}

var limits = ingest.Limits{Bytes: 1 << 20, Events: 1 << 12}

// What is counted is what comes out, as the store has it.
func TestWants(t *testing.T) {
	e := sampleEnvelope()
	s, opened := &stock{limits: limits}, &opened{}
	must(t, s.open(opened, e))
	for _, c := range []struct {
		export.Filter
		want []string
	}{
		{export.Filter{}, []string{"exec", "connect", "exec", "exit"}},
		{export.Filter{Kinds: []string{"exec", "alert"}}, []string{"exec", "exec"}},
		{export.Filter{Kinds: []string{"alert"}}, nil},
		{export.Filter{Severity: decode.Low}, nil},
	} {
		w := newWants(c.Filter)
		var got []string
		o := &outlet{limits: limits}
		must(t, o.open(w.block(&e), func(i export.Item) {
			got = append(got, i.Kind)
			if !slices.ContainsFunc(opened.rows, func(r store.Row) bool {
				return string(r.AppendJSON(nil)) == string(i.JSON) && r.Time == i.Time && r.Sensor == i.Sensor
			}) {
				t.Errorf("%s is not what the store has", i.JSON)
			}
		}))
		if n := w.count(e.Class, opened.rows, opened.severity); n != len(got) || !slices.Equal(got, c.want) {
			t.Errorf("%+v: counted %d, opened %v", c.Filter, n, got)
		}
	}
}

func FuzzOpen(f *testing.F) {
	e := sampleEnvelope()
	f.Add(newWants(export.Filter{Kinds: []string{"exec"}}).block(&e))
	f.Add([]byte("{}\n"))
	o := &outlet{limits: limits}
	f.Fuzz(func(t *testing.T, block []byte) {
		var first, second []string
		err := o.open(block, func(i export.Item) { first = append(first, string(i.JSON)) })
		again := o.open(block, func(i export.Item) { second = append(second, string(i.JSON)) })
		if (err == nil) != (again == nil) || !slices.Equal(first, second) {
			t.Errorf("%v %v, then %v %v", first, err, second, again)
		}
	})
}

// BenchmarkOffer is what exports cost the drain, of 1,000 events: one that wants alerts
// only, one that wants some kinds, one that wants all.
func BenchmarkOffer(b *testing.B) {
	enc := batch.NewEncoder(decode.Meta{Host: "web"})
	r, err := decode.Decode(recordtest.Sample(decode.KindExec))
	must(b, err)
	for range 1000 {
		enc.Event(r, nil)
	}
	e := ingest.Envelope{Key: control.Key{Sensor: "s"}, Class: protocol.Events, Body: enc.Encode(nil)}
	s, opened := &stock{limits: limits}, &opened{}
	must(b, s.open(opened, e))
	for name, f := range map[string]export.Filter{"alerts": {Kinds: []string{"alert"}}, "medium": {Severity: decode.Medium}, "exec": {Kinds: []string{"exec"}}, "all": {}} {
		b.Run(name, func(b *testing.B) {
			o := &outlet{limits: limits, dir: b.TempDir(), wants: newWants(f), log: quiet()}
			must(b, o.reopen(export.Queue{}))
			b.ReportAllocs()
			for b.Loop() {
				o.offer(&e, opened.rows, opened.severity)
			}
			must(b, o.close())
		})
	}
}
