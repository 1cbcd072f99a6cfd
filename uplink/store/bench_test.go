package store

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// cpuTime is what this process has used of processors, all together: what others on the
// machine do changes it little.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory is a line of /proc/self/status, in MiB: RssAnon is without the files that are mapped.
func memory(tb testing.TB, line string) float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), line+":"); ok {
			var kib float64
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				tb.Fatal(err)
			}
			return kib / 1024
		}
	}
	tb.Fatalf("no %s", line)
	return 0
}

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
	before := memory(b, "RssAnon")
	most := before
	b.ResetTimer()
	cpu := cpuTime(b)
	var flushing time.Duration
	for range b.N {
		for at := 0; at < events; at += 10 * batchRows {
			var g errgroup.Group // as many as there are processors
			for i := range 2 {
				g.Go(func() error { return e.Add(ctx, rows[at+i*5*batchRows:at+(i+1)*5*batchRows]) })
			}
			if err := g.Wait(); err != nil {
				b.Fatal(err)
			}
			most = max(most, memory(b, "RssAnon"))
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
	cpu = cpuTime(b) - cpu
	b.ReportMetric(float64(cpu.Microseconds())/(float64(b.N)*events), "cpu-µs/event")
	b.ReportMetric(most-before, "MiB-more")
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

// diskUse adds up the files below a directory.
func diskUse(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}
