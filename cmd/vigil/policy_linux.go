package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"vigil/detect/rule"
	"vigil/sensor"
	"vigil/sensor/alert"
	"vigil/uplink/policy"
	"vigil/uplink/ship/protocol"
)

// settings are what a sensor does: what this host says, and over it the policy of its
// server. One of them changes at a time.
type settings struct {
	mu   sync.Mutex
	own  sensor.Config
	body policy.Body // of the policy that is followed
}

// begin gives what to start with under a policy.
func (s *settings) begin(p protocol.Policy) (c sensor.Config, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := policy.Parse(p.Body)
	if err == nil {
		c, err = over(s.own, &body)
	}
	if err == nil && !c.Extra.Empty() {
		err = c.CheckRules()
	}
	if err != nil {
		return c, fmt.Errorf("%s, which was followed last: %w", p, err)
	}
	s.body = body
	return c, nil
}

// follow makes the sensor follow a policy, or changes nothing.
func (s *settings) follow(ctx context.Context, k *sensor.Sensor, p protocol.Policy) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := policy.Parse(p.Body)
	if err != nil || reflect.DeepEqual(body, s.body) { // it says the same: what is judged by goes on
		return err
	}
	c, err := over(s.own, &body)
	if err != nil {
		return err
	}
	if _, err := k.Reload(ctx, c); err != nil { // a policy names nothing that needs a restart
		return err
	}
	s.body = body
	return nil
}

// changeOwn takes another configuration of the host's, below the same policy. It gives the
// keys that need a restart.
func (s *settings) changeOwn(ctx context.Context, k *sensor.Sensor, own sensor.Config) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := over(own, &s.body)
	if err != nil {
		return nil, err
	}
	restart, err := k.Reload(ctx, c)
	if err == nil {
		s.own = own
	}
	return restart, err
}

// over lays a policy over the host's own configuration: kinds, watch and judge stand in
// place of it, all else comes to it.
func over(c sensor.Config, b *policy.Body) (sensor.Config, error) {
	set := &b.Settings
	if set.Kinds != nil {
		c.Kinds = set.Kinds
	}
	if set.Watch != nil {
		c.Watch = set.Watch
	}
	if set.Judge != nil {
		c.Judge = *set.Judge
	}
	c.Suppress = slices.Clip(c.Suppress)
	for _, u := range set.Suppress {
		c.Suppress = append(c.Suppress, &alert.Suppression{Rule: u.Rule, Filter: u.Filter, Reason: u.Reason, Until: time.Time(u.Until)})
	}
	c.Extra = sensor.Extra{Intelligence: set.Intelligence, Protections: b.Protections}
	for _, r := range b.Rules {
		c.Extra.Rules = append(c.Extra.Rules, rule.Text{Name: r.Name, Text: r.Text})
	}
	return c, c.Check()
}
