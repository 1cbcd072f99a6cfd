package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"vigil/decode"
)

// Body is what a policy says. What it does not name, each sensor does as its own
// configuration says; {} is to follow that alone.
type Body struct {
	Settings Settings `json:"settings,omitzero"`
	// Rules are judged by beside Vigil's own, and those of the host.
	Rules []Rule `json:"rules,omitempty"`
	// Protections are rules and behaviours by identifier: false raises no alerts.
	Protections map[string]bool `json:"protections,omitempty"`
}

// Settings are those that a sensor takes while it runs. Kinds, watch and judge stand in
// place of the host's own; suppressions and intelligence come to them. A nil list is none
// that is named.
type Settings struct {
	Kinds        []string      `json:"kinds,omitzero"` // to capture; empty: all
	Watch        []string      `json:"watch,omitzero"` // files and directories whose reading is told
	Judge        *bool         `json:"judge,omitempty"`
	Suppress     []Suppression `json:"suppress,omitempty"`
	Intelligence []string      `json:"intelligence,omitempty"` // addresses, networks and domains
}

// Suppression is alerts that nobody need act on.
type Suppression struct {
	Rule   string `json:"rule,omitempty"`   // identifier; "": any
	Filter string `json:"filter,omitempty"` // of the event, see vigil help filter; "": any
	Reason string `json:"reason"`
	Until  Date   `json:"until"`
}

// Date is a day, as 2027-01-31.
type Date time.Time

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("until: %q is no date such as 2027-01-31", text)
	}
	*d = Date(t)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) {
	return time.Time(d).AppendFormat(nil, time.DateOnly), nil
}

// Rule is a file of Sigma.
type Rule struct {
	Name string `json:"name"` // what problems with it are told under
	Text string `json:"text"`
}

// MaxRule bounds the text of a rule, bytes.
const MaxRule = 1 << 20

// Parse reads what a policy says, and checks it.
func Parse(text []byte) (Body, error) {
	var b *Body
	if err := strictly(text, &b); err != nil {
		return Body{}, err
	}
	if b == nil {
		return Body{}, errors.New("a policy is an object, {} at least")
	}
	return *b, b.check()
}

// strictly decodes one value, all of which must be known.
func strictly(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return errors.New("more follows the policy's end")
		}
		return nil
	}
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("%s: a %s does not belong there", wrong.Field, wrong.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// UnmarshalJSON implements json.Unmarshaler: a key that is no policy's is told why.
func (s *Settings) UnmarshalJSON(text []byte) error {
	var keys map[string]json.RawMessage
	if err := strictly(text, &keys); err != nil {
		return errors.New("settings: an object is wanted")
	}
	for key := range keys {
		if why := apart(key); why != "" {
			return fmt.Errorf("settings: %s %s", key, why)
		}
	}
	type plain Settings
	if err := strictly(text, (*plain)(s)); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// apart says why a key of a sensor's configuration is not a policy's; "" when it is, or is none.
func apart(key string) string {
	switch key {
	case "scope", "socket", "metrics":
		return "is the host's own to say, in its configuration file"
	case "tier", "vital", "bulk", "arguments", "processes", "spool", "spool_age", "spool_sync", "bandwidth", "proxy":
		return "needs a restart of the sensor: say it in the host's configuration file"
	case "rules":
		return "are paths of the host: a policy's rules stand beside its settings, with name and text"
	}
	return ""
}

func (b *Body) check() error {
	for _, k := range b.Settings.Kinds {
		if _, ok := decode.ParseKind(k); !ok {
			return fmt.Errorf("settings: kinds: %q is none: vigil doctor lists them", k)
		}
	}
	for _, w := range b.Settings.Watch {
		if strings.Trim(w, "/") == "" {
			return fmt.Errorf("settings: watch: %q names no file", w)
		}
	}
	for _, entry := range b.Settings.Intelligence {
		if entry == "" || strings.ContainsAny(entry, " \t\r\n,;#") {
			return fmt.Errorf("settings: intelligence: %q is no address, network or domain", entry)
		}
	}
	for i, s := range b.Settings.Suppress {
		if err := s.check(); err != nil {
			return fmt.Errorf("settings: suppress: number %d: %w", i+1, err)
		}
	}
	names := map[string]bool{}
	for _, r := range b.Rules {
		switch {
		case r.Name == "" || strings.TrimSpace(r.Text) == "":
			return errors.New("rules: a rule has a name and a text")
		case names[r.Name]:
			return fmt.Errorf("rules: two are named %q", r.Name)
		case len(r.Name) > 200:
			return errors.New("rules: a name has at most 200 bytes")
		case len(r.Text) > MaxRule:
			return fmt.Errorf("rules: the text of %q has more than %d bytes", r.Name, MaxRule)
		}
		names[r.Name] = true
	}
	if _, unnamed := b.Protections[""]; unnamed {
		return errors.New("protections: one has no name")
	}
	return nil
}

func (s *Suppression) check() error {
	switch {
	case s.Rule == "" && s.Filter == "":
		return errors.New("without a rule or a filter all alerts would be dismissed: give one")
	case s.Reason == "":
		return errors.New("no reason: say why nobody needs to act")
	case time.Time(s.Until).IsZero():
		return errors.New("no end: give until, such as 2027-01-31")
	}
	_, err := decode.ParseFilter(s.Filter)
	return err
}
