package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"vigil/decode"
)

// Item is one alert or event. Nobody changes its JSON.
type Item struct {
	Time     int64  // ns since 1970
	Kind     string // of an event; of an alert, AlertKind
	Severity decode.Severity
	Alert    bool
	Sensor   string // ID of the sensor that told it
	JSON     []byte // OCSF in one line, as decode.AppendJSON and detect.Alert.AppendJSON write it

	of    *block // of a backlog, that it came from, and its place there
	place int
}

// AlertKind is the kind of alerts, in items and in filters.
const AlertKind = "alert"

func (i *Item) kind() string {
	if i.Alert {
		return AlertKind
	}
	return i.Kind
}

// overhead is about what an item takes in memory beside its JSON.
const overhead = 128

func (i *Item) size() int { return len(i.JSON) + len(i.Kind) + len(i.Sensor) + overhead }

// wellFormed tells whether the item can stand in a body beside others: one JSON object
// in one line, in UTF-8.
func (i *Item) wellFormed() bool {
	return len(i.JSON) > 1 && i.JSON[0] == '{' && bytes.IndexByte(i.JSON, '\n') < 0 && utf8.Valid(i.JSON) && json.Valid(i.JSON)
}

// Filter says what goes to a destination. The zero Filter lets everything through.
type Filter struct {
	Kinds    []string        // AlertKind and kinds of events; empty: all
	Severity decode.Severity // the least
}

// Wants tells whether what is of that kind and severity goes to the destination.
func (f *Filter) Wants(kind string, s decode.Severity) bool {
	return s >= f.Severity && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind))
}

func (f *Filter) check() error {
	for _, k := range f.Kinds {
		if _, ok := decode.ParseKind(k); !ok && k != AlertKind {
			return fmt.Errorf("filter.kinds: %q is none: give %q or a kind that `vigil doctor` lists", k, AlertKind)
		}
	}
	if f.Severity > decode.High {
		return fmt.Errorf("filter.severity: %d is none: give 0 (all) to %d (%s)", f.Severity, decode.High, decode.High)
	}
	return nil
}
