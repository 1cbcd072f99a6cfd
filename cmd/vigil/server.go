package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	pages "vigil/uplink/console"
	"vigil/uplink/join"
	"vigil/uplink/ship"
)

// Where a host keeps what it is enrolled with, and a server what it knows.
const (
	stateDir = "/var/lib/vigil/sensor"
	dataDir  = "/var/lib/vigil"
)

// serverFlags say what a server is.
type serverFlags struct {
	Listen   string   `help:"Where the console and the API listen." default:"127.0.0.1:8443" placeholder:"HOST:PORT"`
	Sensors  string   `help:"Where sensors ship to." default:"127.0.0.1:8444" placeholder:"HOST:PORT"`
	Names    []string `help:"Names and addresses that the server is reached by, for its certificate." placeholder:"NAME"`
	Data     string   `help:"Where the server keeps all that it knows." default:"${data}" type:"path" placeholder:"DIR"`
	Database string   `help:"PostgreSQL for the control state, postgres://...; else it lies in the data folder." placeholder:"URL"`
	Store    string   `help:"A VictoriaLogs cluster for the events, by its front; else they lie in the data folder." placeholder:"URL"`
}

func (f *serverFlags) open(ctx context.Context, log *slog.Logger) (*join.Server, error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // thousands of connections are most of the heap: it need not double
	}
	console, err := pages.Handler()
	if err != nil {
		return nil, err
	}
	return join.Open(ctx, join.Settings{
		Dir: f.Data, Listen: f.Listen, Sensors: f.Sensors, Names: f.Names, Database: f.Database, Cluster: f.Store, Console: console,
		Version: version, Log: log,
	})
}

// greet tells how to come in, and the first administrator's password once.
func greet(c *console, s *join.Server) error {
	password, err := s.FirstAdmin(c.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.err, "vigil %s: the console is at %s (its certificate is of this server's own authority)\n", version, s.URL())
	if password != "" {
		fmt.Fprintf(c.err, "  user admin, password %s: it is shown this once\n", password)
	}
	return nil
}

type serverCommand struct{ serverFlags }

// Run serves until stopped.
func (r *serverCommand) Run(c *console) error {
	log := slog.New(slog.NewTextHandler(c.err, nil))
	s, err := r.open(c.ctx, log)
	if err != nil {
		return err
	}
	if err := greet(c, s); err != nil {
		return errors.Join(err, s.Close())
	}
	return errors.Join(s.Run(c.ctx), s.Close())
}

type enrollCommand struct {
	URL   string `arg:"" help:"Of the server, for sensors: https://HOST:8444."`
	Token string `arg:"" help:"As the console gives it, once: settings, enrolment tokens."`
	JSON  bool   `name:"json" help:"As JSON."`
	State string `help:"Where to keep what is got." default:"${state}" type:"path" placeholder:"DIR"`
}

// Run enrols this host.
func (e *enrollCommand) Run(c *console) error {
	id, err := enrol(c.ctx, e.State, e.URL, e.Token)
	if err != nil {
		return err
	}
	if e.JSON {
		return json.NewEncoder(c.out).Encode(map[string]string{"sensor": id, "server": e.URL})
	}
	_, err = fmt.Fprintf(c.out, "this host is sensor %s of %s: vigil run ships from now on\n", id, e.URL)
	return err
}

func enrol(ctx context.Context, dir, url, token string) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("read the host's name: %w", err)
	}
	return ship.Enrol(ctx, ship.Enrolment{Dir: dir, Server: url, Token: token, Name: host, Version: version})
}

type upCommand struct {
	serverFlags
	judgeFlags
	Scope  string  `help:"What to watch: host, pid:N and what it starts, cgroup:/PATH." default:"host" placeholder:"SCOPE"`
	Socket *string `help:"Where the sensor answers; empty: nowhere." placeholder:"PATH"`
}

// own is where the sensor of this host keeps its state.
func (u *upCommand) own() string { return filepath.Join(u.Data, "sensor") }
