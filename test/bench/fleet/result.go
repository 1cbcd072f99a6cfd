//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// limits are what a fleet must keep.
type limits struct {
	p99    time.Duration
	memory int64 // MiB
}

// result is what was measured.
type result struct {
	load
	enrolling, settling time.Duration
	events, batches     int // that the sensors made
	bytes               int // of the batches
	tries, refused      int
	took                []time.Duration // from made to acknowledged, sorted
	searchable          []time.Duration // from made to found
	stored, twice, lost int             // events of the store
	losers              []string        // sensors whose events are not each there once
	usage               usage

	store, control, spool int64 // bytes on the disk
}

// collect takes what the sensors know.
func (f *fleet) collect(r *result) {
	for _, s := range f.sensors {
		s.mu.Lock()
		r.events += s.events
		r.batches += int(s.next)
		r.bytes += s.bytes
		r.refused += s.refused
		r.took = append(r.took, s.took...)
		s.mu.Unlock()
		r.tries += int(s.client.Status().Sent)
	}
	slices.Sort(r.took)
	slices.Sort(r.searchable)
}

func (r *result) sizes(data string) (err error) {
	var errs [3]error
	r.store, errs[0] = diskBytes(filepath.Join(data, "store"))
	r.control, errs[1] = diskBytes(filepath.Join(data, "server"))
	r.spool, errs[2] = diskBytes(filepath.Join(data, "spool"))
	return errors.Join(errs[:]...)
}

// of gives what so many of 100 are not above.
func of(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

func quantiles(sorted []time.Duration) string {
	return fmt.Sprintf("%s / %s / %s", ms(of(sorted, 50)), ms(of(sorted, 99)), ms(of(sorted, 100)))
}

func (r *result) print(to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 1, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "| %s\t| %s\t|\n", name, fmt.Sprintf(format, args...))
	}
	row("fleet", "%d sensors for %v, an event a second each; each %v one of %d ships %d at once", r.sensors, r.lasts, r.every, r.share, r.burst)
	fmt.Fprintln(w, "|---\t|---\t|")
	row("events made / stored / lost / twice", "%d / %d / %d / %d", r.events, r.stored, r.lost, r.twice)
	row("batches / tries / refused", "%d / %d / %d", r.batches, r.tries, r.refused)
	row("bytes of batches", "%d, %.1f an event", r.bytes, float64(r.bytes)/float64(max(r.events, 1)))
	row("made to acknowledged, p50 / p99 / most", "%s", quantiles(r.took))
	row("made to found by a search, p50 / p99 / most", "%s, of %d", quantiles(r.searchable), len(r.searchable))
	row("server: memory of its own, most", "%s", mib(r.usage.anon))
	row("server: resident, most", "%s", mib(r.usage.resident))
	row("server: CPU", "%.1f s, %.0f µs an event", r.usage.cpu.Seconds(), r.usage.cpu.Seconds()*1e6/float64(max(r.events, 1)))
	row("fleet: CPU", "%.1f s", r.usage.own.Seconds())
	row("store on disk", "%s, %.1f bytes an event", mib(r.store), float64(r.store)/float64(max(r.stored, 1)))
	row("control state / spool on disk", "%s / %s", mib(r.control), mib(r.spool))
	row("enrolling / until all was stored", "%.1f s / %.1f s", r.enrolling.Seconds(), r.settling.Seconds())
	_ = w.Flush() // who does not read it has gone
}

// check tells what is lost, or above a limit.
func (r *result) check(most limits) error {
	var all []error
	fail := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if r.events == 0 || len(r.took) != r.batches || len(r.searchable) == 0 {
		fail("%d events in %d batches, %d acknowledged, %d found: this measured nothing", r.events, r.batches, len(r.took), len(r.searchable))
	}
	if len(r.losers) != 0 || r.refused != 0 {
		fail("%d events lost, %d stored twice, %d batches refused (%s)", r.lost, r.twice, r.refused, list(r.losers))
	}
	if p99 := of(r.took, 99); p99 > most.p99 {
		fail("99 of 100 batches were acknowledged within %v, the limit is %v", p99, most.p99)
	}
	if r.usage.anon > most.memory<<20 {
		fail("the server took %s, the limit is %d MiB", mib(r.usage.anon), most.memory)
	}
	return errors.Join(all...)
}
