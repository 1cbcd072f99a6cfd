package main

import (
	"errors"
	"fmt"

	"vigil/uplink/join"
	"vigil/uplink/server/control"
)

type passwordCommand struct {
	User     string `arg:"" help:"Whose." default:"admin" optional:""`
	Data     string `help:"Where the server keeps all that it knows." default:"${data}" type:"path" placeholder:"DIR"`
	Database string `help:"PostgreSQL that has the control state, postgres://...; else it lies in the data folder." placeholder:"URL"`
	JSON     bool   `name:"json" help:"As JSON."`
}

// Run gives a user a new password. The server need not be stopped.
func (p *passwordCommand) Run(c *console) error {
	state, err := join.State(c.ctx, join.Settings{Dir: p.Data, Database: p.Database})
	if err != nil {
		return err
	}
	password := control.NewPassword()
	err = errors.Join(state.ResetPassword(c.ctx, p.User, password), state.Close())
	switch {
	case errors.Is(err, control.ErrNotFound):
		return fmt.Errorf("there is no user %q", p.User)
	case err != nil:
		return err
	case p.JSON:
		return printJSON(c.out, map[string]string{"user": p.User, "password": password})
	}
	return print(c.out, fmt.Sprintf("user %s, password %s: it is shown this once, and who was logged in by the old one is no more\n", p.User, password))
}
