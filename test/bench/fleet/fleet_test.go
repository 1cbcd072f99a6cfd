//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"vigil/test/build"
)

// A small fleet: what it ships is stored once, and the server stays small. That it is fast
// is for make bench-fleet to say, on a machine where little else runs.
func TestSmallFleet(t *testing.T) {
	r, err := measure(t.Context(), build.Vigil(t), load{sensors: 100, lasts: 10 * time.Second, every: 4 * time.Second, share: 10, burst: 200})
	if err != nil {
		t.Fatal(err)
	}
	r.print(t.Output())
	if want := 100*10 + 2*10*200; r.events != want || r.batches != 100*10+2*10 {
		t.Errorf("%d events in %d batches were made, want %d", r.events, r.batches, want)
	}
	if err := r.check(limits{p99: patience, memory: 300}); err != nil {
		t.Error(err)
	}
}

// What fails a fleet does.
func TestCheck(t *testing.T) {
	good := func() *result {
		return &result{events: 2, batches: 2, stored: 2, took: []time.Duration{1, 2}, searchable: []time.Duration{1}, usage: usage{anon: 1 << 20}}
	}
	most := limits{p99: time.Second, memory: 1}
	if err := good().check(most); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*result){
		"measured nothing":  func(r *result) { r.took = r.took[:1] },
		"1 events lost":     func(r *result) { r.lost, r.losers = 1, []string{"x"} },
		"1 stored twice":    func(r *result) { r.twice, r.losers = 1, []string{"x"} },
		"(x has others)":    func(r *result) { r.losers = []string{"x has others"} },
		"1 batches refused": func(r *result) { r.refused = 1 },
		"the limit is 1s":   func(r *result) { r.took[1] = time.Minute },
		"the limit is 1 Mi": func(r *result) { r.usage.anon++ },
	} {
		r := good()
		change(r)
		if err := r.check(most); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
