// Package console walks the console in a real Chromium, as people do and as those would
// who name their files to harm them.
package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"vigil/uplink/console"
	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
	"vigil/uplink/server/live"
)

const password = "a long enough password"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a server whose state is real, and whose events lie in memory.
type world struct {
	t       *testing.T
	state   *control.DB
	changes *live.Hub
	store   *store
	server  *httptest.Server
	play    *play
	behind  atomic.Int64      // how far its clock is behind, ns: what is seeded lies in the past
	asked   atomic.Int64      // rates that were asked for
	sensors map[string]string // IDs, by name
}

func (w *world) now() time.Time { return time.Now().Add(-time.Duration(w.behind.Load())) }

func (w *world) at(ago time.Duration) { w.behind.Store(int64(ago)) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, changes: live.NewHub(64), store: &store{}, sensors: map[string]string{}}
	var err error
	w.state, err = control.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"), w.now)
	must(t, err)
	t.Cleanup(func() { must(t, w.state.Close()) })
	w.seed()
	a, err := api.New(api.Settings{
		State: w.state, Events: w.store, Processes: w.store, Exports: &exports{}, Changes: w.changes, Policies: &live.Signal{}, Token: func(s string) string { return "vigil-enrol-" + s },
		Rates: w.rates, Version: "test", Now: w.now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	must(t, err)
	pages, err := console.Handler()
	must(t, err)
	mux := http.NewServeMux()
	mux.Handle("/v1/", a.Handler())
	mux.Handle("/", pages)
	w.server = httptest.NewUnstartedServer(mux)
	w.server.EnableHTTP2 = true
	w.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(t.Output(), nil), slog.LevelDebug)
	w.server.StartTLS()
	t.Cleanup(w.server.CloseClientConnections)
	return w
}

// rates go up and down, so that the line of the overview is one.
func (w *world) rates() api.Rates {
	n := float64(w.asked.Add(1))
	return api.Rates{Events: 1180 + 90*float64(int(n)%7) - 40*float64(int(n)%3), Bytes: 21_000, Refused: 1}
}

// control is where the walk asks for what happens on hosts: another address, which no
// page knows.
func (w *world) control() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /alert", func(_ http.ResponseWriter, q *http.Request) {
		w.raise(q.Context(), q.URL.Query().Get("title"))
	})
	s := httptest.NewServer(mux)
	w.t.Cleanup(s.Close)
	return s
}

func (w *world) raise(ctx context.Context, title string) {
	now := w.now()
	a := w.alert(alert{sensor: "web-01", rule: "vigil-late", title: title, severity: 4, at: now, process: scene(now).shell, id: fmt.Sprintf("late-%d", now.UnixNano())})
	changed, err := w.state.Record(ctx, []control.Alert{a})
	if err != nil {
		w.t.Error(err)
		return
	}
	for _, c := range changed {
		if err := w.changes.Publish("alert", c); err != nil {
			w.t.Error(err)
		}
	}
}
