package join

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil/uplink/server"
	"vigil/uplink/server/control"
	"vigil/uplink/server/drain"
	"vigil/uplink/spool"
	"vigil/uplink/store"
)

// Settings is what a server needs. Zero fields take the defaults.
type Settings struct {
	Dir      string // where all lies that it keeps
	Listen   string // HOST:PORT for people and programs
	Sensors  string // HOST:PORT for sensors
	Names    []string
	Database string // postgres://...; "": SQLite in Dir
	Cluster  string // URL of a VictoriaLogs cluster's vlinsert; "": the store is in Dir
	Select   string // of its vlselect; "": the same
	Keep     store.Retention
	Console  http.Handler
	Version  string
	Log      *slog.Logger
}

// Server is all that a server is.
type Server struct {
	*server.Server
	listeners server.Listeners
	spool     *spool.Spool
	store     store.Store
	drain     *drain.Drain
	exports   *exports
	closers   []func() error
}

// Open opens what the server keeps, and its ports; nothing is answered before Run.
func Open(ctx context.Context, s Settings) (*Server, error) {
	limitMemory()
	v := &Server{}
	if err := v.open(ctx, s); err != nil {
		return nil, errors.Join(fmt.Errorf("open server: %w", err), v.Close())
	}
	return v, nil
}

func (v *Server) open(ctx context.Context, s Settings) (err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	for _, l := range []struct {
		address string
		to      *net.Listener
	}{{s.Listen, &v.listeners.API}, {s.Sensors, &v.listeners.Sensors}} {
		if *l.to, err = net.Listen("tcp", l.address); err != nil {
			return err
		}
		v.closers = append(v.closers, (*l.to).Close)
	}
	disk := &disk{}
	if disk.Spool, err = spool.Open(filepath.Join(s.Dir, "spool"), spool.Settings{Sync: spool.Always, Keep: true}, s.Log); err != nil {
		return err
	}
	v.spool = disk.Spool
	v.closers = append(v.closers, disk.Close)
	if s.Cluster != "" {
		v.store, err = store.OpenCluster(store.ClusterSettings{URL: s.Cluster, Select: s.Select, Retention: s.Keep})
	} else {
		v.store, err = store.Open(filepath.Join(s.Dir, "store"), store.Settings{Log: s.Log, Retention: s.Keep})
	}
	if err != nil {
		return err
	}
	v.closers = append(v.closers, v.store.Close)
	find := found{v.store}
	v.exports = newExports(s.Dir, s.Log)
	v.Server, err = server.Open(ctx, server.Settings{
		Dir: filepath.Join(s.Dir, "server"), State: s.Database, Names: v.names(s), Spool: intake{disk.Spool}, Check: check,
		Events: find, Processes: find, Exports: v.exports, Console: s.Console, Metrics: v.metrics(), Version: s.Version, Now: time.Now, Log: s.Log,
	})
	if err != nil {
		return err
	}
	v.closers = append(v.closers, v.Server.Close, v.exports.close)
	v.exports.state, v.exports.limits = v.State, v.Receiver.Limits
	v.drain = drain.New(drain.Settings{
		Spool: disk, Rewind: disk.Rewind, Claim: v.Receiver.Claim, Sleep: sleep, Log: s.Log,
		Store: &stock{store: v.store, alerts: v.TakeAlerts, exports: v.exports, limits: v.Receiver.Limits, log: s.Log},
	})
	return nil
}

// State opens what a server of these settings knows of users, sensors and alerts, without
// the server; one may run meanwhile.
func State(ctx context.Context, s Settings) (*control.DB, error) {
	dir := filepath.Join(s.Dir, "server")
	if _, err := os.Stat(dir); s.Database == "" && err != nil {
		return nil, fmt.Errorf("no server keeps its state in %s: %w", s.Dir, err)
	}
	return server.OpenState(ctx, dir, s.Database, time.Now)
}

// names are those that certificates have: of the addresses that it listens at, too.
func (v *Server) names(s Settings) []string {
	names := append([]string{"localhost"}, s.Names...)
	for _, l := range []net.Listener{v.listeners.API, v.listeners.Sensors} {
		if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil {
			names = append(names, host)
		}
	}
	return names
}

// URL is where people find the console.
func (v *Server) URL() string { return "https://" + v.listeners.API.Addr().String() }

// SensorsURL is where sensors of this host ship to.
func (v *Server) SensorsURL() string { return "https://" + v.listeners.Sensors.Addr().String() }

// Run serves until the context ends.
func (v *Server) Run(ctx context.Context) error {
	if err := v.drain.Recover(ctx); err != nil {
		return err
	}
	if err := v.exports.follow(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return v.Serve(ctx, v.listeners) })
	g.Go(func() error { return v.drain.Run(ctx) })
	g.Go(func() error { return v.exports.run(ctx) })
	g.Go(func() error { return v.expire(ctx) })
	g.Go(func() error { return followMemory(ctx) })
	return g.Wait()
}

// Close closes what Open opened.
func (v *Server) Close() error {
	var errs []error
	for i := len(v.closers) - 1; i >= 0; i-- {
		if err := v.closers[i](); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	v.closers = nil
	return errors.Join(errs...)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
