package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strings"
)

// The columns of a CSV of alerts.
var csvRows = [...]row{
	{name: "time", path: "time", as: asTime},
	{name: "first", path: "start_time", as: asTime},
	{name: "last", path: "end_time", as: asTime},
	{name: "count", path: "count"},
	{name: "severity", path: "severity"},
	{name: "status", path: "status"},
	{name: "reason", path: "status_detail"},
	{name: "title", path: "finding_info.title"},
	{name: "rule", path: "finding_info.analytic.uid"},
	{name: "tactic", path: "finding_info.attacks.0.tactic.name"},
	{name: "technique", path: "finding_info.attacks.0.technique.uid"},
	{name: "host", path: "device.hostname"},
	{name: "sensor", path: sensorPath},
	{name: "user", path: "actor.process.user.name"},
	{name: "process", path: "actor.process.file.path"},
	{name: "pid", path: "actor.process.pid"},
	{name: "command", path: "actor.process.cmd_line"},
	{name: "container", path: "actor.process.container.uid"},
	{name: "message", path: "message"},
	{name: "next", path: "remediation.desc"},
	{name: "incident", path: "metadata.correlation_uid"},
	{name: "id", path: "metadata.uid"},
}

// WriteCSV writes alerts as CSV (RFC 4180) with a head line. No cell is a formula to a
// spreadsheet, whatever an attacker called his file.
func WriteCSV(w io.Writer, alerts iter.Seq[Item]) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	cells := make([]string, len(csvRows))
	for k := range csvRows {
		cells[k] = csvRows[k].name
	}
	if err := out.Write(cells); err != nil {
		return fmt.Errorf("write the head line: %w", err)
	}
	t := newReader().table(csvRows[:])
	for i := range alerts {
		t.read(&i)
		for k := range csvRows {
			v := t.value(k)
			if csvRows[k].as == asTime && len(v) > 0 {
				v = appendTime(nil, v)
			}
			cells[k] = harmless(string(v))
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write an alert: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
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
