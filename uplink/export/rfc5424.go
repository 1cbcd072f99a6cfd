package export

import (
	"strconv"
	"time"

	"vigil/decode"
)

// The structured data of a message; names have at most 32 characters (RFC 5424, 6.3.3).
var sdRows = [...]row{
	{name: "sensor", path: sensorPath, most: 255},
	{name: "severity", path: "severity"},
	{name: "class", path: "class_name", most: 255},
	{name: "activity", path: "activity_name", most: 255},
	{name: "rule", path: nowhere, launched: nowhere, alert: "finding_info.analytic.uid", most: 255},
	{name: "uid", path: nowhere, launched: nowhere, alert: "metadata.uid", most: 255},
	{name: "incident", path: nowhere, launched: nowhere, alert: "metadata.correlation_uid", most: 255},
	{name: "tactic", path: nowhere, launched: nowhere, alert: "finding_info.attacks.0.tactic.uid", most: 255},
	{name: "technique", path: nowhere, launched: nowhere, alert: "finding_info.attacks.0.technique.uid", most: 255},
	{name: "count", path: "count"},
	{name: "pid", path: "actor.process.pid", launched: "process.pid"},
	{name: "exec", path: "actor.process.uid", launched: "process.uid", most: 255},
	{name: "user", path: "actor.process.user.name", launched: "process.user.name", most: 255},
	{name: "path", path: "actor.process.file.path", launched: "process.file.path", most: 1023},
	{name: "command", path: "actor.process.cmd_line", launched: "process.cmd_line", most: 4000},
	{name: "container", path: "actor.process.container.uid", launched: "process.container.uid", most: 255},
	{name: "file", path: "file.path", launched: nowhere, most: 1023},
	{name: "src", path: "src_endpoint.ip"},
	{name: "spt", path: "src_endpoint.port"},
	{name: "dst", path: "dst_endpoint.ip"},
	{name: "dpt", path: "dst_endpoint.port"},
	{name: "query", path: "query.hostname", most: 255},
}

var messageRows = [...]row{
	{name: "host", path: "device.hostname", most: 255},
	{name: "message", path: "message", most: 1023},
	{name: "class", path: "class_name"},
	{name: "activity", path: "activity_name"},
	{name: "path", path: "actor.process.file.path", launched: "process.file.path", most: 1023},
}

const (
	messageHost = iota
	messageText
	messageClass
	messageActivity
	messagePath
)

// Formats of a syslog message.
const (
	formatFields = "rfc5424" // structured data, and a message for people
	formatCEF    = "cef"
	formatOCSF   = "ocsf"
)

// rfc5424 writes items as syslog messages (RFC 5424).
type rfc5424 struct {
	facility int
	sdID     string
	format   string
	cef      *cef
	sd, text *table
	param    *cleaner
	plain    *cleaner
}

func newRFC5424(format string, facility int, enterprise uint32) *rfc5424 {
	r := newReader()
	m := &rfc5424{
		facility: facility, format: format, sdID: "[vigil@" + strconv.FormatUint(uint64(enterprise), 10),
		text: r.table(messageRows[:]), param: newCleaner(`"\]`, " "), plain: newCleaner("", " "),
	}
	switch format {
	case formatCEF:
		m.cef = newCEF(r)
	case formatFields:
		m.sd = r.table(sdRows[:])
	}
	return m
}

// priority is the severity of RFC 5424, table 2: informational, notice, warning, critical.
func priority(s decode.Severity) int {
	switch s {
	case decode.Low:
		return 5
	case decode.Medium:
		return 4
	case decode.High:
		return 2
	}
	return 6
}

// append appends an item as a message, without a frame.
func (m *rfc5424) append(dst []byte, i *Item) []byte {
	m.text.read(i)
	dst = append(dst, '<')
	dst = strconv.AppendInt(dst, int64(m.facility*8+priority(i.Severity)), 10)
	dst = append(dst, ">1 "...)
	dst = time.Unix(0, i.Time).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z07:00")
	dst = append(dst, ' ')
	host := m.text.value(messageHost)
	if len(host) == 0 {
		host = append(host, i.Sensor...)
	}
	dst = appendName(dst, host, 255)
	dst = append(dst, " vigil - "...)
	dst = appendName(dst, append(m.text.text[:0], i.kind()...), 32)
	dst = append(dst, ' ')
	switch m.format {
	case formatCEF:
		return m.cef.append(append(dst, "- "...))
	case formatOCSF:
		return append(append(dst, "- \ufeff"...), i.JSON...)
	}
	dst = m.fields(dst)
	return m.message(append(dst, " \ufeff"...))
}

// appendName appends a part of the header: visible ASCII without spaces, or a dash.
func appendName(dst, name []byte, most int) []byte {
	if len(name) == 0 {
		return append(dst, '-')
	}
	for _, c := range name[:min(len(name), most)] {
		if c <= ' ' || c >= 0x7f {
			c = '_'
		}
		dst = append(dst, c)
	}
	return dst
}

func (m *rfc5424) fields(dst []byte) []byte {
	dst = append(dst, m.sdID...)
	for k := range sdRows {
		if v := m.sd.value(k); len(v) > 0 {
			dst = append(append(append(dst, ' '), sdRows[k].name...), '=', '"')
			dst = append(m.param.append(dst, v), '"')
		}
	}
	return append(dst, ']')
}

func (m *rfc5424) message(dst []byte) []byte {
	if v := m.text.value(messageText); len(v) > 0 {
		return m.plain.append(dst, v)
	}
	dst = m.plain.append(dst, m.text.value(messageClass))
	dst = append(dst, ": "...)
	dst = m.plain.append(dst, m.text.value(messageActivity))
	if v := m.text.value(messagePath); len(v) > 0 {
		dst = m.plain.append(append(dst, ", by "...), v)
	}
	return dst
}
