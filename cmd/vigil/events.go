package main

import (
	"fmt"
	"io"
	"net/url"
)

type eventsCommand struct {
	socketFlag
	Kinds []string `help:"Only these kinds of events." placeholder:"KIND,..."`
	JSON  bool     `name:"json" help:"As JSON lines; this is the default here."`
}

// Run follows a running sensor.
func (e *eventsCommand) Run(c *console) error {
	body, err := e.get(c.ctx, "/events", url.Values{"kind": e.Kinds})
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(c.out, body); err != nil && c.ctx.Err() == nil {
		return fmt.Errorf("follow the sensor: %w", err)
	}
	return nil
}
