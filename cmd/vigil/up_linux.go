package main

import (
	"context"
	"errors"
	"time"

	"vigil/uplink/join"
	"vigil/uplink/ship"
)

// Run starts server, console and sensor, and runs them until stopped.
func (u *upCommand) Run(c *console) error {
	run := &runCommand{judgeFlags: u.judgeFlags, Config: u.Config, Scope: u.Scope, Socket: u.Socket, Quiet: true, State: u.own(), Command: u.Command}
	config, err := run.check() // before anything is made
	if err != nil {
		return err
	}
	first := "" // how the first alert is raised: by a simulation, if that is among what is watched
	if config.Scope == "host" {
		first = "vigil simulate reverse-shell"
	}
	s, err := u.open(c.ctx, u.log(c))
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
		err = run.watch(&own, s.SensorsURL(), func() error { return u.greet(&own, s, first) })
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
