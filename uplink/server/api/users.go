package api

import (
	"net/http"
	"time"

	"vigil/uplink/server/control"
)

func (a *API) users(c *call) (any, error) {
	all, err := a.State.Users(c.q.Context())
	return map[string]any{"users": all}, err
}

func (a *API) addUser(c *call) (any, error) {
	var m struct {
		Name     string       `json:"name"`
		Role     control.Role `json:"role"`
		Password string       `json:"password"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	c.note("name", m.Name)
	c.note("role", string(m.Role))
	return a.State.AddUser(c.q.Context(), m.Name, m.Role, m.Password)
}

func (a *API) changeUser(c *call) (any, error) {
	var m struct {
		Role     *control.Role `json:"role"`
		Password *string       `json:"password"`
		Disabled *bool         `json:"disabled"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	c.noteChange("role", (*string)(m.Role))
	if m.Password != nil {
		c.note("password", "changed")
	}
	if m.Disabled != nil {
		c.note("disabled", map[bool]string{true: "yes", false: "no"}[*m.Disabled])
	}
	return a.State.ChangeUser(c.q.Context(), c.q.PathValue("id"), control.UserChange{Role: m.Role, Password: m.Password, Disabled: m.Disabled})
}

// whose is the user whose tokens the caller may see: an administrator's are all.
func (c *call) whose() string {
	if c.user.Role.May(control.Admin) {
		return ""
	}
	return c.user.ID
}

func (a *API) tokens(c *call) (any, error) {
	all, err := a.State.Tokens(c.q.Context(), c.whose())
	return map[string]any{"tokens": all}, err
}

func (a *API) addToken(c *call) (any, error) {
	var m struct {
		Name string       `json:"name"`
		Role control.Role `json:"role"`
		Days int          `json:"days"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if err := needed(map[string]string{"name": m.Name}); err != nil {
		return nil, err
	}
	if m.Days < 1 || m.Days > 366 || len(m.Name) > 200 {
		return nil, refusal{http.StatusUnprocessableEntity, "a token lasts from 1 to 366 days, and its name has at most 200 bytes", 0}
	}
	if c.session == nil {
		return nil, refusal{http.StatusForbidden, "a token makes no tokens: log in", 0}
	}
	c.note("name", m.Name)
	c.note("role", string(m.Role))
	t, secret, err := a.State.NewToken(c.q.Context(), c.user, m.Name, m.Role, time.Duration(m.Days)*24*time.Hour)
	if err != nil {
		return nil, err
	}
	return map[string]any{"token": t, "secret": secret}, nil
}

func (a *API) deleteToken(c *call) (any, error) {
	return nil, a.State.DeleteToken(c.q.Context(), c.q.PathValue("id"), c.whose())
}

func (a *API) audit(c *call) (any, error) {
	p := c.parameters()
	actor, action, before, limit := p.text("actor"), p.text("action"), p.text("before"), p.number("limit", 100, 1000)
	if p.err != nil {
		return nil, p.err
	}
	all, err := a.State.AuditLog(c.q.Context(), actor, action, before, limit)
	return map[string]any{"entries": all}, err
}
