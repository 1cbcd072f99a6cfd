package main

import (
	"fmt"
	"sort"
	"text/tabwriter"
	"time"

	"vigil/sensor"
)

type statusCommand struct {
	socketFlag
	JSON bool `name:"json" help:"As JSON."`
}

// Run shows how the sensor is.
func (s *statusCommand) Run(c *console) error {
	var st sensor.Status
	if err := s.getJSON(c.ctx, "/status", &st); err != nil {
		return err
	}
	if s.JSON {
		return printJSON(c.out, st)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	row := func(name, format string, a ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, a...)) }
	row("sensor", "%s, pid %d, scope %s", printable(st.Version), st.PID, printable(st.Scope))
	row("uptime", "%s", time.Duration(st.Uptime*float64(time.Second)).Round(time.Second))
	row("cpu", "%.2f s, %.2f %% of one CPU", st.CPU, st.CPUShare)
	row("memory", "%.1f MiB", float64(st.RSS)/(1<<20))
	row("records", "%d, %.1f MiB", st.Records, float64(st.Bytes)/(1<<20))
	row("alerts", "%d", st.Alerts)
	row("rules", "%d, %d not loaded", st.Judge.Rules, st.Judge.Problems)
	if n := st.Judge.ForgottenAlerts + st.Judge.ForgottenGroups; n > 0 {
		row("forgotten", "%d open alerts, %d groups of correlation rules: they made room for others", st.Judge.ForgottenAlerts, st.Judge.ForgottenGroups)
	}
	if n := st.Samples; n.Read+n.Unread+n.NoRoom > 0 {
		row("samples", "%d written files looked into, %d could not be, %d found no room", n.Read, n.Unread, n.NoRoom)
	}
	row("processes", "%d running, %d ended", st.Table.Live, st.Table.Dead)
	for _, q := range st.Queues {
		row("ring "+q.Name, "%d of %d KiB used, most %d KiB", q.Used>>10, q.Size>>10, q.Peak>>10)
	}
	if st.LostAll == 0 && st.Damaged == 0 {
		row("lost", "nothing")
	} else {
		row("lost", "%d records, %d damaged, process table reconciled %d times", st.LostAll, st.Damaged, st.Repairs)
	}
	for _, l := range st.Lost {
		row("  "+l.Kind, "%d, %s", l.Records, l.Reason)
	}
	kinds := make([]string, 0, len(st.Events))
	for k := range st.Events {
		kinds = append(kinds, k)
	}
	sort.Strings(kinds)
	row("events", "")
	for _, k := range kinds {
		row("  "+k, "%d", st.Events[k])
	}
	return w.Flush()
}
