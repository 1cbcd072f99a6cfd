package main

import (
	"fmt"
	"maps"
	"slices"
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
	if row("rules", "%d, %d not loaded", st.Judge.Rules, st.Judge.Problems); st.Judge.Off > 0 {
		row("switched off", "%d rules and behaviours, by the policy", st.Judge.Off)
	}
	upstreamRows(row, st.Upstream)
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

// upstreamRows show how what is seen gets to the server.
func upstreamRows(row func(name, format string, a ...any), u *sensor.Upstream) {
	if u == nil {
		row("server", "none: vigil enroll makes this host a sensor of one")
		return
	}
	row("server", "%s, this host is sensor %s", printable(u.Server), printable(u.Sensor))
	if u.Policy == "" {
		row("  policy", "none yet: the host's own settings")
	} else {
		row("  policy", "%s, version %d", printable(u.Policy), u.Version)
	}
	if u.Refused != "" {
		row("  refused", "%s", printable(u.Refused))
	}
	row("  waiting", "%d batches, %.1f MiB%s", u.Waiting, float64(u.WaitingBytes)/(1<<20), since(", the oldest came ", u.Oldest))
	row("  shipped", "%d batches%s", u.Shipped, since(", the last was acknowledged ", u.Acknowledged))
	if u.Lost+u.DroppedAll() == 0 {
		row("  dropped", "nothing")
	} else {
		row("  dropped", "%d events from the disk, %d found no room before it", u.DroppedAll(), u.Lost)
	}
	for _, why := range slices.Sorted(maps.Keys(u.Dropped)) {
		row("    "+printable(why), "%d", u.Dropped[why])
	}
	if u.Error != "" {
		row("  trouble", "%s%s", printable(u.Error), since(", ", u.ErrorAt))
	}
}

// since tells how long ago a time was, behind some words; "" for no time.
func since(words string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return words + max(0, time.Since(t)).Round(time.Second).String() + " ago"
}
