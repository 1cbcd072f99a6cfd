package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"vigil/uplink/join"
	"vigil/uplink/ship"
)

// Run starts server, console and sensor, and runs them until stopped.
func (u *upCommand) Run(c *console) error {
	log := slog.New(slog.NewTextHandler(c.err, nil))
	s, err := u.open(c.ctx, log)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(c.ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- s.Run(ctx) }()
	err = u.enrolled(ctx, s)
	if err == nil {
		own := *c
		own.ctx = ctx
		err = u.watch(&own, s)
	}
	stop()
	return errors.Join(err, <-served, s.Close())
}

// enrolled makes this host a sensor of its own server; again, when it was off for so long
// that its certificate has ended.
func (u *upCommand) enrolled(ctx context.Context, s *join.Server) error {
	ends, err := ship.Expires(u.own())
	if err == nil && time.Now().Before(ends) {
		return nil
	}
	if err != nil && !errors.Is(err, ship.ErrNotEnrolled) {
		return err
	}
	token, err := s.Enrolment(ctx, "vigil up", time.Minute)
	if err != nil {
		return err
	}
	_, err = enrol(ctx, u.own(), s.SensorsURL(), token)
	return err
}

func (u *upCommand) watch(c *console, s *join.Server) error {
	run := &runCommand{judgeFlags: u.judgeFlags, Scope: u.Scope, Socket: u.Socket, Quiet: true, State: u.own()}
	return run.watch(c, s.SensorsURL(), func() {
		if err := greet(c, s); err != nil {
			fmt.Fprintf(c.err, "vigil: %s\n", oneLine(err))
		}
		fmt.Fprintln(c.err, "  the first alert: vigil simulate reverse-shell")
	})
}
