package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	pages "vigil/uplink/console"
	"vigil/uplink/join"
	"vigil/uplink/server/control"
	"vigil/uplink/ship"
	"vigil/uplink/store"
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
	Store    string   `help:"A VictoriaLogs cluster for the events, by its vlinsert; else they lie in the data folder." placeholder:"URL"`
	Select   string   `name:"store-select" help:"The cluster's vlselect, when it is elsewhere." placeholder:"URL"`

	KeepAlerts    int `help:"Days that alerts are kept." default:"365" placeholder:"DAYS"`
	KeepProcesses int `help:"Days that events of the life of processes, and rare ones, are kept." default:"90" placeholder:"DAYS"`
	KeepBulk      int `help:"Days that events of files, memory and network are kept." default:"30" placeholder:"DAYS"`

	JSON bool `name:"json" help:"As JSON lines: what is said at the start, and the log."`
}

func (f *serverFlags) log(c *console) *slog.Logger {
	if f.JSON {
		return slog.New(slog.NewJSONHandler(c.err, nil))
	}
	return slog.New(slog.NewTextHandler(c.err, nil))
}

func (f *serverFlags) open(ctx context.Context, log *slog.Logger) (*join.Server, error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // thousands of connections are most of the heap: it need not double
	}
	console, err := pages.Handler()
	if err != nil {
		return nil, err
	}
	s, err := join.Open(ctx, join.Settings{
		Dir: f.Data, Listen: f.Listen, Sensors: f.Sensors, Names: f.Names, Database: f.Database, Cluster: f.Store, Select: f.Select, Console: console,
		Keep:    store.Retention{store.Alerts: days(f.KeepAlerts), store.Processes: days(f.KeepProcesses), store.Bulk: days(f.KeepBulk)},
		Version: version, Log: log,
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w: stop what listens there, or give another --listen or --sensors", err)
	}
	return s, err
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// greeting is how to come in.
type greeting struct {
	Version  string `json:"version"`
	Console  string `json:"console"`
	Sensors  string `json:"sensors"` // where they ship to
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"` // the first administrator's, shown this once
	First    string `json:"first_alert,omitempty"`
}

// greet tells how to come in, and how the first alert is raised where there is a way.
func (f *serverFlags) greet(c *console, s *join.Server, first string) error {
	password, err := s.FirstAdmin(c.ctx)
	if err != nil {
		return err
	}
	g := greeting{Version: version, Console: s.URL(), Sensors: s.SensorsURL(), Password: password, First: first}
	if password != "" {
		g.User = control.FirstAdmin
	}
	if f.JSON {
		return printJSON(c.err, g)
	}
	text := fmt.Sprintf("vigil %s: the console is at %s (its certificate is of this server's own authority)\n", g.Version, g.Console)
	if g.Password != "" {
		text += fmt.Sprintf("  user %s, password %s: it is shown this once\n", g.User, g.Password)
	}
	if g.First != "" {
		text += fmt.Sprintf("  the first alert: %s\n", g.First)
	}
	return print(c.err, text)
}

type serverCommand struct{ serverFlags }

// Run serves until stopped.
func (r *serverCommand) Run(c *console) error {
	s, err := r.open(c.ctx, r.log(c))
	if err != nil {
		return err
	}
	if err := r.greet(c, s, ""); err != nil {
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
		return printJSON(c.out, map[string]string{"sensor": id, "server": e.URL})
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
	Config  string   `help:"The sensor's configuration file (YAML). None is needed." type:"path" placeholder:"FILE"`
	Scope   string   `help:"What to watch: host, self (the command behind --), pid:N and what it starts, cgroup:/PATH." placeholder:"SCOPE"`
	Socket  *string  `help:"Where the sensor answers; empty: nowhere." placeholder:"PATH"`
	Command []string `arg:"" optional:"" passthrough:"partial" help:"Behind --: a command to start. When it ends, all does."`
}

// own is where the sensor of this host keeps its state.
func (u *upCommand) own() string { return filepath.Join(u.Data, "sensor") }
