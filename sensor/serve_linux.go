package sensor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sys/unix"

	"vigil/decode"
	"vigil/detect"
	"vigil/sensor/process"
)

// Serve answers until the context ends: /status, /processes, /metrics and /events
// (see Followers). It closes the listener, which Listen makes.
func (s *Sensor) Serve(ctx context.Context, l net.Listener, followers *Followers) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{s})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", s.serveStatus)
	mux.HandleFunc("GET /processes", s.serveProcesses)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /events", followers)
	mux.HandleFunc("GET /alerts", s.judges(s.serveAlerts))
	mux.HandleFunc("GET /alerts/follow", s.judges(followers.ServeAlerts))
	return serve(ctx, l, mux)
}

// ServeMetrics answers Prometheus on a TCP address until the context ends.
func (s *Sensor) ServeMetrics(ctx context.Context, address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{s})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return serve(ctx, l, mux)
}

func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// Listen takes a unix socket, unless another sensor answers there. Only root may
// connect.
func Listen(socket string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
		return nil, fmt.Errorf("make the socket's directory: %w", err)
	}
	if st, err := os.Lstat(socket); err == nil && st.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("socket %s: a file that is no socket lies there; move it or give --socket", socket)
	}
	if c, err := net.Dial("unix", socket); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("socket %s: another sensor answers there; stop it or give --socket", socket)
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the old socket: %w", err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", socket, err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect the socket: %w", err), l.Close())
	}
	return l, nil
}

func (s *Sensor) serveStatus(w http.ResponseWriter, r *http.Request) {
	status, err := s.Status(r.Context())
	reply(w, status, err)
}

func (s *Sensor) serveProcesses(w http.ResponseWriter, r *http.Request) {
	views, err := s.Processes(r.Context())
	reply(w, views, err)
}

// judges answers for a sensor that judges, and else says that it does not: no alerts
// would be taken for a quiet host.
func (s *Sensor) judges(then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.config.Load().Judge {
			http.Error(w, "it captures only, and raises no alerts: start it without --no-judge, and with judge: true", http.StatusConflict)
			return
		}
		then(w, r)
	}
}

// serveAlerts gives the alerts that are kept, the oldest first, as JSON lines.
func (s *Sensor) serveAlerts(w http.ResponseWriter, r *http.Request) {
	var lines []byte
	if err := s.Ask(r.Context(), func() {
		s.judge.book.Each(func(a *detect.Alert, did detect.Activity) { lines = AppendAlert(lines, a, did) })
	}); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", formJSON.contentType())
	_, _ = w.Write(lines) // the reader has gone
}

func reply(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the reader has gone
}

// Meta is what a recording says of this host.
func (s *Sensor) Meta() decode.Meta {
	m := decode.Meta{
		BootSeed: s.bootSeed, BootOffset: s.bootOffset, Version: s.version, Host: s.hostname, Architecture: runtime.GOARCH,
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	return m
}

// Shows tells whether the configuration asks for events of a kind.
func (s *Sensor) Shows(k decode.Kind) bool { return s.config.Load().Shows(k) }

// Processes copies the process table.
func (s *Sensor) Processes(ctx context.Context) ([]ProcessView, error) {
	var views []process.View
	if err := s.Ask(ctx, func() { views = s.table.Snapshot() }); err != nil {
		return nil, fmt.Errorf("ask for the processes: %w", err)
	}
	out := make([]ProcessView, len(views))
	for i, v := range views {
		out[i] = ProcessView{View: v, User: s.names.user(v.UID), Container: s.names.container(v.CgroupID, v.PID).Name}
	}
	return out, nil
}

// Status says how the sensor is.
func (s *Sensor) Status(ctx context.Context) (Status, error) {
	var st Status
	err := s.Ask(ctx, func() { st = s.status() })
	if err != nil {
		return st, fmt.Errorf("ask for the status: %w", err)
	}
	if s.upstream != nil {
		st.Upstream = s.upstream()
	}
	return st, nil
}

func (s *Sensor) status() Status {
	st := Status{
		Version: s.version, PID: os.Getpid(), Since: s.started, Uptime: time.Since(s.started).Seconds(),
		Scope: s.config.Load().Scope, Tiers: map[string]string{}, Missing: map[string]string{}, Events: map[string]uint64{},
		Records: s.records, Bytes: s.bytes, Alerts: s.alerts, Lost: []Loss{}, Damaged: s.damaged, Gaps: s.gaps.seen,
		Judge: s.judge.status(), Samples: s.sampler.status, Repairs: s.repairs, Table: s.table.Stats(),
	}
	for _, c := range s.capture.Coverage() {
		name := decode.Kind(c.Kind).String()
		st.Tiers[name] = c.Tier.String()
		if len(c.Programs) == 0 && c.Missing != nil {
			st.Missing[name] = firstLine(c.Missing)
		}
	}
	for k, n := range s.events {
		if n > 0 {
			st.Events[decode.Kind(k).String()] = n
		}
	}
	for l, n := range s.lost {
		st.LostAll += n
		st.Lost = addLoss(st.Lost, Loss{decode.Kind(l.Kind).String(), (&decode.Lost{Reason: uint32(l.Reason)}).ReasonName(), n})
	}
	for i, r := range []interface {
		Size() int
		Queued() int
	}{s.capture.Vital, s.capture.Bulk} {
		st.Queues = append(st.Queues, Queue{[]string{"vital", "bulk"}[i], r.Size(), r.Queued(), s.peaks[i]})
	}
	st.RSS, st.CPU = usage()
	st.CPUShare = 100 * st.CPU / st.Uptime
	slices.SortFunc(st.Lost, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Reason, b.Reason))
	})
	return st
}

// addLoss adds up what several CPUs lost alike.
func addLoss(all []Loss, l Loss) []Loss {
	for i := range all {
		if all[i].Kind == l.Kind && all[i].Reason == l.Reason {
			all[i].Records += l.Records
			return all
		}
	}
	return append(all, l)
}
