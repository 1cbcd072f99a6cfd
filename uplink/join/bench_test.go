package join

import (
	"fmt"
	"runtime/debug"
	"testing"
)

// fullBatch is how many events a busy sensor's batch has (uplink/feed).
const fullBatch = 8192

// BenchmarkServer is the whole way in a server: batches laid into its spool, drained, in
// the store and to be found.
func BenchmarkServer(b *testing.B) {
	for _, c := range []struct{ sensors, each int }{{1, fullBatch}, {20, fullBatch}, {200, 500}} {
		b.Run(fmt.Sprintf("sensors=%d,batch=%d", c.sensors, c.each), func(b *testing.B) {
			const events = 1 << 18
			records := batches(c.sensors, events, c.each)
			n := 0
			for _, r := range records {
				n += len(r)
			}
			w := newWay(b)
			debug.FreeOSMemory()
			most := watch(b)
			cpu := cpuTime(b)
			b.ResetTimer()
			w.take(b, records, c.each, b.N)
			b.StopTimer()
			cpu = cpuTime(b) - cpu
			total := float64(b.N * len(records) * c.each)
			b.ReportMetric(float64(cpu.Nanoseconds())/1e3/total, "cpu-µs/event")
			b.ReportMetric(total/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(most(), "MiB")
			b.ReportMetric(float64(n)*float64(b.N)/total, "B/event")
			if got := w.store.Stats().Rows; got != uint64(total) {
				b.Errorf("%d rows in the store, want %.0f", got, total)
			}
		})
	}
}
