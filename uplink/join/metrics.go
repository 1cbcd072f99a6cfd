package join

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vigil/uplink/server/api"
	"vigil/uplink/store"
)

// metrics answers Prometheus: what came in, what waits, and what went wrong.
func (v *Server) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(&collector{v}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// collector asks the server's parts at each scrape.
type collector struct{ *Server }

// Describe sends nothing: which series there are follows from what happens.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect asks for what there is.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	send := func(kind prometheus.ValueType, name, help string, value float64, labels ...string) {
		names := make([]string, 0, len(labels)/2)
		values := make([]string, 0, len(labels)/2)
		for i := 0; i+1 < len(labels); i += 2 {
			names, values = append(names, labels[i]), append(values, labels[i+1])
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("vigil_server_"+name, help, names, nil), kind, value, values...)
	}
	counter := func(name, help string, n uint64, labels ...string) {
		send(prometheus.CounterValue, name+"_total", help, float64(n), labels...)
	}
	gauge := func(name, help string, n float64, labels ...string) {
		send(prometheus.GaugeValue, name, help, n, labels...)
	}

	in := c.Receiver.Counts()
	counter("received_batches", "Batches taken from sensors.", in.Batches.Load())
	counter("received_events", "Events in them.", in.Events.Load())
	counter("received_bytes", "Bytes of them.", in.Bytes.Load())
	counter("received_again", "Batches that were here already, and acknowledged again.", in.Replays.Load())
	counter("refused_batches", "Batches that no try gets in.", in.Refused.Load())
	counter("deferred_batches", "Batches that were asked to come again.", in.Deferred.Load())
	d := c.drain.Counts()
	counter("stored_batches", "Batches that are in the store for good.", d.Stored.Load())
	counter("others_batches", "Batches that another server stores.", d.Others.Load())
	counter("broken_batches", "Batches that cannot be decoded, and were let go.", d.Broken.Load())
	counter("store_retries", "Times that the store did not take what the spool has.", d.Retries.Load())
	c.disk(counter, gauge)
	c.exported(counter, gauge)
	if e, ok := c.store.(*store.Embedded); ok {
		s := e.Stats()
		gauge("store_rows", "Rows in the store.", float64(s.Rows))
		gauge("store_bytes", "Bytes of the store.", float64(s.Bytes))
		counter("store_refused_rows", "Rows that the store did not take for their time.", s.Refused)
	}
}

// disk tells of the server's spool.
func (c *collector) disk(counter func(string, string, uint64, ...string), gauge func(string, string, float64, ...string)) {
	s := c.spool.Stats()
	gauge("spool_bytes", "Bytes of the spool on disk.", float64(s.Disk))
	gauge("spool_limit_bytes", "Bytes that it may have.", float64(s.MaxBytes))
	counter("spool_refused_batches", "Batches for which it had no room.", s.Refused.Batches)
	failed := 0.0
	if s.Failure != "" {
		failed = 1
	}
	gauge("spool_failed", "Whether it cannot be written.", failed)
	for class, of := range s.Classes {
		gauge("spool_waiting_batches", "Batches that wait for the store.", float64(of.Waiting.Batches), "class", class)
		gauge("spool_waiting_events", "Events in them.", float64(of.Waiting.Events), "class", class)
		age := 0.0
		if of.Waiting.Batches > 0 {
			age = time.Since(of.Oldest).Seconds()
		}
		gauge("spool_oldest_seconds", "How long the oldest of them has waited.", age, "class", class)
		for reason, n := range of.Dropped {
			counter("spool_dropped_events", "Events that the spool let go of.", n.Events, "class", class, "reason", string(reason))
		}
	}
}

// exported tells of the exports.
func (c *collector) exported(counter func(string, string, uint64, ...string), gauge func(string, string, float64, ...string)) {
	for _, o := range c.exports.outlets() {
		row := o.current()
		s, name := c.exports.Status(row), []string{"export", row.Name}
		counter("export_offered", "Alerts and events that an export's filter let through.", s.Offered, name...)
		counter("export_delivered", "Those that the destination has.", s.Delivered, name...)
		gauge("export_waiting", "Those that wait.", float64(s.Queued), name...)
		for _, l := range s.Losses {
			counter("export_lost", "Those that it will never have.", l.Items, "export", row.Name, "reason", string(l.Reason))
		}
		bad := 0.0
		if s.State == api.ExportFailed || !s.FailingSince.IsZero() {
			bad = 1
		}
		gauge("export_failing", "Whether it does not run, or its last attempt failed.", bad, name...)
	}
}
