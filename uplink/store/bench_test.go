package store

import (
	"context"
	"testing"
	"time"
)

// BenchmarkIngest is from rows to durable and searchable.
func BenchmarkIngest(b *testing.B) {
	dir := b.TempDir()
	e, err := Open(dir, Settings{})
	if err != nil {
		b.Fatal(err)
	}
	const events = 200_000
	w := newWorld(1, "AAAAAAAAAAAAAAAAAAAAAAAAAA", time.Now().Add(-time.Hour), 10*time.Microsecond)
	rows := make([]Row, events)
	bytes := 0
	for i := range rows {
		rows[i] = w.next()
		bytes += len(rows[i].JSON)
	}
	ctx := context.Background()
	b.ResetTimer()
	var flushing time.Duration
	for range b.N {
		for at := 0; at < events; at += 10 * batchRows {
			if err := e.Add(ctx, rows[at:at+10*batchRows]); err != nil {
				b.Fatal(err)
			}
			if at%100_000 == 90_000 {
				began := time.Now()
				if err := e.Flush(ctx); err != nil {
					b.Fatal(err)
				}
				flushing += time.Since(began)
			}
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(flushing.Seconds()/float64(2*b.N), "s/flush")
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	n, err := diskUse(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/float64(b.N*events), "disk-bytes/event")
	b.ReportMetric(float64(bytes)/events, "JSON-bytes/event")
}
