package sensor

import (
	"encoding/json"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
	"vigil/detect"
)

// An alert's line says once how bad it is, and what to do; that of an event which
// nobody judged is of no account.
func TestAppendEvent(t *testing.T) {
	finding := &detect.Finding{
		Rule: "vigil-test", Title: `A "title"`, Severity: decode.High, Technique: "T1620", Next: `Look at the file's "owner".`,
	}
	for _, c := range []struct {
		name     string
		finding  *detect.Finding
		severity decode.Severity
		want     string // of the members that come from the finding
	}{
		{"judged", finding, decode.High, `"finding_info":{"uid":"vigil-test","title":"A \"title\"","attacks":[{"technique":{"uid":"T1620"}}]},` +
			`"remediation":{"desc":"Look at the file's \"owner\"."}}` + "\n"},
		{"not judged", nil, decode.Informational, "}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := decode.Decode(recordtest.Sample(decode.KindExec))
			if err != nil {
				t.Fatal(err)
			}
			line := string(AppendEvent(nil, &Event{Record: r, Finding: c.finding}))
			var got struct {
				ID   decode.Severity `json:"severity_id"`
				Name string          `json:"severity"`
			}
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if got.ID != c.severity || got.Name != c.severity.String() || strings.Count(line, `"severity`) != 2 {
				t.Errorf("severity %d, %q, want %d: %s", got.ID, got.Name, c.severity, line)
			}
			if !strings.HasSuffix(line, c.want) || strings.Contains(line, "finding_info") != (c.finding != nil) {
				t.Errorf("%s\nwant it to end with %s", line, c.want)
			}
		})
	}
}
