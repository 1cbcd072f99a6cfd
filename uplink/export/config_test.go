package export

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What is wrong is told by the field's name, and with what to do.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "no.pem")
	if err := os.WriteFile(noPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	hook := func() *Webhook { return &Webhook{URL: "https://a.example/x", Key: hookKey} }
	sentinel := func(change func(*Sentinel)) *Sentinel {
		s := &Sentinel{Endpoint: "https://a.example", Rule: "r", Stream: "s", Tenant: "t", Client: "c", Secret: "s"}
		change(s)
		return s
	}
	for field, c := range map[string]Config{
		"0 destinations":      {},
		"2 destinations":      {Webhook: hook(), File: &File{}},
		"filter.kinds":        {Webhook: hook(), Filter: Filter{Kinds: []string{"exec", "nonsense"}}},
		"filter.severity":     {Webhook: hook(), Filter: Filter{Severity: 9}},
		"queue.bytes":         {Webhook: hook(), Queue: Queue{Bytes: 1000}},
		"queue.age":           {Webhook: hook(), Queue: Queue{Age: -1}},
		"batch.bytes":         {Webhook: hook(), Batch: Batch{Bytes: 1 << 30}},
		"retry.first":         {Webhook: hook(), Retry: Retry{First: -time.Second}},
		"timeout":             {Webhook: hook(), Timeout: 2 * time.Hour},
		"snapshot.daily":      {Webhook: hook(), Snapshot: &Snapshot{Daily: "25:00"}},
		"snapshot.every":      {Webhook: hook(), Snapshot: &Snapshot{Every: time.Second}},
		"snapshot: give":      {Webhook: hook(), Snapshot: &Snapshot{}},
		"syslog.network":      {Syslog: &Syslog{Network: "sctp", Address: "a:1"}},
		"syslog.address":      {Syslog: &Syslog{Network: "tcp", Address: "a"}},
		"syslog.format":       {Syslog: &Syslog{Network: "tcp", Address: "a:1", Format: "leef"}},
		"syslog.facility":     {Syslog: &Syslog{Network: "tcp", Address: "a:1", Facility: 24}},
		"syslog.maxBytes":     {Syslog: &Syslog{Network: "udp", Address: "a:1", MaxBytes: 70000}},
		"syslog.tls:":         {Syslog: &Syslog{Network: "tcp", Address: "a:1", TLS: TLS{Name: "x"}}},
		"syslog.tls.ca":       {Syslog: &Syslog{Network: "tls", Address: "a:1", TLS: TLS{CA: noPEM}}},
		"file.path":           {File: &File{Path: filepath.Join(dir, "none", "x")}},
		"file.path: /dev":     {File: &File{Path: "/dev/null"}},
		"file.maxBytes":       {File: &File{Path: "x", MaxBytes: 10}},
		"file.keep":           {File: &File{Path: "x", Keep: -1}},
		"splunk.url":          {Splunk: &Splunk{URL: "splunk:8088", Token: "x"}},
		"splunk.token":        {Splunk: &Splunk{URL: "https://splunk:8088"}},
		"elastic.apiKey":      {Elastic: &Elastic{URL: "https://e", APIKey: "k", User: "u", Password: "p"}},
		"elastic.user":        {Elastic: &Elastic{URL: "https://e", User: "u"}},
		"elastic.index":       {Elastic: &Elastic{URL: "https://e", Index: "Logs/../x"}},
		"otlp.headers":        {OTLP: &OTLP{URL: "https://e", Headers: map[string]Secret{"A": "b\r\nc"}}},
		"sentinel.rule":       {Sentinel: sentinel(func(s *Sentinel) { s.Rule = "" })},
		"sentinel.secret":     {Sentinel: sentinel(func(s *Sentinel) { s.Secret = "" })},
		"sentinel.endpoint":   {Sentinel: sentinel(func(s *Sentinel) { s.Endpoint = "http://a.example" })},
		"sentinel.login":      {Sentinel: sentinel(func(s *Sentinel) { s.Login = "x" })},
		"kafka.brokers":       {Kafka: &Kafka{Topic: "t"}},
		"kafka.topic":         {Kafka: &Kafka{Brokers: []string{"a:1"}}},
		"kafka.tls":           {Kafka: &Kafka{Brokers: []string{"a:1"}, Topic: "t", TLS: TLS{Name: "x"}}},
		"kafka.mechanism":     {Kafka: &Kafka{Brokers: []string{"a:1"}, Topic: "t", Mechanism: "gssapi", User: "u", Password: "p"}},
		"kafka.user":          {Kafka: &Kafka{Brokers: []string{"a:1"}, Topic: "t", User: "u"}},
		"webhook.key":         {Webhook: &Webhook{URL: "https://a", Key: "short-key"}},
		"webhook.url":         {Webhook: &Webhook{URL: "https://user:password@a", Key: hookKey}},
		"webhook.tls:":        {Webhook: &Webhook{URL: "https://a", Key: hookKey, TLS: TLS{Certificate: noPEM}}},
		"webhook.tls.certifi": {Webhook: &Webhook{URL: "https://a", Key: hookKey, TLS: TLS{Certificate: noPEM, Key: noPEM}}},
	} {
		c.Name = "siem"
		err := c.Check()
		if err == nil || !strings.HasPrefix(err.Error(), `export "siem": `+strings.TrimSuffix(field, ": /dev")) || !strings.Contains(err.Error(), "give") && !strings.Contains(err.Error(), "make") && !strings.Contains(err.Error(), "leave") {
			t.Errorf("%s: %v", field, err)
		} else if strings.Contains(err.Error(), "password@") || strings.Contains(err.Error(), "short-key") {
			t.Errorf("%s tells a secret: %v", field, err)
		}
	}
	good := Config{Webhook: hook(), Name: "x", Filter: Filter{Kinds: []string{AlertKind, "exec"}}, Snapshot: &Snapshot{Daily: "06:30"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	if _, err := New(good, nil, Services{}); err == nil || !strings.Contains(err.Error(), "snapshot") {
		t.Errorf("a snapshot of nothing: %v", err)
	}
	good.Name = ""
	if err := good.Check(); err == nil || !strings.Contains(err.Error(), "name") {
		t.Errorf("%v", err)
	}
}

// No way of printing a configuration, a status or the log shows a secret, when all fails
// also.
func TestSecretsAreNotPrinted(t *testing.T) {
	const secret = "hush-hush-hush-hush"
	const dead = "https://127.0.0.1:1/" + "services/T0/path-secret"
	for _, c := range []Config{
		{Webhook: &Webhook{URL: dead, Key: secret}},
		{Splunk: &Splunk{URL: dead, Token: secret}},
		{Elastic: &Elastic{URL: dead, User: "u", Password: secret}},
		{Elastic: &Elastic{URL: dead, APIKey: secret}},
		{OTLP: &OTLP{URL: dead, Headers: map[string]Secret{"Authorization": secret}}},
		{Sentinel: &Sentinel{Endpoint: dead, Login: dead, Rule: "r", Stream: "s", Tenant: "t", Client: "c", Secret: secret}},
		{Kafka: &Kafka{Brokers: []string{"127.0.0.1:1"}, Topic: "t", Mechanism: "plain", User: "u", Password: secret}},
	} {
		c.Timeout = 500 * time.Millisecond
		r := start(t, c)
		r.Offer(numbered(1))
		for r.Status().Failures == 0 {
			time.Sleep(time.Millisecond)
		}
		s := r.end()
		slog.New(slog.NewJSONHandler(r.log, nil)).Info("x", "config", c)
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		said := fmt.Sprintf("%v %+v %s %+v %s", c, c, text, s, r.log)
		for _, k := range c.destinations() {
			said += fmt.Sprintf("%v %+v %#v %x %q %d", k, k, k, k, k, k)
		}
		if strings.Contains(said, secret) || strings.Contains(said, fmt.Sprintf("%x", secret)) || strings.Contains(fmt.Sprintf("%+v %s", s, r.Status().LastError), "path-secret") {
			t.Errorf("a secret is told: %s", said)
		}
	}
	if Secret("").String() != "" || fmt.Sprintf("%s %d", Secret("x"), Secret("x")) != hidden+" "+hidden {
		t.Error("the empty secret is told from others, and no other")
	}
}
