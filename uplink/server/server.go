package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigil/uplink/server/api"
	"vigil/uplink/server/control"
	"vigil/uplink/server/ingest"
	"vigil/uplink/server/live"
	"vigil/uplink/server/pki"
	"vigil/uplink/ship/protocol"
)

// Settings is what a server needs.
type Settings struct {
	Dir   string   // its authority and its ID; its state too, unless State says where
	State string   // "": SQLite in Dir; postgres://… to share it with other servers
	Names []string // names and addresses that it is reached by

	Spool     ingest.Spool
	Check     ingest.Check
	Limits    ingest.Limits
	Events    api.Events
	Processes api.Processes
	Exports   api.Exports

	// Console answers what is not below /v1/; nil: nothing does.
	Metrics http.Handler // for Prometheus; nil: none
	Console http.Handler
	// Certificate is that of the console and the API, of an authority that browsers know;
	// nil: the server's own makes one.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

	Version string
	Now     func() time.Time
	Log     *slog.Logger
}

// Server is all parts put together.
type Server struct {
	Settings
	ID       string
	State    *control.DB
	Receiver *ingest.Receiver
	Changes  *live.Hub

	authority *pki.Authority
	policies  live.Signal
	api       *api.API
	rates     rates
}

// watchers bounds those who watch at once.
const watchers = 256

// Open opens a server's state, and makes what is missing.
func Open(ctx context.Context, s Settings) (*Server, error) {
	v := &Server{Settings: s, Changes: live.NewHub(watchers)}
	if err := v.open(ctx); err != nil {
		return nil, fmt.Errorf("open server: %w", err)
	}
	return v, nil
}

func (s *Server) open(ctx context.Context) (err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	if s.authority, err = pki.Open(s.Dir, s.Now); err != nil {
		return err
	}
	if s.State, err = OpenState(ctx, s.Dir, s.Settings.State, s.Now); err != nil {
		return err
	}
	if s.ID, err = identify(filepath.Join(s.Dir, "server.id"), s.State.NewID()); err != nil {
		return errors.Join(err, s.State.Close())
	}
	s.Receiver = ingest.New(ingest.Settings{
		Server: s.ID, State: s.State, Authority: s.authority, Spool: s.Spool, Check: s.Check, Limits: s.Limits,
		Changes: s.Changes, Policies: &s.policies, Now: s.Now, Log: s.Log,
	})
	s.api, err = api.New(api.Settings{
		State: s.State, Events: s.Events, Processes: s.Processes, Exports: s.Exports, Changes: s.Changes, Policies: &s.policies, Token: s.token, Rates: s.ratesNow,
		Metrics: s.Metrics,
		Version: s.Version, Now: s.Now, Log: s.Log,
	})
	if err != nil {
		return errors.Join(err, s.State.Close())
	}
	return nil
}

// OpenState opens the control state alone: of PostgreSQL at a place, or "" for SQLite in
// the server's folder. A server may run meanwhile.
func OpenState(ctx context.Context, dir, place string, now func() time.Time) (*control.DB, error) {
	if place == "" {
		place = filepath.Join(dir, "control.db")
	}
	return control.Open(ctx, place, now)
}

// identify reads this server's ID, or keeps the one that it is given.
func identify(path, otherwise string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		if id := strings.TrimSpace(string(text)); len(id) == 26 {
			return id, nil
		}
		return "", fmt.Errorf("%s: no ID of a server in it", path)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return otherwise, os.WriteFile(path, []byte(otherwise+"\n"), 0o600)
}

// Close closes the state. The server serves no more.
func (s *Server) Close() error { return s.State.Close() }

func (s *Server) token(secret string) string {
	return protocol.Token{Secret: secret, Authority: s.authority.Hash()}.String()
}

// Enrolment makes a token that a host enrols with, as the operator of this machine.
func (s *Server) Enrolment(ctx context.Context, note string, life time.Duration) (string, error) {
	_, secret, err := s.State.NewEnrolment(ctx, "local", note, life)
	if err != nil {
		return "", err
	}
	return s.token(secret), nil
}

// FirstAdmin makes the user admin when there is no user at all, and gives its password;
// "" when there are users.
func (s *Server) FirstAdmin(ctx context.Context) (string, error) {
	users, err := s.State.Users(ctx)
	if err != nil || len(users) > 0 {
		return "", err
	}
	password := control.NewPassword()
	if _, err := s.State.AddUser(ctx, control.FirstAdmin, control.Admin, password); err != nil {
		return "", err
	}
	return password, nil
}

// TakeAlerts keeps alerts that a sensor told, as detect.Alert.AppendJSON writes them, and
// tells who watches. Those that cannot be read are left out, and the first's error given
// when the others are kept.
func (s *Server) TakeAlerts(ctx context.Context, sensor string, lines [][]byte) error {
	var unread error
	all := make([]control.Alert, 0, len(lines))
	for _, line := range lines {
		a, err := control.ParseFinding(sensor, line)
		if err != nil {
			if unread == nil {
				unread = err
			}
			continue
		}
		all = append(all, a)
	}
	changed, err := s.State.Record(ctx, all)
	if err != nil {
		return err
	}
	for _, a := range changed {
		if err := s.Changes.Publish("alert", a); err != nil {
			return err
		}
	}
	return unread
}
