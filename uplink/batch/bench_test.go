package batch_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/klauspost/compress/zstd"

	"vigil/decode"
	"vigil/uplink/batch"
)

func percent(n, of int) string { return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of)) }

// aligned copies b to where decode.Decode takes it.
func aligned(b []byte) []byte {
	words := make([]uint64, len(b)/8+1)
	out := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(b))
	copy(out, b)
	return out
}

// sizes are how many events are in a block.
var sizes = [...]int{100, 250, 1000, 4000, 8192, 16000}

func least(best *time.Duration, t time.Duration) {
	if *best == 0 || t < *best {
		*best = t
	}
}

// cost runs a pass over so many events and reports what one took of the processor.
func cost(b *testing.B, events int, pass func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := worked()
	for b.Loop() {
		pass()
	}
	b.ReportMetric(float64((worked()-began).Nanoseconds())/float64(b.N*events), "cpu-ns/event")
}

func benchmarkEncode(b *testing.B, c *capture) {
	b.Log(len(c.events), "events:", c.mixture())
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			e := batch.NewEncoder(c.meta)
			var room []byte
			best := make([][2]time.Duration, len(c.events)/size+1)
			pass := func() (total int) {
				for i, n := 0, 0; i < len(c.events); i, n = i+size, n+1 {
					began := time.Now()
					for _, event := range c.events[i:min(i+size, len(c.events))] {
						e.Event(event.record, event.actor)
					}
					gathered := time.Now()
					room = e.Encode(room[:0])
					least(&best[n][0], gathered.Sub(began))
					least(&best[n][1], time.Since(gathered))
					total += len(room)
				}
				return total
			}
			total := pass()
			b.ReportAllocs()
			cost(b, len(c.events), func() { pass() })
			var sum [2]time.Duration
			for _, t := range best {
				sum[0], sum[1] = sum[0]+t[0], sum[1]+t[1]
			}
			b.ReportMetric(float64(sum[0].Nanoseconds())/float64(len(c.events)), "best-event-ns/event")
			b.ReportMetric(float64(sum[1].Nanoseconds())/float64(len(c.events)), "best-encode-ns/event")
			b.ReportMetric(float64(total)/float64(len(c.events)), "B/event")
		})
	}
}

func BenchmarkEncodeRecording(b *testing.B) { benchmarkEncode(b, recording(b)) }

func benchmarkJSON(b *testing.B, c *capture) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var lines, room []byte
			pass := func() (total, plain int) {
				for i, event := range c.events {
					lines = append(decode.AppendJSON(lines, event.record, event.actor), '\n')
					if (i+1)%size == 0 || i == len(c.events)-1 {
						room = z.EncodeAll(lines, room[:0])
						total, plain = total+len(room), plain+len(lines)
						lines = lines[:0]
					}
				}
				return total, plain
			}
			total, plain := pass()
			cost(b, len(c.events), func() { pass() })
			b.ReportMetric(float64(total)/float64(len(c.events)), "B/event")
			b.ReportMetric(float64(plain)/float64(len(c.events)), "plainB/event")
		})
	}
}

func BenchmarkJSONRecording(b *testing.B) { benchmarkJSON(b, recording(b)) }

// benchmarked is how many events the mixture has.
const benchmarked = 48_000

func BenchmarkEncodeMixture(b *testing.B) { benchmarkEncode(b, mixed(b, benchmarked)) }

func BenchmarkJSONMixture(b *testing.B) { benchmarkJSON(b, mixed(b, benchmarked)) }

// BenchmarkOpen is what the server does before it takes a block: all but the events.
func BenchmarkOpen(b *testing.B) {
	c := mixed(b, 4000)
	block := encode(c)
	b.ReportAllocs()
	cost(b, len(c.events), func() {
		if _, err := batch.Decode(block, batch.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	c := mixed(b, 4000)
	block := encode(c)
	b.ReportAllocs()
	cost(b, len(c.events), func() {
		opened, err := batch.Decode(block, batch.DefaultLimits())
		if err == nil {
			err = opened.Events(func(decode.Record, *decode.Actor) bool { return true })
		}
		if err != nil {
			b.Fatal(err)
		}
	})
}
