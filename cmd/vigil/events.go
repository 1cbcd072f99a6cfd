package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
)

type eventsCommand struct {
	socketFlag
	filterFlag
	Kinds []string `help:"Only these kinds of events." placeholder:"KIND"`
	JSON  bool     `name:"json" help:"As JSON lines (OCSF)."`
}

// Run follows a running sensor, which chooses: what is not asked for does not come.
func (e *eventsCommand) Run(c *console) error {
	if _, err := e.parse(); err != nil {
		return err
	}
	query := url.Values{"kind": e.Kinds, "filter": {e.Filter}}
	if !e.JSON {
		query.Set("form", "text")
		if c.colour {
			query.Set("form", "colour")
		}
	}
	body, err := e.get(c.ctx, "/events", query)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	_, err = io.Copy(c.out, body)
	switch {
	case c.ctx.Err() != nil:
		return nil
	case err == nil, errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the sensor has stopped")
	}
	return fmt.Errorf("follow the sensor: %w", err)
}
