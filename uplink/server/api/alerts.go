package api

import (
	"strings"
	"time"

	"vigil/uplink/server/control"
)

func (a *API) alerts(c *call) (any, error) {
	f, err := c.alertFilter()
	if err != nil {
		return nil, err
	}
	all, err := a.State.Alerts(c.q.Context(), f)
	if err != nil {
		return nil, err
	}
	return map[string]any{"alerts": all}, nil
}

func (c *call) alertFilter() (control.AlertFilter, error) {
	p := c.parameters()
	f := control.AlertFilter{
		Severity: p.severities("severity"), Sensor: p.text("sensor"), Rule: p.text("rule"), Assignee: p.text("assignee"),
		Incident: p.text("incident"), Text: p.text("text"), From: p.time("from"), To: p.time("to"), Before: p.text("before"), Limit: p.number("limit", 100, 1000),
	}
	if s := p.text("status"); s != "" {
		f.Status = strings.Split(s, ",")
	}
	if len(f.Status) > 8 {
		p.fail("status", "too many")
	}
	if least := p.severities("min_severity"); len(least) == 1 {
		f.Least = least[0]
	} else if len(least) > 1 {
		p.fail("min_severity", "one is wanted")
	}
	return f, p.err
}

func (a *API) alert(c *call) (any, error) {
	id := c.q.PathValue("id")
	alert, err := a.State.Alert(c.q.Context(), id)
	if err != nil {
		return nil, err
	}
	comments, err := a.State.Comments(c.q.Context(), id)
	if err != nil {
		return nil, err
	}
	return map[string]any{"alert": alert, "comments": comments}, nil
}

func (a *API) changeAlert(c *call) (any, error) {
	var m struct {
		Status   *string `json:"status"`
		Reason   *string `json:"reason"`
		Assignee *string `json:"assignee"`
		Comment  string  `json:"comment"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if err := short(map[string]*string{"reason": m.Reason, "comment": &m.Comment}, 4000); err != nil {
		return nil, err
	}
	c.noteChange("status", m.Status)
	c.noteChange("reason", m.Reason)
	c.noteChange("assignee", m.Assignee)
	alert, err := a.State.ChangeAlert(c.q.Context(), c.q.PathValue("id"), c.user.Name, control.AlertChange{Status: m.Status, Reason: m.Reason, Assignee: m.Assignee, Comment: m.Comment})
	if err != nil {
		return nil, err
	}
	return alert, a.Changes.Publish("alert", alert)
}

// assignees are the names of those who can be given an alert: who is no administrator
// sees no more of users.
func (a *API) assignees(c *call) (any, error) {
	users, err := a.State.Users(c.q.Context())
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, u := range users {
		if u.Disabled.IsZero() && u.Role.May(control.Operator) {
			names = append(names, u.Name)
		}
	}
	return map[string]any{"names": names}, nil
}

func (a *API) suppressions(c *call) (any, error) {
	all, err := a.State.Suppressions(c.q.Context())
	return map[string]any{"suppressions": all}, err
}

func (a *API) suppress(c *call) (any, error) {
	var m struct {
		Rule    string    `json:"rule"`
		Sensor  string    `json:"sensor"`
		Process string    `json:"process"`
		Reason  string    `json:"reason"`
		Expires time.Time `json:"expires"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if err := needed(map[string]string{"rule": m.Rule, "reason": m.Reason}); err != nil {
		return nil, err
	}
	c.note("rule", m.Rule)
	c.note("sensor", m.Sensor)
	c.note("process", m.Process)
	s, err := a.State.Suppress(c.q.Context(), control.Suppression{Rule: m.Rule, Sensor: m.Sensor, Process: m.Process, Reason: m.Reason, Author: c.user.Name, Expires: m.Expires})
	if err != nil {
		return nil, err
	}
	return s, a.Changes.Publish("suppression", s)
}

func (a *API) deleteSuppression(c *call) (any, error) {
	return nil, a.State.DeleteSuppression(c.q.Context(), c.q.PathValue("id"))
}
