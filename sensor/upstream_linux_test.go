package sensor

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vigil/decode"
	"vigil/detect"
)

// holes keeps what is told of events that no server will have.
type holes struct{ records, notices atomic.Uint64 }

func (h *holes) Take(e *Event) {
	if l := e.Record; l.Kind() == decode.KindLost && l.Lost().Reason == decode.LostReasonUpstream && l.Lost().Until > l.Lost().Since {
		h.records.Add(l.Lost().Records)
		h.notices.Add(1)
	}
}

func (*holes) Alert(*detect.Alert, detect.Activity, *Event) {}
func (*holes) Flush()                                       {}

// How shipping fares is in the status and the metrics, and what it loses is an event: at
// once, and then no more often than the notices of it could fill what is left of a disk.
func TestUpstream(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
	c := Default()
	c.Scope = "self"
	s, err := New(c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	says := Upstream{
		Server: "https://server:8444", Sensor: "s", Policy: "web", Version: 4, Refused: "policy web, version 5: no", Waiting: 7, WaitingBytes: 1 << 20,
		Shipped: 9, Acknowledged: time.Unix(1_700_000_000, 0).UTC(), Lost: 2, Dropped: map[string]uint64{"bytes": 30, "age": 4}, Expires: time.Unix(1_800_000_000, 0).UTC(),
	}
	if n := says.DroppedAll(); n != 34 {
		t.Errorf("%d dropped", n)
	}
	var lost atomic.Uint64
	lost.Store(36)
	h := &holes{}
	s.Ship(func() *Upstream { return &says }, lost.Load)
	s.AddSink(h)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, func() {}) }()
	defer func() {
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "the loss is told", func() bool { return h.records.Load() == 36 })
	lost.Store(40)
	ticks := func() (n uint64) {
		if err := s.Ask(ctx, func() { n = s.ticks }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	began := ticks()
	eventually(t, "two seconds have passed for the sensor", func() bool { return ticks() >= began+2 })
	if n := h.notices.Load(); n != 1 {
		t.Errorf("%d notices within the minute", n)
	}
	st, err := s.Status(ctx)
	if err != nil || !reflect.DeepEqual(st.Upstream, &says) || st.Events["lost"] != 1 {
		t.Errorf("status: %+v, %d lost events, %v", st.Upstream, st.Events["lost"], err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{s})
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, series := range []string{
		"vigil_upstream_waiting_batches 7", "vigil_upstream_shipped_batches_total 9", "vigil_upstream_last_acknowledgement_timestamp_seconds 1.7e+09", "vigil_upstream_lost_events_total 2",
		`vigil_upstream_dropped_events_total{reason="bytes"} 30`, `vigil_upstream_policy_version{policy="web"} 4`, "vigil_upstream_policy_refused 1", "vigil_rules_off 0",
	} {
		if !strings.Contains(w.Body.String(), "\n"+series) {
			t.Errorf("no %s", series)
		}
	}
}
