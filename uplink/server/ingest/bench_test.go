package ingest_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"vigil/uplink/server/control"
	"vigil/uplink/server/controltest"
	"vigil/uplink/server/ingest"
	"vigil/uplink/server/live"
	"vigil/uplink/ship/protocol"
)

// nowhere is a spool that costs nothing.
type nowhere struct{}

func (nowhere) Append(protocol.Class, int, []byte) error { return nil }

// What a batch costs the server besides TLS, decoding and the spool: 64 sensors send at once.
func BenchmarkBatch(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkBatch(b, filepath.Join(b.TempDir(), "control.db")) })
	b.Run("postgresql", func(b *testing.B) { benchmarkBatch(b, controltest.Postgres(b)) })
}

func benchmarkBatch(b *testing.B, place string) {
	state, err := control.Open(b.Context(), place, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := state.Close(); err != nil {
			b.Error(err)
		}
	})
	began := time.Now()
	var ticks atomic.Int64 // a clock that goes so fast that no sensor is slowed down
	h := ingest.New(ingest.Settings{
		Server: "A", State: state, Spool: nowhere{}, Changes: live.NewHub(1), Log: slog.New(slog.DiscardHandler),
		Now:   func() time.Time { return began.Add(time.Duration(ticks.Add(1)) * time.Second) },
		Check: func(protocol.Class, []byte, ingest.Limits) (int, error) { return 1, nil },
	}).Handler()
	const many = 64
	var sensors [many]*tls.ConnectionState
	for i := range sensors {
		_, secret, err := state.NewEnrolment(b.Context(), "", "", time.Hour)
		if err != nil {
			b.Fatal(err)
		}
		id, err := state.Enrol(b.Context(), control.Newcomer{Secret: secret, PublicKey: fmt.Sprint(i), Name: "x"})
		if err != nil {
			b.Fatal(err)
		}
		sensors[i] = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{Subject: pkix.Name{CommonName: id}}}}}
	}
	body := make([]byte, 20<<10)
	var next atomic.Uint64
	b.SetParallelism(many)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			n := next.Add(1)
			q := httptest.NewRequest("POST", protocol.PathBatches, bytes.NewReader(body))
			q.TLS = sensors[n%many]
			protocol.ID{Epoch: 1, Sequence: n/many + 1, Class: protocol.Events}.Write(q.Header, body)
			r := httptest.NewRecorder()
			if h.ServeHTTP(r, q); r.Code != http.StatusOK {
				b.Errorf("%d %s", r.Code, r.Body)
			}
		}
	})
}
