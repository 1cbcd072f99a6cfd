package export

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// row is a line of a mapping: a field of the destination and where it lies in OCSF.
// A path that begins with = is the text that follows; sensorPath is the item's sensor.
// Where alerts, or events about a process that starts (exec, process), have it elsewhere, that is
// said; nowhere means that they do not have the field.
type row struct {
	name     string
	path     string
	launched string
	alert    string
	as       form
	most     int // bytes; 0: any number
}

const (
	sensorPath = "@sensor"
	nowhere    = "-"
)

// form is how a value is written.
type form uint8

const (
	asIs      form = iota // as text; in JSON as it is
	asTime                // ms since 1970, in JSON as ISO 8601
	asOutcome             // status_id
	asIPv4
	asIPv6
	asDirection // direction_id, for CEF
	asFlow      // direction_id, for ECS
	asCategory  // class_uid, for ECS
	asType      // type_uid, for ECS
	asPriority  // severity_id, for CEF
)

// The three sorts of items.
const (
	sortEvent = iota
	sortLaunched
	sortAlert
	sorts
)

func sortOf(i *Item) int {
	switch {
	case i.Alert:
		return sortAlert
	case i.Kind == "exec", i.Kind == "process":
		return sortLaunched
	}
	return sortEvent
}

// reader takes what its tables ask for out of an item, in one pass. It belongs to one
// goroutine.
type reader struct {
	root   paths
	slots  int
	walked walker
	item   *Item
	sort   int
	text   []byte
}

func newReader() *reader { return &reader{text: make([]byte, 0, 4096)} }

func (r *reader) read(i *Item) {
	r.item, r.sort = i, sortOf(i)
	r.walked.walk(&r.root, i.JSON)
}

// table is a mapping of what its reader has read.
type table struct {
	*reader
	rows  []row
	slots [][sorts]int    // by row
	fixed [][sorts]string // by row: text of its own
}

func (r *reader) table(rows []row) *table {
	t := &table{reader: r, rows: rows, slots: make([][sorts]int, len(rows)), fixed: make([][sorts]string, len(rows))}
	for i, row := range rows {
		for k, path := range [sorts]string{row.path, row.launched, row.alert} {
			if path == "" {
				path = row.path
			}
			text, fixed := strings.CutPrefix(path, "=")
			switch {
			case fixed:
				t.fixed[i][k] = text
			case path != sensorPath && path != nowhere:
				t.slots[i][k] = r.root.add(path, &r.slots)
			}
		}
	}
	r.walked.values = make([][]byte, r.slots+1)
	return t
}

// raw gives a row's value as JSON has it; nil: there is none.
func (t *table) raw(i int) []byte {
	v := t.walked.values[t.slots[i][t.sort]]
	if len(v) == 2 && v[0] == '"' || string(v) == "null" {
		return nil
	}
	return v
}

// empty tells whether a row has no value.
func (t *table) empty(i int) bool {
	return t.rows[i].path != sensorPath && t.fixed[i][t.sort] == "" && t.raw(i) == nil
}

// value gives a row's value as text, until the next is asked for; "": there is none.
func (t *table) value(i int) []byte {
	r := &t.rows[i]
	switch {
	case t.fixed[i][t.sort] != "":
		return append(t.text[:0], t.fixed[i][t.sort]...)
	case r.path == sensorPath:
		return append(t.text[:0], t.item.Sensor...)
	}
	raw := t.raw(i)
	if raw == nil {
		return nil
	}
	t.text = cut(appendText(t.text[:0], raw), r.most)
	switch r.as {
	case asTime:
		if len(t.text) == 0 || t.text[0] == '0' {
			return nil
		}
	case asIPv4, asIPv6:
		if v6 := bytes.IndexByte(t.text, ':') >= 0; v6 != (r.as == asIPv6) {
			return nil
		}
	case asOutcome, asDirection, asFlow, asPriority:
		return append(t.text[:0], named(r.as, t.text)...)
	}
	return t.text
}

func named(f form, number []byte) string {
	n := 0
	if len(number) == 1 {
		n = int(number[0] - '0')
	}
	var names []string
	switch f {
	case asOutcome:
		names = []string{"unknown", "success", "failure"}
	case asDirection:
		names = []string{"", "0", "1"}
	case asFlow:
		names = []string{"", "ingress", "egress"}
	case asPriority: // CEF: 0 to 3 low, 4 to 6 medium, 7 and 8 high
		names = []string{"0", "1", "3", "6", "8"}
	}
	if n >= 0 && n < len(names) {
		return names[n]
	}
	return ""
}

// appendTime appends ms since 1970 as ISO 8601.
func appendTime(dst, ms []byte) []byte {
	n, _ := strconv.ParseInt(string(ms), 10, 64)
	return time.UnixMilli(n).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
}
