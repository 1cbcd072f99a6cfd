package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Fields is an event by the names of its fields, as of JSON lines and of cases.
type Fields struct {
	set    *Set
	source *Source
	fields []fieldValues // by Field; those of 0 are all values, also of fields nobody asks for
}

type fieldValues struct {
	present bool
	values  [][]byte
}

// NewFields makes an event of a log source without fields.
func (s *Set) NewFields(source LogSource) *Fields {
	return &Fields{set: s, source: s.Source(source), fields: make([]fieldValues, len(s.fields))}
}

// Reset takes all fields away.
func (f *Fields) Reset() {
	for i := range f.fields {
		f.fields[i] = fieldValues{values: f.fields[i].values[:0]}
	}
}

// Put adds values to a field, and the field even if there are none.
func (f *Fields) Put(name string, values ...string) {
	all := &f.fields[0]
	all.present = true
	id, asked := f.set.fieldIDs[name]
	asked = asked && id != 0
	if asked {
		f.fields[id].present = true
	}
	for _, v := range values {
		all.values = append(all.values, []byte(v))
		if asked {
			f.fields[id].values = append(f.fields[id].values, []byte(v))
		}
	}
}

// Source implements Event.
func (f *Fields) Source() *Source { return f.source }

// Append implements Event.
func (f *Fields) Append(dst [][]byte, id Field) ([][]byte, bool) {
	v := &f.fields[id]
	return append(dst, v.values...), v.present
}

// ReadJSON makes the event that of a JSON object. Objects in it are fields with a dot in
// their names; lists are fields with several values.
func (f *Fields) ReadJSON(line []byte) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return fmt.Errorf("read event: %w", err)
	}
	f.Reset()
	f.putObject("", object, 0)
	return nil
}

func (f *Fields) putObject(prefix string, object map[string]any, depth int) {
	for name, v := range object {
		if inner, ok := v.(map[string]any); ok && depth < maxDepth {
			f.putObject(prefix+name+".", inner, depth+1)
			continue
		}
		f.Put(prefix+name, texts(v)...)
	}
}

// texts gives the values of a piece of JSON.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case bool:
		return []string{strconv.FormatBool(v)}
	case json.Number:
		return []string{v.String()}
	case []any:
		all := []string{}
		for _, item := range v {
			all = append(all, texts(item)...)
		}
		return all
	case nil:
		return nil
	}
	whole, err := json.Marshal(v)
	if err != nil { // what was decoded can be encoded
		return nil
	}
	return []string{string(whole)}
}
