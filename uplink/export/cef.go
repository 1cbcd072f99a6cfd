package export

// cef writes items in the Common Event Format, version 0:
// CEF:0|Vendor|Product|Version|Event Class ID|Name|Severity|key=value …
type cef struct {
	head, body *table
	labels     []string // by row, as written
	header     *cleaner // no line can end in it
	extension  *cleaner
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

func newCEF(r *reader) *cef {
	c := &cef{head: r.table(cefHead[:]), body: r.table(cefRows[:]), header: newCleaner(`\|`, " "), extension: newCleaner(`\=`, `\n`)}
	for i := range cefRows {
		label := ""
		if l := cefLabels[cefRows[i].name]; l != "" {
			label = " " + cefRows[i].name + "Label=" + l
		}
		c.labels = append(c.labels, label)
	}
	return c
}

// append appends the item that was read, without a line end.
func (c *cef) append(dst []byte) []byte {
	dst = append(dst, "CEF:0|Vigil|Vigil|1|"...)
	dst = c.header.append(dst, c.head.value(cefClass))
	dst = append(dst, '|')
	dst = c.header.append(dst, c.head.value(cefName))
	if activity := c.head.value(cefActivity); len(activity) > 0 {
		dst = append(dst, ": "...)
		dst = c.header.append(dst, activity)
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
		dst = c.extension.append(dst, v)
		dst = append(dst, c.labels[k]...)
	}
	return dst
}
