package batch_test

import (
	"fmt"
	"testing"
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
var sizes = [...]int{250, 1000, 4000, 16000}

func benchmarkEncode(b *testing.B, c *capture) {
	b.Log(len(c.events), "events:", c.mixture())
	for _, size := range sizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			e := batch.NewEncoder(c.meta)
			var room []byte
			pass := func() (total int) {
				for i, event := range c.events {
					e.Event(event.record, event.actor)
					if e.Len() == size || i == len(c.events)-1 {
						room = e.Encode(room[:0])
						total += len(room)
					}
				}
				return total
			}
			total := pass()
			b.ReportAllocs()
			for b.Loop() {
				pass()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(c.events)), "ns/event")
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
			for b.Loop() {
				pass()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(c.events)), "ns/event")
			b.ReportMetric(float64(total)/float64(len(c.events)), "B/event")
			b.ReportMetric(float64(plain)/float64(len(c.events)), "plainB/event")
		})
	}
}

func BenchmarkJSONRecording(b *testing.B) { benchmarkJSON(b, recording(b)) }
