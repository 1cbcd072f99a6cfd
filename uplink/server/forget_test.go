package server_test

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"vigil/uplink/server"
	"vigil/uplink/server/control"
)

// A server that serves deletes what it has kept for long enough.
func TestForgets(t *testing.T) {
	var ago atomic.Int64
	ago.Store(int64(control.KeepAudit + time.Hour))
	s, err := server.Open(t.Context(), server.Settings{
		Dir: t.TempDir(), Spool: newDisk(), Now: func() time.Time { return time.Now().Add(-time.Duration(ago.Load())) }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	entries := func() int {
		all, err := s.State.AuditLog(t.Context(), "", "", "", 10)
		must(t, err)
		return len(all)
	}
	for _, when := range []time.Duration{control.KeepAudit + time.Hour, 0} {
		ago.Store(int64(when))
		_, err := s.State.Begin(t.Context(), control.Audit{Actor: "eve", Action: "x"})
		must(t, err)
	}
	if n := entries(); n != 2 {
		t.Fatalf("%d entries", n)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, server.Listeners{API: l}) }()
	for deadline := time.Now().Add(time.Minute); entries() != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d entries are kept, want the new one", entries())
		}
	}
	cancel()
	must(t, <-served)
}
