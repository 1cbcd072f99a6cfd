package api

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vigil/decode"
	"vigil/uplink/server/control"
)

// One download has at most so many rows; they are read a page at a time.
const (
	csvRows = 100_000
	csvPage = 1000
)

func csvHead() []string {
	return []string{"id", "first", "last", "count", "severity", "status", "reason", "assignee", "rule", "title", "technique", "host", "sensor", "process", "incident", "message"}
}

func (a *API) alertsCSV(c *call) (any, error) {
	f, err := c.alertFilter()
	if err != nil {
		return nil, err
	}
	f.Limit = csvPage
	page, err := a.State.Alerts(c.q.Context(), f)
	if err != nil {
		return nil, err
	}
	c.done = true
	c.w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	c.w.Header().Set("Content-Disposition", `attachment; filename="alerts.csv"`)
	c.w.WriteHeader(http.StatusOK)
	w := csv.NewWriter(c.w)
	w.UseCRLF = true // RFC 4180
	if err := w.Write(csvHead()); err != nil {
		return nil, err
	}
	for n := 0; len(page) > 0 && n < csvRows; n += csvPage {
		for i := range page {
			if err := w.Write(csvRow(&page[i])); err != nil {
				return nil, err
			}
		}
		if len(page) < csvPage {
			break
		}
		f.Before = page[len(page)-1].ID
		if page, err = a.State.Alerts(c.q.Context(), f); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return nil, w.Error()
}

func csvRow(v *control.Alert) []string {
	cells := []string{
		v.ID, v.First.Format(time.RFC3339Nano), v.Last.Format(time.RFC3339Nano), strconv.FormatUint(v.Count, 10), decode.Severity(v.Severity).String(), v.Status, v.Reason,
		v.Assignee, v.Rule, v.Title, v.Technique, v.Host, v.Sensor, v.Process, v.Incident, v.Message,
	}
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	return cells
}

// harmless puts an apostrophe before what makes a spreadsheet compute, at the beginning
// of a cell and wherever one that takes semicolons or tabs for the ends of cells would
// see a beginning (https://owasp.org/www-community/attacks/CSV_Injection).
func harmless(cell string) string {
	cell = strings.Map(func(r rune) rune {
		if r == '\r' || r == '\t' || r == '\n' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(cell, "\ufffd"))
	parts := strings.Split(cell, ";")
	for i, p := range parts {
		if begun := strings.TrimLeft(p, " \"'\u00a0\u3000"); begun != "" && strings.ContainsRune("=+-@|%\uff1d\uff0b\uff0d\uff20", firstRune(begun)) {
			parts[i] = "'" + p
		}
	}
	return strings.Join(parts, ";")
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}
