package export

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"vigil/decode"

	collect "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
)

// otlpTake reads a request as a collector does; refuse says how many it refuses.
func otlpTake(t *testing.T, see func(*logs.ResourceLogs), refuse func(n int) int) func(*http.Request, []byte) ([]byte, int, string) {
	return func(r *http.Request, body []byte) (got []byte, status int, answer string) {
		var m collect.ExportLogsServiceRequest
		if err := proto.Unmarshal(body, &m); err != nil || r.URL.Path != "/v1/logs" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s: %v", r.URL.Path, err)
			return nil, http.StatusBadRequest, ""
		}
		if r.Header.Get("Authorization") != "Bearer otlp-secret" {
			return nil, http.StatusUnauthorized, ""
		}
		n := 0
		for _, one := range m.ResourceLogs {
			n += len(one.ScopeLogs[0].LogRecords)
		}
		no := refuse(n)
		var a collect.ExportLogsServiceResponse
		if no > 0 {
			a.PartialSuccess = &collect.ExportLogsPartialSuccess{RejectedLogRecords: int64(no), ErrorMessage: "no room"}
		}
		for _, one := range m.ResourceLogs {
			see(one)
			for _, record := range one.ScopeLogs[0].LogRecords {
				if no--; no < 0 {
					got = append(got, record.Body.GetStringValue()...)
				}
			}
		}
		said, err := proto.Marshal(&a)
		if err != nil {
			t.Error(err)
		}
		return got, http.StatusOK, string(said)
	}
}

func otlpConfig(t *testing.T, c *collector) Config {
	return Config{OTLP: &OTLP{URL: c.URL, Headers: map[string]Secret{"Authorization": "Bearer otlp-secret"}, TLS: c.trust(t)}}
}

func none(int) int { return 0 }

func TestOTLP(t *testing.T) {
	c := newCollector(t, append(everyMood(), rubbish), otlpTake(t, func(*logs.ResourceLogs) {}, none))
	survives(t, otlpConfig(t, c), c.numbers, false)
}

// What the collector says it refused is counted, and never sent again.
func TestOTLPPartialSuccess(t *testing.T) {
	c := newCollector(t, nil, otlpTake(t, func(*logs.ResourceLogs) {}, func(n int) int { return n / 5 }))
	config := otlpConfig(t, c)
	config.Batch.Items = 50
	r := start(t, config)
	for k := range 200 {
		r.Offer(numbered(k))
	}
	r.settle()
	s := r.end()
	whole(t, s, c.numbers(), 200, true)
	if n := lost(s, ReasonUnnamed); n == 0 || n != s.Undelivered || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

func TestOTLPRefusedWhole(t *testing.T) {
	c := newCollector(t, nil, otlpTake(t, func(*logs.ResourceLogs) {}, func(n int) int { return n }))
	r := start(t, otlpConfig(t, c))
	for k := range 20 {
		r.Offer(numbered(k))
	}
	r.settle()
	if s := r.end(); s.Undelivered != 20 || s.Delivered != 0 || len(c.numbers()) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestOTLPRecord(t *testing.T) {
	seen := map[string][]*logs.LogRecord{}
	c := newCollector(t, nil, otlpTake(t, func(one *logs.ResourceLogs) {
		attributes := one.Resource.Attributes
		sensor := attributes[len(attributes)-1].Value.GetStringValue()
		seen[sensor] = append(seen[sensor], one.ScopeLogs[0].LogRecords...)
	}, none))
	config := otlpConfig(t, c)
	config.Batch.Items = 3 // all in one
	r := start(t, config)
	a, other, broken := alert("Web shell"), event(decode.KindConnect), event(decode.KindExec)
	other.Sensor, broken.Sensor = "other", "no \xff UTF-8"
	r.Offer(a)
	r.Offer(other)
	r.Offer(broken)
	r.settle()
	r.end()
	if len(seen) != 3 || len(seen["no \ufffd UTF-8"]) != 1 || len(seen["other"]) != 1 {
		t.Fatalf("by sensor: %v", seen)
	}
	got := seen[sensorID][0]
	if got.TimeUnixNano != uint64(a.Time) || got.SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_ERROR2 || got.SeverityText != "High" ||
		got.EventName != "vigil.alert" || got.Body.GetStringValue() != string(a.JSON) {
		t.Errorf("record: %v", got)
	}
	text := strings.ReplaceAll(got.String(), "  ", " ")
	for _, want := range []string{"T1505.003", "vigil-web-shell", "/usr/sbin/php-fpm"} {
		if !strings.Contains(text[strings.Index(text, "attributes"):], want) {
			t.Errorf("no attribute has %s: %s", want, text)
		}
	}
}
