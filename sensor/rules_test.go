package sensor

import (
	"strings"
	"testing"

	"vigil/decode"
	"vigil/detect/rule"
)

const ownText = `
title: Echo started
name: ours-echo
logsource: {product: linux, category: process_creation}
detection:
  selection: {Image|endswith: /echo}
  condition: selection
level: medium
`

// raised gives the rules whose alerts a run of a program raises, under an Extra.
func raised(t *testing.T, x Extra, path string) string {
	t.Helper()
	r, err := loadRules(nil, nil, &x)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{}
	p := NewReplay(decode.Meta{Host: "web1", BootOffset: 1_700_000_000e9, BootSeed: 7}, r, k)
	p.Record(record(0xb, 1, 11, 11e9, decode.KindExec, decode.Exec{PPID: 1, Start: 11e9, Mode: 0o100755, Argc: 1}, path, path+"\x00", "/", path, "", "", "x"))
	return k.text
}

// What a server says is judged by beside Vigil's own rules, and what it switches off is silent.
func TestExtra(t *testing.T) {
	own := Extra{Rules: []rule.Text{{Name: "ours.yml", Text: ownText}}}
	if text := raised(t, own, "/usr/bin/echo"); !strings.Contains(text, "ALERT Medium: Echo started") {
		t.Errorf("a rule of the server's: %s", text)
	}
	if text := raised(t, own, "/dev/shm/x"); !strings.Contains(text, "shared memory") {
		t.Errorf("a rule of Vigil's: %s", text)
	}
	for id, path := range map[string]string{"ours-echo": "/usr/bin/echo", "vigil-exec-shm": "/dev/shm/x"} {
		off := own
		off.Protections = map[string]bool{id: false}
		if text := raised(t, off, path); strings.Contains(text, "ALERT") {
			t.Errorf("%s is off: %s", id, text)
		}
		off.Protections[id] = true
		if text := raised(t, off, path); !strings.Contains(text, "ALERT") {
			t.Errorf("%s is on: %s", id, text)
		}
	}
	// Behaviours, and those of intelligence though there is no list, are known too.
	c := Default()
	c.Extra.Protections = map[string]bool{"vigil-port-scan": false, "vigil-intelligence-address": false}
	if err := c.CheckRules(); err != nil {
		t.Error(err)
	}
}

// What cannot be taken whole is not taken, and a sentence says why.
func TestExtraIsRefused(t *testing.T) {
	for says, x := range map[string]Extra{
		"rules: bad.yml, line 2: ":             {Rules: []rule.Text{{Name: "ours.yml", Text: ownText}, {Name: "bad.yml", Text: "title: A\nlevel: loud"}}},
		"rules: empty.yml, line 1: no rule":    {Rules: []rule.Text{{Name: "empty.yml", Text: "# nothing\n"}}},
		`no rule or behaviour "vigil-nothing"`: {Protections: map[string]bool{"vigil-nothing": true}},
		`the server's policy: line 2: "x"`:     {Intelligence: []string{"bad.example", "x"}},
	} {
		c := Default()
		c.Extra = x
		if err := c.CheckRules(); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want something of %s", err, says)
		}
	}
}
