package sensor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// fields are the keys of the file, where their values go, and what they must be.
func (c *Config) fields() []field {
	const text, list, size = "text", "a list, such as [a, b]", "a number of bytes, KiB, MiB or GiB, such as 8MiB"
	return []field{
		{"scope", &c.Scope, text},
		{"tier", &c.Tier, text},
		{"kinds", &c.Kinds, list},
		{"watch", &c.Watch, list},
		{"vital", &c.Vital, size},
		{"bulk", &c.Bulk, size},
		{"arguments", &c.Arguments, size},
		{"processes", &c.Processes, "a number"},
		{"socket", &c.Socket, text},
		{"metrics", &c.Metrics, text},
		{"judge", &c.Judge, "true or false"},
		{"rules", &c.Rules, list},
		{"intelligence", &c.Intelligence, list},
		{"suppress", &c.Suppress, "a list of rule, filter, reason and until (a date, such as 2027-01-31)"},
		{"spool", &c.Spool, size},
		{"spool_age", &c.SpoolAge, "a duration, such as 168h"},
		{"spool_sync", &c.SpoolSync, text},
		{"bandwidth", &c.Bandwidth, size},
		{"proxy", &c.Proxy, text},
	}
}

type field struct {
	key   string
	value any
	is    string
}

// read lays a file over the configuration. An error begins with the line and
// column of what is wrong.
func (c *Config) read(text []byte) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		if e := yaml.Error(nil); errors.As(err, &e) {
			return at(e.GetToken().Position.Line, e.GetToken().Position.Column, e.GetMessage())
		}
		return err
	}
	for _, document := range file.Docs {
		if document.Body == nil {
			continue
		}
		pairs, ok := document.Body.(ast.MapNode)
		if !ok {
			return atNode(document.Body, "not keys with values: write lines such as scope: host")
		}
		for pair := pairs.MapRange(); pair.Next(); {
			if err := c.set(pair.KeyValue()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Config) set(pair *ast.MappingValueNode) error {
	key := pair.Key.String()
	var keys []string
	for _, f := range c.fields() {
		if f.key != key {
			keys = append(keys, f.key)
			continue
		}
		if err := yaml.NodeToValue(pair.Value, f.value); err != nil {
			return atNode(pair.Value, fmt.Sprintf("%s: must be %s", key, f.is))
		}
		return nil
	}
	return atNode(pair.Key, fmt.Sprintf("unknown key %q: there are %s", key, strings.Join(keys, " ")))
}

func atNode(n ast.Node, message string) error {
	p := n.GetToken().Position
	return at(p.Line, p.Column, message)
}

func at(line, column int, message string) error {
	return fmt.Errorf("line %d, column %d: %s", line, column, message)
}
