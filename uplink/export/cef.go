package export

// cef writes items in the Common Event Format, version 0:
// CEF:0|Vendor|Product|Version|Event Class ID|Name|Severity|key=value …
type cef struct {
	head, body *table
	labels     []string // by row, as written
}

// The header: which event, its name in two parts, how severe.
var cefHead = [...]row{
	{name: "class", path: "type_uid", alert: "finding_info.analytic.uid", most: 1023},
	{name: "name", path: "class_name", alert: "finding_info.title", most: 480},
	{name: "activity", path: "activity_name", alert: nowhere, most: 30},
	{name: "severity", path: "severity_id", as: asPriority},
}

const (
	cefClass = iota
	cefName
	cefActivity
	cefSeverity
)

func newCEF() *cef {
	c := &cef{head: newTable(cefHead[:]), body: newTable(cefRows[:])}
	for i := range cefRows {
		label := ""
		if l := cefLabels[cefRows[i].name]; l != "" {
			label = " " + cefRows[i].name + "Label=" + l
		}
		c.labels = append(c.labels, label)
	}
	return c
}

// append appends an item, without a line end.
func (c *cef) append(dst []byte, i *Item) []byte {
	c.head.read(i)
	c.body.read(i)
	dst = append(dst, "CEF:0|Vigil|Vigil|1|"...)
	dst = appendHeader(dst, c.head.value(cefClass))
	dst = append(dst, '|')
	dst = appendHeader(dst, c.head.value(cefName))
	if activity := c.head.value(cefActivity); len(activity) > 0 {
		dst = append(dst, ": "...)
		dst = appendHeader(dst, activity)
	}
	dst = append(dst, '|')
	dst = append(dst, c.head.value(cefSeverity)...)
	dst = append(dst, '|')
	first := len(dst)
	for k := range cefRows {
		v := c.body.value(k)
		if len(v) == 0 {
			continue
		}
		if len(dst) > first {
			dst = append(dst, ' ')
		}
		dst = append(append(dst, cefRows[k].name...), '=')
		dst = appendClean(dst, v, `\=`, `\n`)
		dst = append(dst, c.labels[k]...)
	}
	return dst
}

// appendHeader appends a part of the header, in which no line can end.
func appendHeader(dst, text []byte) []byte { return appendClean(dst, text, `\|`, " ") }
