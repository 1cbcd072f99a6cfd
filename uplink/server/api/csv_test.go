package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestCSV(t *testing.T) {
	var out bytes.Buffer
	if err := WriteCSV(&out, slices.Values([]Item{alert("=HYPERLINK(\"http://evil\")"), alert("quiet, \"quoted\"")})); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v: %q", err, rows)
	}
	got := map[string]string{}
	for k, name := range rows[0] {
		got[name] = rows[1][k]
	}
	for name, want := range map[string]string{
		"time": "2026-01-02T03:04:05.678Z", "severity": "High", "title": `'=HYPERLINK("http://evil")`, "technique": "T1505.003", "tactic": "Persistence", "host": "web1",
		"sensor": sensorID, "command": `php-fpm 'a=b|c' <x> \ `, "count": "10", "id": "alert-1", "incident": "alert-0", "status": "New",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if title := rows[2][slices.Index(rows[0], "title")]; title != `quiet, "quoted"` {
		t.Errorf("title %q", title)
	}
}

func TestHarmless(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "plain": "plain", "a=b": "a=b", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": "' =1", " =1": "' =1", "\r\n=1": "'  =1",
		"a;=1": "a;'=1", "a\t=1": "a =1", "\uff1d1": "'\uff1d1", "x;y;-z": "x;y;'-z", "\"=1": "'\"=1", "/usr/bin/x": "/usr/bin/x",
	} {
		if got := harmless(cell); got != want {
			t.Errorf("%q became %q, want %q", cell, got, want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestCSVTellsOfErrors(t *testing.T) {
	err := WriteCSV(full{}, slices.Values(slices.Repeat([]Item{alert("x")}, 100)))
	if err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("%v", err)
	}
}
