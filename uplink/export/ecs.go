package export

import (
	"strings"

	"vigil/decode"
)

// ecs writes items as JSON in the names of the Elastic Common Schema.
type ecs struct {
	table    *table
	names    [][]string // by row: the objects it lies in, and its own name
	original bool       // with the OCSF as event.original
}

func newECS(original bool) *ecs {
	e := &ecs{table: newReader().table(ecsRows[:]), original: original}
	for i := range ecsRows {
		e.names = append(e.names, strings.Split(ecsRows[i].name, "."))
	}
	return e
}

// append appends an item, without a line end.
func (e *ecs) append(dst []byte, i *Item) []byte {
	e.table.read(i)
	dst = append(dst, '{')
	var open []string // the objects that we are in
	for k := range ecsRows {
		if e.table.empty(k) {
			continue
		}
		before := len(dst)
		dst = e.begin(dst, open, e.names[k])
		from := len(dst)
		if dst = e.value(dst, k); len(dst) == from {
			dst = dst[:before]
			continue
		}
		open = e.names[k][:len(e.names[k])-1]
		if e.original && ecsRows[k].name == "event.module" {
			dst = decode.AppendQuoted(append(dst, `,"original":`...), i.JSON)
		}
	}
	for range open {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// begin leaves the objects that the name is not in, enters those that it is in, and
// writes the name itself.
func (e *ecs) begin(dst []byte, open, names []string) []byte {
	same := 0
	for same < len(open) && same < len(names)-1 && open[same] == names[same] {
		same++
	}
	for range len(open) - same {
		dst = append(dst, '}')
	}
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	for n, name := range names[same:] {
		dst = append(append(append(dst, '"'), name...), '"', ':')
		if same+n < len(names)-1 {
			dst = append(dst, '{')
		}
	}
	return dst
}

// value appends a row's value as JSON; nothing, where there is none.
func (e *ecs) value(dst []byte, k int) []byte {
	switch r := &ecsRows[k]; {
	case r.path == sensorPath || e.table.fixed[k][e.table.sort] != "" || r.as == asOutcome || r.as == asFlow:
		if v := e.table.value(k); len(v) > 0 {
			return decode.AppendQuoted(dst, v)
		}
		return dst
	case r.as == asTime:
		if v := e.table.value(k); len(v) > 0 {
			return append(appendTime(append(dst, '"'), v), '"')
		}
		return dst
	case r.as == asCategory:
		return append(dst, ecsCategory(string(e.table.value(k)))...)
	case r.as == asType:
		return append(dst, ecsType(string(e.table.value(k)))...)
	}
	return append(dst, e.table.raw(k)...)
}
