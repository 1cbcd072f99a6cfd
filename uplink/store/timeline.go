package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// AroundQuery asks for what happened on a sensor before and after a moment.
type AroundQuery struct {
	Sensor  string
	Time    time.Time
	Within  time.Duration // to each side; 0: five minutes
	ExecIDs []string      // only what these processes did, or what was done to them; none: all
	Rows    int           // to each side; 0: 100
}

// Around gives a timeline, the earliest first: the rows that are nearest to a moment.
func Around(ctx context.Context, s Store, q AroundQuery) ([]Result, error) {
	q.Within, q.Rows = cmp.Or(q.Within, 5*time.Minute), cmp.Or(q.Rows, 100)
	filter := stream(q.Sensor)
	if len(q.ExecIDs) > 0 {
		list := oneOf(q.ExecIDs)
		filter += " (actor.process.uid:" + list + " or process.uid:" + list + ")"
	}
	before, err := all(ctx, s, Query{LogsQL: filter, Since: q.Time.Add(-q.Within), Until: q.Time, Limit: q.Rows})
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	after, err := all(ctx, s, Query{LogsQL: fmt.Sprintf("%s | sort by (_time) limit %d", filter, q.Rows), Since: q.Time, Until: q.Time.Add(q.Within), Limit: q.Rows})
	if err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	slices.Reverse(before)
	return append(before, after...), nil
}

// AlertQuery asks for alerts. What became of an alert since (assigned, dismissed) is
// not of the store: who knows that asks by IDs.
type AlertQuery struct {
	IDs          []string // none: all
	Sensor       string   // "": all
	Severity     int      // OCSF's severity_id, at least
	Since, Until time.Time
	Limit        int
}

// Alert is the last that was told of an alert.
type Alert struct {
	ID       string
	Sensor   string
	Time     time.Time
	Severity int
	Title    string
	Message  string
	Rule     string
	Status   string // as the sensor told it: New, Suppressed
	Count    uint64
	JSON     []byte // as the sensor told it; nil for one too long to be kept twice: Fields has it
	Result
}

// AlertsOf gives alerts, the newest first.
func AlertsOf(ctx context.Context, s Store, q AlertQuery) ([]Alert, error) {
	filter := stream(q.Sensor, KindAlert)
	if len(q.IDs) > 0 {
		filter += " finding_info.uid:" + oneOf(q.IDs)
	}
	if q.Severity > 0 {
		filter += fmt.Sprintf(" severity_id:>=%d", q.Severity)
	}
	limit := cmp.Or(q.Limit, DefaultLimit)
	text := fmt.Sprintf("%s | last 1 by (_time, count, activity_id) partition by (finding_info.uid) | sort by (_time desc) limit %d", filter, limit)
	results, err := all(ctx, s, Query{LogsQL: text, Since: q.Since, Until: q.Until, Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	out := make([]Alert, len(results))
	for i, r := range results {
		out[i] = Alert{
			ID: r.Get("finding_info.uid"), Sensor: r.Get(FieldSensor), Time: r.Time(), Severity: int(r.number("severity_id")), Title: r.Get("finding_info.title"),
			Message: r.Get("message"), Rule: r.Get("finding_info.analytic.uid"), Status: r.Get("status"), Count: r.number("count"), Result: r,
		}
		if json := r.Get(FieldAlert); json != "" {
			out[i].JSON = []byte(json)
		}
	}
	return out, nil
}
