//go:build linux

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"
)

// probe looks again and again for the event that a sensor made just now, and keeps how
// long it took until it was found, until the context ends. It asks the way around an
// event, as the console does.
func (f *fleet) probe(ctx context.Context, r *result) error {
	const pause = 50 * time.Millisecond // between looks: what was found was there so much before at most
	for {
		s := f.sensors[rand.IntN(len(f.sensors))]
		var b madeBatch
		select {
		case b = <-s.watch():
		case <-ctx.Done():
			return nil
		}
		for found := false; !found; {
			var err error
			if found, err = f.finds(ctx, s, b); err != nil || sleep(ctx, pause) != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			if found {
				r.searchable = append(r.searchable, time.Since(b.at)-pause)
			}
		}
	}
}

func (f *fleet) finds(ctx context.Context, s *sensor, b madeBatch) (bool, error) {
	var around struct {
		Events []struct {
			Event struct {
				Vigil struct{ Epoch, Sequence string } `json:"vigil"`
			}
		}
		More bool
	}
	at := url.Values{"at": {b.at.UTC().Format(time.RFC3339Nano)}, "span": {"500ms"}, "limit": {"2000"}}
	if err := f.server.ask(ctx, "GET", "/v1/sensors/"+s.client.Sensor()+"/timeline?"+at.Encode(), nil, &around); err != nil {
		return false, err
	}
	for _, e := range around.Events {
		if e.Event.Vigil.Sequence == strconv.FormatUint(b.sequence, 10) && e.Event.Vigil.Epoch == strconv.FormatUint(s.epoch, 10) {
			return true, nil
		}
	}
	if around.More {
		return false, errors.New("too much around an event to find it")
	}
	return false, nil
}

// search asks the store.
func (s *server) search(ctx context.Context, query string, answer any) error {
	return s.ask(ctx, "GET", "/v1/events?"+url.Values{"query": {query}, "limit": {"5000"}}.Encode(), nil, answer)
}
