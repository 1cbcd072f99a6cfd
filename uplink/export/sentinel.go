package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vigil/decode"
)

// Sentinel is Microsoft Sentinel's Logs Ingestion API. The stream's columns: TimeGenerated
// (datetime), Sensor, Kind, Severity, Host, Title (string), OCSF (dynamic).
type Sentinel struct {
	Endpoint string `json:"endpoint"` // of the data collection endpoint or rule: https://NAME.REGION.ingest.monitor.azure.com
	Rule     string `json:"rule"`     // immutable ID of the data collection rule: dcr-…
	Stream   string `json:"stream"`   // Custom-Vigil_CL
	Tenant   string `json:"tenant"`
	Client   string `json:"client"`           // application ID
	Secret   Secret `json:"secret,omitempty"` // of the application
	Login    string `json:"login,omitempty"`  // empty: https://login.microsoftonline.com
	TLS      TLS    `json:"tls,omitzero"`
}

func (c *Sentinel) check() error {
	for _, f := range []struct{ field, value, what string }{
		{"rule", c.Rule, "the immutable ID of the data collection rule (dcr-…)"},
		{"stream", c.Stream, "the stream's name, such as Custom-Vigil_CL"},
		{"tenant", c.Tenant, "the ID of the Entra tenant"},
		{"client", c.Client, "the application's ID"},
		{"secret", string(c.Secret), "a secret of the application"},
	} {
		if f.value == "" {
			return fmt.Errorf("%s: give %s", f.field, f.what)
		}
	}
	if err := checkURL("endpoint", c.Endpoint); err != nil {
		return err
	}
	if c.Login != "" {
		if err := checkURL("login", c.Login); err != nil {
			return err
		}
	}
	if !strings.HasPrefix(c.Endpoint, "https:") || c.Login != "" && !strings.HasPrefix(c.Login, "https:") {
		return errors.New("endpoint: it takes https only: give https://…")
	}
	return c.TLS.check()
}

func (c *Sentinel) where() string { return c.Login + " " + c.Tenant }

func (c *Sentinel) secrets(f func(string, *Secret)) { f("secret", &c.Secret) }

// sentinelMost is what one request may have: 1 MB, packed or not
// (https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api).
const sentinelMost = 1_000_000

// sentinelToken is what tokens are asked for.
const sentinelToken = "https://monitor.azure.com/.default"

var sentinelRows = [...]row{
	{name: "Host", path: "device.hostname", most: 1024},
	{name: "Title", path: "class_name", alert: "finding_info.title", most: 1024},
	{name: "Severity", path: "severity"},
}

func (c *Sentinel) open(_ *Config, s Services) (destination, error) {
	client, err := newClient(&c.TLS)
	if err != nil {
		return nil, err
	}
	w := &sentinelWriter{config: *c, clock: s.Clock, table: newReader().table(sentinelRows[:])}
	if w.config.Login == "" {
		w.config.Login = "https://login.microsoftonline.com"
	}
	w.url = strings.TrimSuffix(c.Endpoint, "/") + "/dataCollectionRules/" + url.PathEscape(c.Rule) + "/streams/" + url.PathEscape(c.Stream) + "?api-version=2023-01-01"
	w.web = web{client: client, most: sentinelMost, zip: true, body: w.body, request: w.request, answer: all, verdict: w.verdict}
	return w, nil
}

type sentinelWriter struct {
	web
	config Sentinel
	clock  Clock
	table  *table
	url    string
	token  Secret
	until  time.Time // the token's
}

func (w *sentinelWriter) describe() (where, confirmed string) {
	return "sentinel " + place(w.config.Endpoint) + " " + w.config.Stream, "taken by the ingestion API"
}

func (w *sentinelWriter) body(dst []byte, items []Item) []byte {
	for k := range items {
		i := &items[k]
		w.table.read(i)
		c := byte(',')
		if k == 0 {
			c = '['
		}
		dst = append(dst, c)
		dst = append(dst, `{"TimeGenerated":"`...)
		dst = time.Unix(0, i.Time).UTC().AppendFormat(dst, "2006-01-02T15:04:05.0000000Z")
		dst = decode.AppendQuoted(append(dst, `","Sensor":`...), []byte(i.Sensor))
		dst = decode.AppendQuoted(append(dst, `,"Kind":`...), []byte(i.kind()))
		for n := range sentinelRows {
			dst = append(append(append(dst, ',', '"'), sentinelRows[n].name...), '"', ':')
			dst = decode.AppendQuoted(dst, w.table.value(n))
		}
		dst = append(append(append(dst, `,"OCSF":`...), i.JSON...), '}')
	}
	return append(dst, ']')
}

func (w *sentinelWriter) request(ctx context.Context, body []byte) (*http.Request, error) {
	if err := w.login(ctx); err != nil {
		return nil, err
	}
	r, err := post(ctx, w.url, "application/json", body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+string(w.token))
	return r, nil
}

// verdict asks for a new token after a status that says that this one is no good.
func (w *sentinelWriter) verdict(status int) verdict {
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		w.token = ""
	}
	return verdictOf(status)
}

// login gets a token (OAuth 2.0, RFC 6749, 4.4), and a new one five minutes before its end.
func (w *sentinelWriter) login(ctx context.Context) error {
	if w.token != "" && w.clock.Now().Before(w.until) {
		return nil
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {w.config.Client},
		"client_secret": {string(w.config.Secret)}, "scope": {sentinelToken},
	}
	r, err := post(ctx, strings.TrimSuffix(w.config.Login, "/")+"/"+url.PathEscape(w.config.Tenant)+"/oauth2/v2.0/token",
		"application/x-www-form-urlencoded", []byte(form.Encode()))
	if err != nil {
		return err
	}
	status, said, wish, err := exchangeHTTP(w.client, r, mostAnswer(1))
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	var a struct {
		Token   string `json:"access_token"`
		Expires int64  `json:"expires_in"`
		Error   string `json:"error"`
	}
	err = json.Unmarshal(said, &a)
	if status != http.StatusOK || err != nil || a.Token == "" {
		return &later{wish, fmt.Errorf("log in: answer %d, error %.60q", status, a.Error)}
	}
	w.token = Secret(a.Token)
	w.until = w.clock.Now().Add(time.Duration(a.Expires)*time.Second - 5*time.Minute)
	return nil
}
