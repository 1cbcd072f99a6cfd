package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"vigil/decode"
)

// shape is what settings as JSON have for every destination, beside the destination's own.
type shape struct {
	Filter struct {
		Kinds    []string `json:"kinds,omitempty"`
		Severity severity `json:"severity,omitzero"`
	} `json:"filter,omitzero"`
	Snapshot struct {
		Daily string `json:"daily,omitempty"`
		Every span   `json:"every,omitzero"`
	} `json:"snapshot,omitzero"`
	Queue struct {
		Bytes int64 `json:"bytes,omitempty"`
		Age   span  `json:"age,omitzero"`
	} `json:"queue,omitzero"`
	Batch struct {
		Items int  `json:"items,omitempty"`
		Bytes int  `json:"bytes,omitempty"`
		Delay span `json:"delay,omitzero"`
	} `json:"batch,omitzero"`
	Retry struct {
		First span `json:"first,omitzero"`
		Most  span `json:"most,omitzero"`
		For   span `json:"for,omitzero"`
	} `json:"retry,omitzero"`
	Timeout span `json:"timeout,omitzero"`
}

// span is a duration as people write it: 30s, 24h.
type span time.Duration

func (s span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration: give one such as 30s or 24h", text)
	}
	*s = span(d)
	return nil
}

// severity is one by its name.
type severity decode.Severity

func (s severity) MarshalText() ([]byte, error) {
	return []byte(strings.ToLower(decode.Severity(s).String())), nil
}

func (s *severity) UnmarshalText(text []byte) error {
	for n := decode.Informational; n <= decode.High; n++ {
		if strings.EqualFold(n.String(), string(text)) {
			*s = severity(n)
			return nil
		}
	}
	return fmt.Errorf("filter.severity: %q is none: give informational, low, medium or high", text)
}

// set makes the destination of a kind the one that is given.
func (c *Config) set(name string) (kind, bool) {
	switch name {
	case "syslog":
		c.Syslog = &Syslog{}
		return c.Syslog, true
	case "file":
		c.File = &File{}
		return c.File, true
	case "splunk":
		c.Splunk = &Splunk{}
		return c.Splunk, true
	case "elastic":
		c.Elastic = &Elastic{}
		return c.Elastic, true
	case "otlp":
		c.OTLP = &OTLP{}
		return c.OTLP, true
	case "sentinel":
		c.Sentinel = &Sentinel{}
		return c.Sentinel, true
	case "kafka":
		c.Kafka = &Kafka{}
		return c.Kafka, true
	case "webhook":
		c.Webhook = &Webhook{}
		return c.Webhook, true
	}
	return nil, false
}

// Parse reads an export's settings as JSON: those of its kind of destination, and beside
// them filter, snapshot, queue, batch, retry and timeout. docs/exports.md has examples.
// Whether they are right, Check says.
func Parse(name, kind string, settings []byte) (Config, error) {
	c := Config{Name: name}
	to, ok := c.set(kind)
	if !ok {
		return c, c.wrap(fmt.Errorf("kind: %q is none: give syslog, file, splunk, elastic, otlp, sentinel, kafka or webhook", kind))
	}
	var s shape
	common, own := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal(settings, &own); err != nil {
		return c, c.wrap(fmt.Errorf("settings: give an object: %w", err))
	}
	for _, key := range []string{"filter", "snapshot", "queue", "batch", "retry", "timeout"} {
		if v, ok := own[key]; ok {
			common[key] = v
			delete(own, key)
		}
	}
	for _, part := range []struct {
		from map[string]json.RawMessage
		to   any
	}{{common, &s}, {own, to}} {
		if err := strictly(part.from, part.to); err != nil {
			return c, c.wrap(err)
		}
	}
	c.Filter = Filter{Kinds: s.Filter.Kinds, Severity: decode.Severity(s.Filter.Severity)}
	if s.Snapshot.Daily != "" || s.Snapshot.Every != 0 {
		c.Snapshot = &Snapshot{Daily: s.Snapshot.Daily, Every: time.Duration(s.Snapshot.Every)}
	}
	c.Queue = Queue{Bytes: s.Queue.Bytes, Age: time.Duration(s.Queue.Age)}
	c.Batch = Batch{Items: s.Batch.Items, Bytes: s.Batch.Bytes, Delay: time.Duration(s.Batch.Delay)}
	c.Retry = Retry{First: time.Duration(s.Retry.First), Most: time.Duration(s.Retry.Most), For: time.Duration(s.Retry.For)}
	c.Timeout = time.Duration(s.Timeout)
	return c, nil
}

// strictly reads fields into a struct that has all of them. An error never tells values.
func strictly(fields map[string]json.RawMessage, to any) error {
	text, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(to)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("settings: %s is a %s, and is to be a %s", wrong.Field, wrong.Value, wrong.Type)
	}
	if err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return fmt.Errorf("settings: there is no %s: leave it out", name)
		}
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// Settings gives what Parse reads, with secrets hidden.
func (c *Config) Settings() json.RawMessage { return c.settings(false) }

// Whole gives what Parse reads, with all secrets, to be kept.
func (c *Config) Whole() json.RawMessage { return c.settings(true) }

func (c *Config) settings(whole bool) json.RawMessage {
	var s shape
	s.Filter.Kinds, s.Filter.Severity = c.Filter.Kinds, severity(c.Filter.Severity)
	if c.Snapshot != nil {
		s.Snapshot.Daily, s.Snapshot.Every = c.Snapshot.Daily, span(c.Snapshot.Every)
	}
	s.Queue.Bytes, s.Queue.Age = c.Queue.Bytes, span(c.Queue.Age)
	s.Batch.Items, s.Batch.Bytes, s.Batch.Delay = c.Batch.Items, c.Batch.Bytes, span(c.Batch.Delay)
	s.Retry.First, s.Retry.Most, s.Retry.For = span(c.Retry.First), span(c.Retry.Most), span(c.Retry.For)
	s.Timeout = span(c.Timeout)
	all := fields(s)
	for _, k := range c.destinations() {
		maps.Copy(all, fields(k))
		if holder, ok := k.(holder); ok && whole {
			reveal(holder, all)
		}
	}
	return written(all)
}

// fields gives a struct of ours as an object.
func fields(v any) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(written(v), &all); err != nil {
		panic(err) // it is one of this package's own structs
	}
	return all
}

func written(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the same
	}
	return b
}
