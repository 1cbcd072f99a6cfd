package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// document is an OpenAPI document as far as the tests read it.
type document struct {
	all   map[string]any
	Paths map[string]map[string]operation
}

type operation struct {
	ID        string                `json:"operationId"`
	Tags      []string              `json:"tags"`
	Role      string                `json:"x-role"`
	Security  []map[string][]string `json:"security"`
	Responses map[string]struct {
		Content map[string]struct{ Schema any }
	}
}

func parseDocument(t *testing.T, text []byte) *document {
	t.Helper()
	d := &document{}
	must(t, json.Unmarshal(text, &d.all))
	must(t, json.Unmarshal(text, d))
	return d
}

// operations gives all, as METHOD PATH.
func (d *document) operations() map[string]operation {
	all := map[string]operation{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			all[strings.ToUpper(method)+" "+path] = o
		}
	}
	return all
}

// check tells what of a value is not as the schema says: the words of JSON Schema that
// the document uses, and an error for those that it does not know.
func (d *document) check(schema, v any, at string) error {
	s, ok := schema.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: no schema but %v", at, schema)
	}
	for word, arg := range s {
		if err := d.word(word, arg, s, v, at); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) word(word string, arg any, s map[string]any, v any, at string) error {
	object, _ := v.(map[string]any)
	switch word {
	case "$ref":
		to := any(d.all)
		for part := range strings.SplitSeq(strings.TrimPrefix(arg.(string), "#/"), "/") {
			to = to.(map[string]any)[part]
		}
		return d.check(to, v, at)
	case "type":
		if !isType(arg.(string), v) {
			return fmt.Errorf("%s: %v is no %v", at, v, arg)
		}
	case "enum":
		if !slices.Contains(arg.([]any), v) {
			return fmt.Errorf("%s: %v is none of %v", at, v, arg)
		}
	case "const":
		if arg != v {
			return fmt.Errorf("%s: %v is not %v", at, v, arg)
		}
	case "format":
		text, _ := v.(string)
		if _, err := time.Parse(time.RFC3339Nano, text); arg != "date-time" || err != nil {
			return fmt.Errorf("%s: %v is no %v", at, v, arg)
		}
	case "required":
		for _, name := range arg.([]any) {
			if _, has := object[name.(string)]; !has {
				return fmt.Errorf("%s: %v is missing of %v", at, name, slices.Sorted(maps.Keys(object)))
			}
		}
	case "properties":
		for name, sub := range arg.(map[string]any) {
			if field, has := object[name]; has {
				if err := d.check(sub, field, at+"."+name); err != nil {
					return err
				}
			}
		}
	case "additionalProperties":
		known, _ := s["properties"].(map[string]any)
		for name := range object {
			if _, ok := known[name]; !ok && arg == false {
				return fmt.Errorf("%s: %s is not in the document", at, name)
			}
		}
	case "items":
		all, _ := v.([]any)
		for i, item := range all {
			if err := d.check(arg, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case "description", "minimum", "maximum", "minLength", "maxLength", "default":
	default:
		return fmt.Errorf("%s: the test does not know %s", at, word)
	}
	return nil
}

func isType(name string, v any) bool {
	switch v := v.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == math.Trunc(v)
	case map[string]any:
		return name == "object"
	case []any:
		return name == "array"
	}
	return false
}
