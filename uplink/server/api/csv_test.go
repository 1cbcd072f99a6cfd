package api

import (
	"encoding/csv"
	"strings"
	"testing"

	"vigil/uplink/server/control"
)

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

// Whatever parts cells for who reads it, none begins as a formula.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"plain", "=1+1", "@SUM(A1)", "a;=cmd", "\t=1", "x\r\n-1", "\ufeff=1", "\uff1d1", "\xff", "\"=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var out strings.Builder
		w := csv.NewWriter(&out)
		if err := w.WriteAll([][]string{csvHead(), csvRow(&control.Alert{Title: s, Message: s, Host: s})}); err != nil {
			t.Fatal(err)
		}
		for _, comma := range ",;\t" {
			r := csv.NewReader(strings.NewReader(out.String()))
			r.Comma, r.LazyQuotes, r.FieldsPerRecord = comma, true, -1
			rows, err := r.ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if comma == ',' && (len(rows) != 2 || len(rows[1]) != len(csvHead())) {
				t.Fatalf("%d rows: %q", len(rows), out.String())
			}
			for _, cells := range rows[1:] {
				for _, c := range cells {
					if begun := strings.TrimLeft(c, " "); begun != "" && strings.ContainsAny(begun[:1], "=+-@\t") {
						t.Errorf("cell %q by %q of %q", c, comma, s)
					}
				}
			}
		}
	})
}
