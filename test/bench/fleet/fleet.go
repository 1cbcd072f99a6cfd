//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"vigil/decode"
	"vigil/uplink/batch"
)

// patience is how long all may take to be acknowledged, and stored, when the load is over.
const patience = 2 * time.Minute

// fleet is sensors of one server.
type fleet struct {
	load
	server  *server
	dir     string
	meta    decode.Meta
	sensors []*sensor
}

// run enrols the fleet, lets it ship, and waits until the store has what it made.
func (f *fleet) run(ctx context.Context) (*result, error) {
	boot := booted(time.Now())
	f.meta = decode.Meta{BootOffset: boot, Version: "fleet", Host: "fleet", Kernel: "6.12.0", Architecture: "amd64"}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	shipping, over := errgroup.WithContext(ctx)
	r := &result{load: f.load}
	began := time.Now()
	if err := f.enrol(over, shipping, boot); err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	r.enrolling = time.Since(began)
	err := f.measure(over, r)
	stop()
	if ended := shipping.Wait(); ended != nil { // the reason, when it failed
		err = ended
	}
	if err != nil {
		return nil, err
	}
	return r, f.server.stop()
}

// enrol enrols all; each ships from then on.
func (f *fleet) enrol(ctx context.Context, shipping *errgroup.Group, boot int64) error {
	most := 2*int(f.lasts/time.Second) + 16
	f.sensors = make([]*sensor, f.load.sensors)
	tokens := make(chan string, 16)
	enrolling, all := errgroup.WithContext(ctx)
	enrolling.Go(func() error {
		defer close(tokens)
		for range f.sensors {
			var made struct{ Token string }
			if err := f.server.ask(all, "POST", "/v1/enrolments", map[string]any{"note": "fleet", "hours": 1}, &made); err != nil {
				return err
			}
			select {
			case tokens <- made.Token:
			case <-all.Done():
				return all.Err()
			}
		}
		return nil
	})
	next := make(chan int, len(f.sensors))
	for n := range f.sensors {
		next <- n
	}
	for range 4 {
		enrolling.Go(func() error {
			for token := range tokens {
				n := <-next
				s, err := enrolSensor(all, n, f.dir, f.server.sensors, token, boot, most)
				if err != nil {
					return fmt.Errorf("sensor %d: %w", n, err)
				}
				f.sensors[n] = s
				shipping.Go(func() error { return s.client.Run(ctx) })
			}
			return nil
		})
	}
	return enrolling.Wait()
}

func (f *fleet) measure(ctx context.Context, r *result) error {
	usage, err := watchUsage(f.server.cmd.Process.Pid)
	if err != nil {
		return err
	}
	defer func() { _, _ = usage.stop() }() // again, when it went well: what it gave is kept
	searching, ended := context.WithCancel(ctx)
	defer ended()
	found := make(chan error, 1)
	go func() { found <- f.probe(searching, r) }()
	working, loaded := errgroup.WithContext(ctx)
	working.Go(func() error { return f.steady(loaded) })
	working.Go(func() error { return f.bursts(loaded) })
	err = working.Wait()
	ended()
	if failed := <-found; err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	began := time.Now()
	if err := until(ctx, f.acknowledged); err != nil {
		return err
	}
	f.collect(r)
	if err := until(ctx, func(ctx context.Context) (bool, error) { return f.stored(ctx, r) }); err != nil {
		return err
	}
	r.settling = time.Since(began)
	if r.usage, err = usage.stop(); err != nil {
		return err
	}
	return r.sizes(f.server.data)
}

// steady makes an event a second at each sensor, one after the other within the second.
func (f *fleet) steady(ctx context.Context) error {
	const ticks = 200
	e := batch.NewEncoder(f.meta)
	began := time.Now()
	for n := range int(f.lasts / time.Second * ticks) {
		if err := sleep(ctx, time.Until(began.Add(time.Duration(n)*time.Second/ticks))); err != nil {
			return err
		}
		of, at := len(f.sensors), n%ticks
		for _, s := range f.sensors[at*of/ticks : (at+1)*of/ticks] {
			s.put(s.fill(e, 1))
		}
	}
	return nil
}

// bursts makes many events at once at some, each time at others. The batches are made
// before: to make them takes this process longer than a burst.
func (f *fleet) bursts(ctx context.Context) error {
	e := batch.NewEncoder(f.meta)
	began := time.Now()
	for n := 1; time.Duration(n)*f.every < f.lasts; n++ {
		var puts []func()
		for i := n % f.share; i < len(f.sensors); i += f.share {
			s := f.sensors[i]
			b := s.fill(e, f.burst)
			puts = append(puts, func() { s.put(b) })
			if err := sleep(ctx, f.every/time.Duration(2*len(f.sensors)/f.share+1)); err != nil {
				return err
			}
		}
		if err := sleep(ctx, time.Until(began.Add(time.Duration(n)*f.every))); err != nil {
			return err
		}
		for _, put := range puts {
			put()
		}
	}
	return nil
}

func (f *fleet) acknowledged(context.Context) (bool, error) {
	for _, s := range f.sensors {
		if s.waits() > 0 {
			return false, nil
		}
	}
	return true, nil
}

// stored asks the store what it has of each sensor: so many rows, and their sequences and
// places in batches together, which are others when one is there twice and another is not.
func (f *fleet) stored(ctx context.Context, r *result) (bool, error) {
	var found struct {
		Events []struct {
			Sensor string
			Event  sums
		}
	}
	const query = "* | stats by (vigil.sensor) count() rows, sum(vigil.sequence) sequences, sum(vigil.index) places"
	if err := f.server.search(ctx, query, &found); err != nil {
		return false, err
	}
	has := map[string]sums{}
	for _, s := range found.Events {
		has[s.Sensor] = s.Event
	}
	r.stored, r.lost, r.twice, r.losers = 0, 0, 0, nil
	for _, s := range f.sensors {
		got := has[s.client.Sensor()]
		r.stored += got.Rows
		r.lost += max(0, s.events-got.Rows)
		r.twice += max(0, got.Rows-s.events)
		if want := (sums{s.events, s.sequences, s.places}); got != want {
			r.losers = append(r.losers, fmt.Sprintf("%s has %v, not %v", s.client.Sensor(), got, want))
		}
	}
	return len(r.losers) == 0, nil
}

// sums are of a sensor's rows.
type sums struct {
	Rows, Sequences, Places int `json:",string"`
}

// until waits until something is, or for as long as patience lasts: the result tells then.
func until(ctx context.Context, is func(context.Context) (bool, error)) error {
	for end := time.Now().Add(patience); ; {
		if ok, err := is(ctx); ok || err != nil || time.Now().After(end) {
			return err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func list(all []string) string { return strings.Join(all[:min(len(all), 5)], ", ") }
