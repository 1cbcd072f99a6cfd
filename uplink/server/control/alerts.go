package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The status of an alert is what people did about it.
const (
	New        = "new"
	InProgress = "in_progress"
	Closed     = "closed"
	Dismissed  = "dismissed" // nobody needs to act, for the reason given
)

// Alert is what a sensor told, and what became of it.
type Alert struct {
	ID        string          `json:"id"`
	Sensor    string          `json:"sensor"`
	Incident  string          `json:"incident"`
	Rule      string          `json:"rule"`
	Title     string          `json:"title"`
	Message   string          `json:"message"`
	Technique string          `json:"technique"`
	Host      string          `json:"host"`
	Process   string          `json:"process"` // the path of the image that did it
	ExecID    string          `json:"exec_id"`
	Severity  uint8           `json:"severity"`
	First     time.Time       `json:"first"`
	Last      time.Time       `json:"last"`
	Count     uint64          `json:"count"`
	Status    string          `json:"status"`
	Reason    string          `json:"reason"`
	Assignee  string          `json:"assignee"`
	Changed   time.Time       `json:"changed"`
	Finding   json.RawMessage `json:"finding,omitempty"` // OCSF; of one alert, not in lists
}

const alertColumns = "id, sensor, incident, rule, title, message, technique, host, process, exec_id, severity, first, last, count, status, reason, assignee, changed"

func (a *Alert) fields() []any {
	return []any{
		&a.ID, &a.Sensor, &a.Incident, &a.Rule, &a.Title, &a.Message, &a.Technique, &a.Host, &a.Process, &a.ExecID, &a.Severity,
		at{&a.First},
		at{&a.Last},
		&a.Count, &a.Status, &a.Reason, &a.Assignee,
		at{&a.Changed},
	}
}

func scanAlert(s scanner, a *Alert) error { return s.Scan(a.fields()...) }

func scanWholeAlert(s scanner, a *Alert) error {
	return s.Scan(append(a.fields(), (*raw)(&a.Finding))...)
}

// Record keeps what a sensor told of its alerts. What people did about one stays; what
// is older than what is known changes nothing. It gives those that are new or changed.
func (d *DB) Record(ctx context.Context, alerts []Alert) (changed []Alert, err error) {
	err = d.change(ctx, func(tx *sql.Tx) error {
		changed = changed[:0]
		suppressions, err := d.suppressions(ctx, tx)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			a.Changed = d.now().UTC()
			for _, s := range suppressions {
				if a.Status == New && s.Matches(&a) {
					a.Status, a.Reason = Dismissed, s.Reason
				}
			}
			if did, err := d.record(ctx, tx, &a); err != nil {
				return err
			} else if did {
				changed = append(changed, a)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("record %d alerts: %w", len(alerts), err)
	}
	return changed, nil
}

// record writes one alert, and makes it what is kept.
func (d *DB) record(ctx context.Context, tx *sql.Tx, a *Alert) (bool, error) {
	n, err := d.in(ctx, tx, "INSERT INTO alerts ("+alertColumns+`, finding) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET incident = excluded.incident, message = excluded.message, severity = excluded.severity,
			last = excluded.last, count = excluded.count, changed = excluded.changed, finding = excluded.finding
		WHERE excluded.count > alerts.count OR (excluded.count = alerts.count AND excluded.last > alerts.last)`,
		a.ID, a.Sensor, a.Incident, a.Rule, a.Title, a.Message, a.Technique, a.Host, a.Process, a.ExecID, int64(a.Severity),
		ms(a.First), ms(a.Last), int64(a.Count), a.Status, a.Reason, a.Assignee, ms(a.Changed), string(a.Finding))
	if err != nil || n == 0 {
		return false, err
	}
	*a, err = get(ctx, d, tx, scanAlert, "SELECT "+alertColumns+" FROM alerts WHERE id = ?", a.ID)
	return true, err
}

// AlertFilter chooses alerts; what is not set chooses all.
type AlertFilter struct {
	Status   []string
	Severity []uint8
	Least    uint8 // severity
	Sensor   string
	Rule     string
	Assignee string
	Incident string
	Text     string // in title, message, host or process
	From, To time.Time
	Before   string // an alert's ID: those that come after it in the list
	Limit    int
}

func (f *AlertFilter) where() (string, []any) {
	conditions, args := []string{"1 = 1"}, []any{}
	add := func(set bool, condition string, values ...any) {
		if set {
			conditions, args = append(conditions, condition), append(args, values...)
		}
	}
	oneOf := func(column string, values ...any) {
		add(len(values) > 0, column+" IN ("+strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")+")", values...)
	}
	oneOf("status", anys(f.Status, func(s string) any { return s })...)
	oneOf("severity", anys(f.Severity, func(n uint8) any { return int64(n) })...)
	add(f.Least > 0, "severity >= ?", int64(f.Least))
	add(f.Sensor != "", "sensor = ?", f.Sensor)
	add(f.Rule != "", "rule = ?", f.Rule)
	add(f.Assignee != "", "assignee = ?", f.Assignee)
	add(f.Incident != "", "incident = ?", f.Incident)
	add(!f.From.IsZero(), "last >= ?", ms(f.From))
	add(!f.To.IsZero(), "last < ?", ms(f.To))
	like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Text)) + "%"
	add(f.Text != "", `(LOWER(title) LIKE ? ESCAPE '\' OR LOWER(message) LIKE ? ESCAPE '\' OR LOWER(host) LIKE ? ESCAPE '\' OR LOWER(process) LIKE ? ESCAPE '\')`, like, like, like, like)
	add(f.Before != "", "(last, id) < (SELECT last, id FROM alerts WHERE id = ?)", f.Before)
	return strings.Join(conditions, " AND "), args
}

