package rules

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// behaviours are the findings of detect/behavior that answer an alert of
// Defender, by their identifier. Siblings never import each other: that each is
// there is read from the other's source.
func behaviours() map[string]string {
	return map[string]string{
		"vigil-ransomware":             "Behavior similar to ransomware detected",
		"vigil-intelligence-domain":    "Communication with suspicious domain identified by threat intelligence",
		"vigil-intelligence-download":  "Detected file download from a known malicious source",
		"vigil-anomalous-case":         "Detected anomalous mix of upper and lower case characters in command line",
		"vigil-mining":                 "Digital currency mining related behavior detected",
		"vigil-brute-force-failed":     "Failed SSH brute force attack",
		"vigil-brute-force-successful": "Successful SSH brute force attack",
		"vigil-download-execute":       "Possible backdoor detected",
		"vigil-web-shell":              "Possible malicious web shell detected",
		"vigil-beacon":                 "Detected suspicious network activity",
	}
}

// defender gives the Linux alerts of Defender; it skips the test where the
// reference, which is no part of the project, is not at hand.
func defender(t *testing.T) map[string]bool {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	shared := os.Getenv("VIGIL_SHARED")
	for dir := root; shared == "" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "shared", "reference")); err == nil {
			shared = filepath.Join(filepath.Dir(dir), "shared")
		}
	}
	text, err := os.ReadFile(filepath.Join(shared, "reference", "defender-alerts.tsv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no shared/reference/defender-alerts.tsv beside the project or a folder above it, nor below VIGIL_SHARED")
	} else if err != nil {
		t.Fatal(err)
	}
	alerts := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if column := strings.Split(line, "\t"); column[0] == "linux" && len(column) > 2 {
			alerts[column[2]] = false
		}
	}
	if len(alerts) == 0 {
		t.Fatal("the table names no alert of linux")
	}
	return alerts
}

// TestCoverage: each Linux alert of Defender is answered by a rule or a behaviour.
func TestCoverage(t *testing.T) {
	alerts := defender(t)
	answer := func(who, alert string) {
		if _, known := alerts[alert]; !known {
			t.Errorf("%s answers %q, which Defender has not", who, alert)
		}
		alerts[alert] = true
	}
	for _, f := range load(t) {
		if f.Vigil.Defender != "" {
			answer(f.path, f.Vigil.Defender)
		}
	}
	for rule, alert := range behaviours() {
		answer(rule, alert)
	}
	for alert, answered := range alerts {
		if !answered {
			t.Errorf("no rule or behaviour answers %q", alert)
		}
	}
}

// TestBehavioursExist: what the coverage counts on stands in detect/behavior.
func TestBehavioursExist(t *testing.T) {
	names, err := filepath.Glob("../behavior/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	for rule := range behaviours() {
		if !strings.Contains(source.String(), `"`+rule+`"`) {
			t.Errorf("detect/behavior has no finding %s", rule)
		}
	}
}
