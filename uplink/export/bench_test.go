package export

import (
	"testing"

	"vigil/decode"
)

// formats are what writes an item, by name.
func formats() map[string]func([]byte, *Item) []byte {
	splunk := &splunkWriter{fixed: `,"source":"vigil"`}
	elastic := &elasticWriter{ecs: newECS(false)}
	sentinel := &sentinelWriter{table: newReader().table(sentinelRows[:])}
	items := make([]Item, 1)
	one := func(body func([]byte, []Item) []byte) func([]byte, *Item) []byte {
		return func(dst []byte, i *Item) []byte {
			items[0] = *i
			return body(dst, items)
		}
	}
	return map[string]func([]byte, *Item) []byte{
		"ecs": newECS(false).append, "rfc5424": newRFC5424(formatFields, 16, 1).append,
		"cef": newRFC5424(formatCEF, 16, 1).append, "splunk": one(splunk.body), "elastic-bulk": one(elastic.body), "sentinel": one(sentinel.body),
		"webhook": one(appendArray),
	}
}

func BenchmarkFormat(b *testing.B) {
	e, a := event(decode.KindExec), alert("Web shell")
	for name, write := range formats() {
		for kind, i := range map[string]*Item{"exec": &e, "alert": &a} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				dst := make([]byte, 0, 1<<16)
				b.SetBytes(int64(len(i.JSON)))
				b.ReportAllocs()
				for b.Loop() {
					dst = write(dst[:0], i)
				}
			})
		}
	}
}

func BenchmarkOTLP(b *testing.B) {
	w := &otlpWriter{clock: newQuick(), table: newReader().table(otlpRows[:])}
	items := make([]Item, 100)
	for k := range items {
		items[k] = event(decode.KindExec)
	}
	var dst []byte
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		dst = w.body(dst[:0], items)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(items)), "ns/item")
}

func BenchmarkWellFormed(b *testing.B) {
	i := event(decode.KindExec)
	b.SetBytes(int64(len(i.JSON)))
	for b.Loop() {
		if !i.wellFormed() {
			b.Fatal("is not")
		}
	}
}

// BenchmarkOffer is what an export costs ingest, its destination hanging.
func BenchmarkOffer(b *testing.B) {
	_, log := newLog()
	e := newExporter(Config{Name: "x", Queue: Queue{Items: 4096}}.withDefaults(), &shelf{}, Services{Log: log, Clock: systemClock{}})
	i := event(decode.KindExec)
	b.ReportAllocs()
	for b.Loop() {
		e.Offer(i)
	}
}

func TestFormatsAllocateNothing(t *testing.T) {
	dst := make([]byte, 0, 1<<16)
	for name, write := range formats() {
		for _, i := range samples() {
			if n := testing.AllocsPerRun(10, func() { dst = write(dst[:0], &i) }); n != 0 {
				t.Errorf("%s of %s: %v allocations", name, i.kind(), n)
				break
			}
		}
	}
}