func anys[T any](all []T, one func(T) any) []any {
	out := make([]any, len(all))
	for i, v := range all {
		out[i] = one(v)
	}
	return out
}

// Alerts gives what the filter chooses, the latest first.
func (d *DB) Alerts(ctx context.Context, f AlertFilter) ([]Alert, error) {
	where, args := f.where()
	all, err := list(ctx, d, d.db, scanAlert, "SELECT "+alertColumns+" FROM alerts WHERE "+where+" ORDER BY last DESC, id DESC LIMIT ?", append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	return all, nil
}

// Findings gives alerts that the filter chooses with what they are as OCSF, in the order
// of their IDs, until each says no.
func (d *DB) Findings(ctx context.Context, f AlertFilter, each func(Alert) bool) error {
	const page = 200
	where, args := f.where()
	for after := ""; ; {
		all, err := list(ctx, d, d.db, scanWholeAlert, "SELECT "+alertColumns+", finding FROM alerts WHERE "+where+" AND id > ? ORDER BY id LIMIT ?",
			append(slices.Clone(args), after, page)...)
		if err != nil {
			return fmt.Errorf("list findings: %w", err)
		}
		for _, a := range all {
			if after = a.ID; !each(a) {
				return nil
			}
		}
		if len(all) < page {
			return nil
		}
	}
}

// Alert gives one with its finding.
func (d *DB) Alert(ctx context.Context, id string) (Alert, error) {
	a, err := get(ctx, d, d.db, scanWholeAlert, "SELECT "+alertColumns+", finding FROM alerts WHERE id = ?", id)
	if err != nil {
		return a, fmt.Errorf("alert %s: %w", id, err)
	}
	return a, nil
}

// AlertChange is what people decide about an alert; nil leaves a thing as it is.
type AlertChange struct {
	Status   *string
	Reason   *string
	Assignee *string // a user's name; "": nobody
	Comment  string
}

// ChangeAlert does that, in the name of author.
func (d *DB) ChangeAlert(ctx context.Context, id, author string, c AlertChange) (a Alert, err error) {
	if c.Status != nil && !slices.Contains([]string{New, InProgress, Closed, Dismissed}, *c.Status) {
		return a, fmt.Errorf("change alert: %w: status %q", ErrInvalid, *c.Status)
	}
	if c.Status != nil && *c.Status == Dismissed && (c.Reason == nil || strings.TrimSpace(*c.Reason) == "") {
		return a, fmt.Errorf("change alert: %w: who dismisses gives a reason", ErrInvalid)
	}
	err = d.change(ctx, func(tx *sql.Tx) error {
		a, err = d.changeAlert(ctx, tx, id, author, c)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("change alert %s: %w", id, err)
	}
	return a, nil
}

func (d *DB) changeAlert(ctx context.Context, tx *sql.Tx, id, author string, c AlertChange) (Alert, error) {
	if c.Assignee != nil && *c.Assignee != "" {
		if _, err := get(ctx, d, tx, value[int64], "SELECT 1 FROM users WHERE name = ? AND disabled = 0", *c.Assignee); errors.Is(err, ErrNotFound) {
			return Alert{}, fmt.Errorf("%w: no user %q", ErrInvalid, *c.Assignee)
		} else if err != nil {
			return Alert{}, err
		}
	}
	err := one(d.in(ctx, tx, `UPDATE alerts SET status = COALESCE(?, status), reason = COALESCE(?, reason), assignee = COALESCE(?, assignee), changed = ? WHERE id = ?`,
		c.Status, c.Reason, c.Assignee, ms(d.now()), id))
	if err != nil {
		return Alert{}, err
	}
	if c.Comment != "" {
		_, err := d.in(ctx, tx, "INSERT INTO comments (id, alert, author, time, text) VALUES (?, ?, ?, ?, ?)", d.NewID(), id, author, ms(d.now()), c.Comment)
		if err != nil {
			return Alert{}, err
		}
	}
	return get(ctx, d, tx, scanAlert, "SELECT "+alertColumns+" FROM alerts WHERE id = ?", id)
}
