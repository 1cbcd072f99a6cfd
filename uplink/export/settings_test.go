package export

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"vigil/decode"
)

// Every example of docs/exports.md is what it says to be, and there is one of each kind.
func TestDocumentedSettings(t *testing.T) {
	text, err := os.ReadFile("../../docs/exports.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile("(?s)```json ([a-z]+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		c, err := Parse("siem", m[1], []byte(m[2]))
		if err == nil {
			err = c.Check()
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", m[1], err, m[2])
			continue
		}
		seen[m[1]] = true
		for name, settings := range map[string]json.RawMessage{"whole": c.Whole(), "shown": c.Settings()} {
			again, err := Parse("siem", m[1], settings)
			if err != nil {
				t.Errorf("%s, %s: %v\n%s", m[1], name, err, settings)
			} else if name == "shown" {
				if err := again.Keep(&c); err != nil {
					t.Errorf("%s: %v", m[1], err)
				}
			}
			if string(again.Whole()) != string(c.Whole()) {
				t.Errorf("%s, %s: %s\nbecame %s", m[1], name, c.Whole(), again.Whole())
			}
		}
	}
	for name := range everyKind() {
		if !seen[name] {
			t.Errorf("there is no example of %s", name)
		}
	}
}

func everyKind() map[string]kind {
	return (&Config{
		Syslog: &Syslog{}, File: &File{}, Splunk: &Splunk{}, Elastic: &Elastic{}, OTLP: &OTLP{}, Sentinel: &Sentinel{}, Kafka: &Kafka{}, Webhook: &Webhook{},
	}).destinations()
}

func TestParse(t *testing.T) {
	c, err := Parse("x", "webhook", []byte(`{"url":"https://a.example/x","key":"0123456789abcdef","filter":{"kinds":["alert","exec"],"severity":"medium"},"snapshot":{"every":"24h"},"queue":{"bytes":1048576,"age":"1h"},"batch":{"items":7},"retry":{"for":"2h"},"timeout":"9s"}`))
	if err != nil || c.Check() != nil {
		t.Fatal(err, c.Check())
	}
	if c.Filter.Severity != decode.Medium || len(c.Filter.Kinds) != 2 || c.Snapshot.Every.Hours() != 24 || c.Queue.Age.Hours() != 1 || c.Batch.Items != 7 || c.Retry.For.Hours() != 2 || c.Timeout.Seconds() != 9 {
		t.Errorf("%+v", c)
	}
	for settings, want := range map[string]string{
		`[]`: "object", `{"urll":"x"}`: `no "urll"`, `{"url":7}`: "url", `{"filter":{"severity":"grave"}}`: "grave", `{"timeout":"soon"}`: "soon", `{"filter":{"kind":[]}}`: `no "kind"`,
	} {
		if _, err := Parse("x", "webhook", []byte(settings)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", settings, err)
		}
	}
	if _, err := Parse("x", "fax", []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "syslog") {
		t.Errorf("%v", err)
	}
}

// Secrets are kept when they are left out or come back as they are shown, and go to no
// place that they were not given for. However a name is written, none is shown.
func TestSecretsAreKept(t *testing.T) {
	const secret = "0123456789abcdef"
	for _, r := range []struct{ kind, before, after, want string }{
		{"splunk", `{"url":"https://a:1","Token":"` + secret + `"}`, `{"url":"https://a:1"}`, secret},
		{"splunk", `{"url":"https://a:1","token":"` + secret + `"}`, `{"url":"https://a:1","TOKEN":"[secret]","index":"x"}`, secret},
		{"splunk", `{"url":"https://a:1","token":"` + secret + `"}`, `{"url":"https://b:1"}`, "anew"},
		{"splunk", `{"url":"https://a:1","token":"` + secret + `"}`, `{"url":"https://b:1","token":"another"}`, "another"},
		{"webhook", `{"url":"https://a/` + secret + `","key":"` + secret + `"}`, `{}`, "https://a/" + secret},
		{"webhook", `{"url":"https://a/` + secret + `","key":"` + secret + `"}`, `{"url":"https://b/x"}`, "anew"},
		{"otlp", `{"url":"https://a","headers":{"A":"` + secret + `","B":"` + secret + `"}}`, `{"url":"https://a","headers":{"A":"[secret]"}}`, `{"A":"` + secret + `"}`},
		{"otlp", `{"url":"https://a"}`, `{"url":"https://a","headers":{"A":"[secret]"}}`, "none before"},
		{"elastic", `{"url":"https://a","apiKey":"` + secret + `"}`, `{"url":"https://a","user":"u","password":"p"}`, `"password":"p"`},
		{"elastic", `{"url":"https://a","user":"u","password":"` + secret + `"}`, `{"url":"https://a","user":"v"}`, secret},
		{"sentinel", `{"endpoint":"https://a","tenant":"t","secret":"` + secret + `"}`, `{"endpoint":"https://a","tenant":"other"}`, "anew"},
		{"kafka", `{"brokers":["a:1"],"mechanism":"plain","user":"u","password":"` + secret + `"}`, `{"brokers":["b:1"],"mechanism":"plain","user":"u"}`, "anew"},
	} {
		before, err := Parse("x", r.kind, []byte(r.before))
		if err != nil {
			t.Fatal(err)
		}
		after, err := Parse("x", r.kind, []byte(r.after))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := after.Keep(&before); err != nil {
			got = err.Error()
		} else {
			got = string(after.Whole())
		}
		if !strings.Contains(got, r.want) || r.want == "anew" && strings.Contains(got, secret) {
			t.Errorf("%s after %s: %s, want something of %s", r.after, r.before, got, r.want)
		}
		if shown := string(before.Settings()) + string(after.Settings()); strings.Contains(shown, secret) {
			t.Errorf("a secret is shown: %s", shown)
		}
	}
}

// Whatever is given as settings, what is kept of it reads the same again, and what is
// shown of it has no secret.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"url":"https://a","token":"hush-hush-hush"}`, `{"URL":"https://a/hush-hush-hush","Key":"hush-hush-hush","filter":{"severity":"low"}}`,
		`{"url":"https://a","headers":{"a":"hush-hush-hush"}}`, `{"brokers":["a:1"],"mechanism":"plain","user":"u","password":"hush-hush-hush"}`, `{"timeout":"9s","secret":"hush-hush-hush"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for kind := range everyKind() {
			c, err := Parse("x", kind, []byte(s))
			if err != nil || c.Check() != nil {
				continue
			}
			again, err := Parse("x", kind, c.Whole())
			if err != nil || string(again.Whole()) != string(c.Whole()) {
				t.Errorf("%s became %s: %v", c.Whole(), again.Whole(), err)
			}
			for _, k := range c.destinations() {
				if h, ok := k.(holder); ok {
					shown := string(c.Settings())
					h.secrets(func(_ string, secret *Secret) {
						if strings.Contains(string(*secret), "hush-hush-hush") && strings.Contains(shown, "hush-hush-hush") && !strings.Contains(h.where(), "hush") {
							t.Errorf("a secret is shown: %s", shown)
						}
					})
				}
			}
		}
	})
}
