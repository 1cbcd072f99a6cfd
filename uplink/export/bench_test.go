package export

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"vigil/decode"
	wire "vigil/uplink/batch"
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

// BenchmarkOffer is what an export costs ingest, its destination hanging: a block of
// 1,000 events as a sensor encodes them.
func BenchmarkOffer(b *testing.B) {
	log := newBacklog(b, Queue{})
	block := make([]byte, 17_000)
	for b.Loop() {
		log.Offer(wire.Events, 1000, block)
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

// BenchmarkDeliver is the whole way: offered, queued, checked, written, confirmed.
func BenchmarkDeliver(b *testing.B) {
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"code":0}`)
	}))
	defer sink.Close()
	i := event(decode.KindExec)
	for name, c := range map[string]Config{
		"file": {File: &File{Path: filepath.Join(b.TempDir(), "x")}}, "splunk": {Splunk: &Splunk{URL: sink.URL, Token: "x"}},
		"webhook": {Webhook: &Webhook{URL: Secret(sink.URL), Key: hookKey}},
	} {
		b.Run(name, func(b *testing.B) {
			c.Name, c.Grace = name, time.Minute
			_, log := newLog()
			backlog := newBacklog(b, Queue{})
			e, err := New(c, backlog, Services{Log: log})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan error)
			go func() { done <- e.Run(ctx) }()
			n := 0
			many := make([]Item, 1000)
			for k := range many {
				many[k] = i
			}
			for b.Loop() {
				offer(backlog, many...)
				n += len(many)
			}
			for backlog.Status().Queued > 0 {
				time.Sleep(time.Millisecond)
			}
			cancel()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			if s := backlog.Status(); s.Delivered != uint64(n) {
				b.Fatalf("%+v", s)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "items/s")
		})
	}
}
