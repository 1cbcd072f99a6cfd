package export

import (
	"fmt"
	"log/slog"
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
