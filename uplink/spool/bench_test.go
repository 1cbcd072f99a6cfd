package spool_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"vigil/uplink/batch"
	"vigil/uplink/spool"
)

// Batches of 1,000 events, which have about 14 bytes each, appended, read and released.
const (
	benchmarkEvents = 1000
	benchmarkBytes  = 14 * benchmarkEvents
)

func benchmarkAppend(b *testing.B, policy spool.Sync, writers int) {
	p := open(b, b.TempDir(), spool.Settings{Sync: policy})
	content := make([]byte, benchmarkBytes)
	var room []byte
	b.SetBytes(benchmarkBytes)
	b.ReportAllocs()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	done := make(chan error)
	for range writers {
		go func() {
			for left.Add(-1) >= 0 {
				if _, err := p.Append(batch.Events, benchmarkEvents, content); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for read := 0; read < b.N; {
		e, again, err := p.Next(room[:0])
		room = again
		if err == nil {
			read++
			err = p.Release(e.Sequence)
		} else {
			<-p.Ready()
			err = nil
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for range writers {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*benchmarkEvents/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkThrough is what a sensor or server does: append, read and release at once.
// That Next makes durable what it gives costs a sync for each when it runs close behind.
func BenchmarkThrough(b *testing.B) {
	for _, policy := range []spool.Sync{spool.Interval, spool.Always} {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/%d", policy, writers), func(b *testing.B) { benchmarkAppend(b, policy, writers) })
		}
	}
}

// BenchmarkAppend is the writer alone, at the end with all of it durable.
func BenchmarkAppend(b *testing.B) {
	for _, policy := range []spool.Sync{spool.Interval, spool.Always} {
		b.Run(string(policy), func(b *testing.B) {
			p := open(b, b.TempDir(), spool.Settings{Sync: policy})
			content := make([]byte, benchmarkBytes)
			b.SetBytes(benchmarkBytes)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Append(batch.Events, benchmarkEvents, content); err != nil {
					b.Fatal(err)
				}
			}
			if err := p.Sync(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)*benchmarkEvents/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkOpen is the start of a spool of 256 MiB.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	p := open(b, dir, spool.Settings{})
	content := make([]byte, benchmarkBytes)
	for range (256 << 20) / benchmarkBytes {
		if _, err := p.Append(batch.Events, benchmarkEvents, content); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
	var took time.Duration
	for b.Loop() {
		began := time.Now()
		p, err := spool.Open(dir, spool.Settings{}, quiet())
		if err != nil {
			b.Fatal(err)
		}
		took += time.Since(began)
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "s/open")
}
