package export

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	collect "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	"google.golang.org/protobuf/proto"

	"vigil/decode"
)

// OTLP is an OpenTelemetry collector, by HTTP with protobuf. A record's body is the OCSF
// JSON as a string; one resource is one sensor.
type OTLP struct {
	URL     string            `json:"url"`               // https://otel.example:4318; /v1/logs is added
	Headers map[string]Secret `json:"headers,omitempty"` // such as Authorization
	TLS     TLS               `json:"tls,omitzero"`
}

func (c *OTLP) check() error {
	if err := checkURL("url", c.URL); err != nil {
		return err
	}
	for name, value := range c.Headers {
		if name == "" || strings.ContainsAny(name, " :\r\n") || strings.ContainsAny(string(value), "\r\n") {
			return fmt.Errorf("headers: %q cannot be one: give names and values in one line", name)
		}
	}
	return c.TLS.check()
}

func (c *OTLP) where() string { return c.URL }

func (c *OTLP) secrets(f func(string, *Secret)) {
	for name, s := range c.Headers {
		f("headers."+name, &s)
		c.Headers[name] = s
	}
}

func (c *OTLP) open(_ *Config, s Services) (destination, error) {
	client, err := newClient(&c.TLS)
	if err != nil {
		return nil, err
	}
	w := &otlpWriter{config: *c, clock: s.Clock, table: newReader().table(otlpRows[:])}
	w.web = web{client: client, most: 4 << 20, zip: true, body: w.body, request: w.request, answer: w.answer, verdict: otlpVerdict}
	return w, nil
}

// The attributes of a record, in the names of OpenTelemetry's semantic conventions.
var otlpRows = [...]row{
	{name: "process.pid", path: "actor.process.pid", launched: "process.pid"},
	{name: "process.executable.path", path: "actor.process.file.path", launched: "process.file.path"},
	{name: "process.command_line", path: "actor.process.cmd_line", launched: "process.cmd_line"},
	{name: "process.owner", path: "actor.process.user.name", launched: "process.user.name"},
	{name: "container.id", path: "actor.process.container.uid", launched: "process.container.uid"},
	{name: "file.path", path: "file.path", launched: nowhere},
	{name: "source.address", path: "src_endpoint.ip"},
	{name: "destination.address", path: "dst_endpoint.ip"},
	{name: "destination.port", path: "dst_endpoint.port"},
	{name: "dns.question.name", path: "query.hostname"},
	{name: "security_rule.name", path: nowhere, launched: nowhere, alert: "finding_info.analytic.uid"},
	{name: "vigil.alert.id", path: nowhere, launched: nowhere, alert: "metadata.uid"},
	{name: "vigil.technique", path: nowhere, launched: nowhere, alert: "finding_info.attacks.0.technique.uid"},
}

type otlpWriter struct {
	web
	config OTLP
	clock  Clock
	table  *table
}

func (w *otlpWriter) describe() (where, confirmed string) {
	return "otlp " + place(w.config.URL), "taken by the collector"
}

func (w *otlpWriter) body(dst []byte, items []Item) []byte {
	bySensor := map[string][]*logs.LogRecord{}
	for k := range items {
		bySensor[items[k].Sensor] = append(bySensor[items[k].Sensor], w.record(&items[k]))
	}
	var m collect.ExportLogsServiceRequest
	for _, sensor := range slices.Sorted(maps.Keys(bySensor)) {
		m.ResourceLogs = append(m.ResourceLogs, &logs.ResourceLogs{
			Resource:  &resource.Resource{Attributes: []*common.KeyValue{attribute("service.name", "vigil"), attribute("service.instance.id", sensor)}},
			ScopeLogs: []*logs.ScopeLogs{{Scope: &common.InstrumentationScope{Name: "vigil"}, LogRecords: bySensor[sensor]}},
		})
	}
	dst, err := proto.MarshalOptions{}.MarshalAppend(dst, &m)
	if err != nil { // strings that are no UTF-8, which clean has taken away
		panic(fmt.Sprintf("otlp: %v", err))
	}
	return dst
}

func (w *otlpWriter) record(i *Item) *logs.LogRecord {
	w.table.read(i)
	r := &logs.LogRecord{
		TimeUnixNano: uint64(i.Time), ObservedTimeUnixNano: uint64(w.clock.Now().UnixNano()), SeverityNumber: otlpSeverity(i.Severity),
		SeverityText: i.Severity.String(), EventName: "vigil." + clean(i.kind()), Body: text(string(i.JSON)),
	}
	for k := range otlpRows {
		if v := w.table.value(k); len(v) > 0 {
			r.Attributes = append(r.Attributes, attribute(otlpRows[k].name, string(v)))
		}
	}
	return r
}

func clean(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: clean(s)}}
}

func attribute(name, value string) *common.KeyValue {
	return &common.KeyValue{Key: name, Value: text(value)}
}

// otlpSeverity maps as the log data model does for syslog's informational, notice, warning, critical
// (https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/#appendix-b-severitynumber-example-mappings).
func otlpSeverity(s decode.Severity) logs.SeverityNumber {
	switch s {
	case decode.Low:
		return logs.SeverityNumber_SEVERITY_NUMBER_INFO2
	case decode.Medium:
		return logs.SeverityNumber_SEVERITY_NUMBER_WARN
	case decode.High:
		return logs.SeverityNumber_SEVERITY_NUMBER_ERROR2
	}
	return logs.SeverityNumber_SEVERITY_NUMBER_INFO
}

func (w *otlpWriter) request(ctx context.Context, body []byte) (*http.Request, error) {
	r, err := post(ctx, strings.TrimSuffix(strings.TrimSuffix(w.config.URL, "/"), "/v1/logs")+"/v1/logs", "application/x-protobuf", body)
	if err != nil {
		return nil, err
	}
	for name, value := range w.config.Headers {
		r.Header.Set(name, string(value))
	}
	return r, nil
}

// otlpVerdict is that of OTLP (https://opentelemetry.io/docs/specs/otlp/#failures-1): what it does not name
// must not be sent again. What is wrong with our token or address is mended by people: it waits.
func otlpVerdict(status int) verdict {
	switch status {
	case http.StatusInternalServerError, http.StatusNotImplemented:
		return refuse
	}
	return verdictOf(status)
}

// answer counts what the collector refused. It says how many, not which.
func (w *otlpWriter) answer(_ context.Context, b *batch, from, to int, said []byte) error {
	var a collect.ExportLogsServiceResponse
	if err := proto.Unmarshal(said, &a); err != nil {
		return fmt.Errorf("read the collector's answer: %w", err)
	}
	n := a.GetPartialSuccess().GetRejectedLogRecords()
	if n < 0 || n > int64(to-from) {
		return errors.New("read the collector's answer: it refused more than it got")
	}
	b.deliver(from, to)
	if n == int64(to-from) {
		for i := from; i < to; i++ {
			b.refuse(i, refusedAs("partial success of none"))
		}
		return nil
	}
	b.unnamed += int(n)
	return nil
}
