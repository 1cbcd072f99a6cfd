package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vigil/uplink/policy"
	"vigil/uplink/server/control"
)

func (a *API) sensors(c *call) (any, error) {
	all, err := a.State.Sensors(c.q.Context())
	return map[string]any{"sensors": all}, err
}

func (a *API) sensor(c *call) (any, error) {
	return a.State.Sensor(c.q.Context(), c.q.PathValue("id"))
}

func (a *API) revoke(c *call) (any, error) {
	var m struct {
		Reason string `json:"reason"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if err := needed(map[string]string{"reason": m.Reason}); err != nil {
		return nil, err
	}
	c.note("reason", m.Reason)
	if err := a.State.Revoke(c.q.Context(), c.q.PathValue("id"), m.Reason); err != nil {
		return nil, err
	}
	a.Policies.Fire() // one that waits for a policy is sent away
	return a.changedSensor(c)
}

func (a *API) setSensorPolicy(c *call) (any, error) {
	var m struct {
		Policy string `json:"policy"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	c.note("policy", m.Policy)
	if err := a.State.Follow(c.q.Context(), c.q.PathValue("id"), m.Policy); err != nil {
		return nil, err
	}
	a.Policies.Fire()
	return a.changedSensor(c)
}

func (a *API) changedSensor(c *call) (any, error) {
	s, err := a.State.Sensor(c.q.Context(), c.q.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return s, a.Changes.Publish("sensor", map[string]string{"id": s.ID})
}

func (a *API) enrolments(c *call) (any, error) {
	all, err := a.State.Enrolments(c.q.Context())
	return map[string]any{"enrolments": all}, err
}

func (a *API) addEnrolment(c *call) (any, error) {
	var m struct {
		Note  string `json:"note"`
		Hours int    `json:"hours"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if m.Hours == 0 {
		m.Hours = 24
	}
	if m.Hours < 0 || m.Hours > 30*24 || len(m.Note) > 200 {
		return nil, refusal{http.StatusUnprocessableEntity, "a token lasts from 1 to 720 hours, and its note has at most 200 bytes", 0}
	}
	c.note("note", m.Note)
	e, secret, err := a.State.NewEnrolment(c.q.Context(), c.user.Name, m.Note, time.Duration(m.Hours)*time.Hour)
	if err != nil {
		return nil, err
	}
	return map[string]any{"enrolment": e, "token": a.Token(secret)}, nil
}

func (a *API) deleteEnrolment(c *call) (any, error) {
	return nil, a.State.DeleteEnrolment(c.q.Context(), c.q.PathValue("id"))
}

func (a *API) policies(c *call) (any, error) {
	all, err := a.State.Policies(c.q.Context())
	return map[string]any{"policies": all}, err
}

func (a *API) policyVersions(c *call) (any, error) {
	all, err := a.State.PolicyVersions(c.q.Context(), c.q.PathValue("name"))
	return map[string]any{"versions": all}, err
}

func (a *API) putPolicy(c *call) (any, error) {
	var m struct {
		After int64           `json:"after"`
		Note  string          `json:"note"`
		Body  json.RawMessage `json:"body"`
	}
	if err := c.read(&m); err != nil {
		return nil, err
	}
	if err := checkPolicy(c.q.PathValue("name"), m.Note, m.Body); err != nil {
		return nil, refusal{http.StatusUnprocessableEntity, err.Error(), 0}
	}
	c.note("after", fmt.Sprint(m.After))
	c.note("note", m.Note)
	p, err := a.State.PutPolicy(c.q.Context(), control.Policy{Name: c.q.PathValue("name"), Body: m.Body, Note: m.Note, Author: c.user.Name}, m.After)
	if err != nil {
		return nil, err
	}
	a.Policies.Fire()
	return p, a.Changes.Publish("policy", map[string]any{"name": p.Name, "version": p.Version})
}

func checkPolicy(name, note string, body json.RawMessage) error {
	if len(name) == 0 || len(name) > 64 || bytes.ContainsFunc([]byte(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	}) {
		return errors.New("a policy's name is of small letters, digits and -, at most 64")
	}
	if len(note) > 1000 {
		return errors.New("a note has at most 1000 bytes")
	}
	if _, err := policy.Parse(body); err != nil {
		return fmt.Errorf("the policy cannot be taken: %w", err)
	}
	return nil
}
