package sensor

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// collector gives the status as Prometheus metrics, asked for at each scrape.
type collector struct{ s *Sensor }

// Describe sends nothing: which series there are follows from what happens.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect asks the pipeline for its status.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	st, err := c.s.Status(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(prometheus.NewDesc("vigil_up", "Whether the pipeline answers.", nil, nil), err)
		return
	}
	send := func(kind prometheus.ValueType, name, help string, value float64, labels ...string) {
		names := make([]string, 0, len(labels)/2)
		values := make([]string, 0, len(labels)/2)
		for i := 0; i+1 < len(labels); i += 2 {
			names, values = append(names, labels[i]), append(values, labels[i+1])
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("vigil_"+name, help, names, nil), kind, value, values...)
	}
	counter, gauge := prometheus.CounterValue, prometheus.GaugeValue
	for kind, n := range st.Events {
		send(counter, "events_total", "Events told, folded ones counted.", float64(n), "kind", kind)
	}
	for _, l := range st.Lost {
		send(counter, "lost_records_total", "Records that found no room.", float64(l.Records), "kind", l.Kind, "reason", l.Reason)
	}
	for _, q := range st.Queues {
		send(gauge, "ring_size_bytes", "Size of a ring.", float64(q.Size), "ring", q.Name)
		send(gauge, "ring_used_bytes", "Bytes waiting in a ring.", float64(q.Used), "ring", q.Name)
		send(gauge, "ring_peak_bytes", "Most bytes that waited in a ring.", float64(q.Peak), "ring", q.Name)
	}
	send(counter, "records_total", "Records read from the rings.", float64(st.Records))
	send(counter, "alerts_total", "Alerts raised.", float64(st.Alerts))
	send(gauge, "rules", "Rules that events are judged by.", float64(st.Judge.Rules))
	send(gauge, "rules_not_loaded", "Rules that could not be loaded.", float64(st.Judge.Problems))
	send(counter, "forgotten_alerts_total", "Open alerts that made room for others.", float64(st.Judge.ForgottenAlerts))
	send(counter, "forgotten_groups_total", "Groups of correlation rules that made room for others.", float64(st.Judge.ForgottenGroups))
	for outcome, n := range map[string]uint64{"read": st.Samples.Read, "unread": st.Samples.Unread, "no_room": st.Samples.NoRoom} {
		send(counter, "samples_total", "Written files that judges wished to look into.", float64(n), "outcome", outcome)
	}
	send(counter, "damaged_records_total", "Records that did not decode.", float64(st.Damaged))
	send(counter, "reconciliations_total", "Times the process table was brought back to the truth after a loss.", float64(st.Repairs))
	send(gauge, "processes", "Running processes in the table.", float64(st.Table.Live))
	send(gauge, "resident_memory_bytes", "Memory of the sensor, rings included.", float64(st.RSS))
	send(counter, "cpu_seconds_total", "CPU time of the sensor.", st.CPU)
	send(gauge, "uptime_seconds", "Time since the sensor began.", st.Uptime)
	send(gauge, "rules_off", "Rules and behaviours that the server's policy switched off.", float64(st.Judge.Off))
	if u := st.Upstream; u != nil {
		u.collect(func(kind prometheus.ValueType, name, help string, value float64, labels ...string) {
			send(kind, "upstream_"+name, help, value, labels...)
		})
	}
}

// collect gives how shipping fares.
func (u *Upstream) collect(send func(kind prometheus.ValueType, name, help string, value float64, labels ...string)) {
	counter, gauge := prometheus.CounterValue, prometheus.GaugeValue
	send(gauge, "waiting_batches", "Batches on the disk that the server does not have.", float64(u.Waiting))
	send(gauge, "waiting_bytes", "Their bytes.", float64(u.WaitingBytes))
	send(counter, "shipped_batches_total", "Batches that the server acknowledged.", float64(u.Shipped))
	if !u.Acknowledged.IsZero() {
		send(gauge, "last_acknowledgement_timestamp_seconds", "When the server last did.", float64(u.Acknowledged.UnixMilli())/1000)
	}
	send(counter, "lost_events_total", "Events that found no room on the way to the disk.", float64(u.Lost))
	for why, n := range u.Dropped {
		send(counter, "dropped_events_total", "Events that the disk let go of before the server had them.", float64(n), "reason", why)
	}
	send(gauge, "certificate_expires_timestamp_seconds", "When this host must have another certificate.", float64(u.Expires.Unix()))
	send(gauge, "policy_version", "Which version of its policy is followed; 0: none.", float64(u.Version), "policy", u.Policy)
	refused := 0.0
	if u.Refused != "" {
		refused = 1
	}
	send(gauge, "policy_refused", "1 while the newest version is refused.", refused)
}
