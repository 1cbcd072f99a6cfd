package main

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"vigil/sensor"
	"vigil/sensor/alert"
	"vigil/uplink/policy"
	"vigil/uplink/ship/protocol"
)

// The policy wins for what it names in place of the host's own; the rest comes to it.
func TestPolicyOverOwn(t *testing.T) {
	own := sensor.Default()
	own.Kinds, own.Scope, own.Rules, own.Intelligence = []string{"exec"}, "pid:7", []string{"/r"}, []string{"/i"}
	own.Suppress = make([]*alert.Suppression, 0, 8) // room that two policies must not share
	b, err := policy.Parse([]byte(`{
		"settings": {"kinds": ["connect"], "judge": false, "intelligence": ["bad.example"], "suppress": [{"rule": "a", "reason": "b", "until": "2027-01-31"}]},
		"rules": [{"name": "n", "text": "t"}], "protections": {"p": false}}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := over(own, &b)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(c.Kinds, " ") != "connect" || c.Judge || len(c.Suppress) != 1 || len(c.Extra.Rules) != 1 || len(c.Extra.Intelligence) != 1 || len(c.Extra.Protections) != 1 {
		t.Errorf("%+v", c)
	}
	if c.Scope != "pid:7" || !reflect.DeepEqual(c.Watch, own.Watch) || c.Rules[0] != "/r" || c.Intelligence[0] != "/i" {
		t.Errorf("what is not the policy's: %+v", c)
	}
	if c, err = over(own, &policy.Body{}); err != nil || !reflect.DeepEqual(c, own) {
		t.Errorf("one that says nothing: %+v, %v", c, err)
	}
	unknown := policy.Body{Settings: policy.Settings{Kinds: []string{"of a newer sensor"}}}
	if _, err := over(own, &unknown); err == nil || !strings.Contains(err.Error(), `kinds: "of a newer sensor" is none`) {
		t.Errorf("an unknown kind: %v", err)
	}
}

// What was followed last and cannot be any more is refused before anything is loaded.
func TestPolicyToBeginWith(t *testing.T) {
	s := settings{own: sensor.Default()}
	for body, says := range map[string]string{
		`{"rules": [{"name": "n", "text": "title: t"}]}`: "policy web, version 3, which was followed last: rules: n, line 1: ",
		`{"protections": {"gone": false}}`:               `no rule or behaviour "gone"`,
		`{"settings": {"tier": "full"}}`:                 "needs a restart",
	} {
		if _, err := s.begin(protocol.Policy{Name: "web", Version: 3, Body: json.RawMessage(body)}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", body, err)
		}
	}
	good := protocol.Policy{Name: "web", Version: 3, Body: json.RawMessage(`{"settings": {"kinds": ["exec"]}}`)}
	if c, err := s.begin(good); err != nil || strings.Join(c.Kinds, " ") != "exec" {
		t.Errorf("%v, %v", c.Kinds, err)
	}
	if err := s.follow(context.Background(), nil, good); err != nil { // no sensor is asked: it says the same
		t.Error(err)
	}
	first := settings{own: sensor.Default()}
	if err := first.follow(context.Background(), nil, protocol.Policy{Name: "default", Version: 1, Body: json.RawMessage(`{}`)}); err != nil {
		t.Error(err)
	}
}

// Each example of docs/policies.md can be followed.
func TestPolicyExamples(t *testing.T) {
	text, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) < 4 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, e := range examples {
		b, err := policy.Parse(e[1])
		if err != nil {
			t.Errorf("%s: %v", e[1], err)
			continue
		}
		c, err := over(sensor.Default(), &b)
		if err == nil {
			err = c.CheckRules()
		}
		if err != nil {
			t.Errorf("%s: %v", e[1], err)
		}
	}
}
