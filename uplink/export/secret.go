package export

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// Secret is a password, token or key. No way of printing it shows it; string(s) does.
type Secret string

const hidden = "[secret]"

func (s Secret) shown() string {
	if s == "" {
		return ""
	}
	return hidden
}

// String implements fmt.Stringer.
func (s Secret) String() string { return s.shown() }

// Format implements fmt.Formatter: %x and %q would get round String otherwise.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.shown())) }

// MarshalText implements encoding.TextMarshaler, for JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown()) }

// holder is a kind that has secrets.
type holder interface {
	// where says whom they are shown to; "": who is not known yet.
	where() string
	// secrets calls f with each that the other settings have a use for, by its name.
	secrets(f func(name string, s *Secret))
}

// Keep takes secrets that are left out, or given as they are shown, from settings that
// were before. It does not where they would go to another place: who changes that gives
// them anew.
func (c *Config) Keep(before *Config) error {
	for name, k := range c.destinations() {
		h, ok := k.(holder)
		if !ok {
			continue
		}
		had, place := map[string]Secret{}, ""
		if was, ok := before.destinations()[name].(holder); ok {
			place = was.where()
			was.secrets(func(name string, s *Secret) { had[name] = *s })
		}
		var err error
		h.secrets(func(field string, s *Secret) {
			if *s != "" && *s != hidden {
				return
			}
			switch {
			case had[field] == "" && *s == hidden:
				err = fmt.Errorf("%s.%s: there was none before: give it", name, field)
			case had[field] != "" && h.where() != "" && h.where() != place:
				err = fmt.Errorf("%s.%s: it would go to another place than before: give it anew", name, field)
			default:
				*s = had[field]
			}
		})
		if err != nil {
			return c.wrap(err)
		}
	}
	return nil
}

// reveal puts secrets as they are into fields that have them hidden.
func reveal(h holder, all map[string]json.RawMessage) {
	within := map[string]map[string]json.RawMessage{}
	h.secrets(func(name string, s *Secret) {
		if *s == "" {
			return
		}
		object, field, nested := strings.Cut(name, ".")
		if !nested {
			all[name] = written(string(*s))
			return
		}
		if within[object] == nil {
			within[object] = map[string]json.RawMessage{}
		}
		within[object][field] = written(string(*s))
	})
	for object, fields := range within {
		all[object] = written(fields)
	}
}
