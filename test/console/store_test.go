package console

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigil/uplink/server/api"
)

// store is a store of events in memory: it finds words and phrases, which is as much of
// LogsQL as the walk asks.
type store struct {
	all   []api.Event              // by time
	trees map[string][]api.Process // by sensor
}

func (s *store) matches(q api.Query, e api.Event) bool {
	if !q.From.IsZero() && e.Time.Before(q.From) || !q.To.IsZero() && !e.Time.Before(q.To) {
		return false
	}
	text := strings.Trim(q.Text, `"`)
	return q.Text == "*" || bytes.Contains(e.Event, []byte(text))
}

func (s *store) Search(_ context.Context, q api.Query, each func(api.Event) error) error {
	if strings.Contains(q.Text, "((") {
		return fmt.Errorf("unexpected end at 3: %w", api.ErrQuery)
	}
	left := q.Limit
	for _, e := range slices.Backward(s.all) {
		if left == 0 || !s.matches(q, e) {
			continue
		}
		left--
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) Histogram(_ context.Context, q api.Query, step time.Duration) ([]api.Bucket, error) {
	type key struct {
		at   time.Time
		kind string
	}
	counts := map[key]uint64{}
	for _, e := range s.all {
		if s.matches(q, e) {
			counts[key{e.Time.Truncate(step), e.Kind}]++
		}
	}
	var out []api.Bucket
	for k, n := range counts {
		out = append(out, api.Bucket{Time: k.at, Kind: k.kind, Count: n})
	}
	return out, nil
}

func (s *store) Tree(_ context.Context, sensor, _ string, most int) (api.Tree, error) {
	all := s.trees[sensor]
	n := min(most, len(all))
	return api.Tree{Processes: all[:n], More: n < len(all)}, nil
}

func (s *store) Around(_ context.Context, a api.Around, each func(api.Event) error) error {
	left := a.Limit
	for _, e := range s.all {
		if left == 0 || e.Sensor != a.Sensor || e.Time.Sub(a.At).Abs() > a.Span || a.ExecID != "" && !bytes.Contains(e.Event, []byte(a.ExecID)) {
			continue
		}
		left--
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}
