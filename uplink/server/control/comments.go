package control

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Comment is what a person says of an alert.
type Comment struct {
	ID     string    `json:"id"`
	Author string    `json:"author"`
	Time   time.Time `json:"time"`
	Text   string    `json:"text"`
}

func scanComment(s scanner, c *Comment) error { return s.Scan(&c.ID, &c.Author, at{&c.Time}, &c.Text) }

// Comments gives those of an alert, the oldest first.
func (d *DB) Comments(ctx context.Context, alert string) ([]Comment, error) {
	all, err := list(ctx, d, d.db, scanComment, "SELECT id, author, time, text FROM comments WHERE alert = ? ORDER BY id LIMIT 1000", alert)
	if err != nil {
		return nil, fmt.Errorf("list comments: %w", err)
	}
	return all, nil
}

// AlertCount is how many alerts there are of a status and severity.
type AlertCount struct {
	Status   string `json:"status"`
	Severity uint8  `json:"severity"`
	Count    int64  `json:"count"`
}

// AlertCounts gives the counts of all that there are.
func (d *DB) AlertCounts(ctx context.Context) ([]AlertCount, error) {
	scan := func(s scanner, c *AlertCount) error { return s.Scan(&c.Status, &c.Severity, &c.Count) }
	all, err := list(ctx, d, d.db, scan, "SELECT status, severity, COUNT(*) FROM alerts GROUP BY status, severity ORDER BY severity DESC, status")
	if err != nil {
		return nil, fmt.Errorf("count alerts: %w", err)
	}
	return all, nil
}

// Suppression dismisses alerts as they come: those of the rule, where a sensor or a
// process is given only of it.
type Suppression struct {
	ID      string    `json:"id"`
	Rule    string    `json:"rule"`
	Sensor  string    `json:"sensor"`
	Process string    `json:"process"` // the path of an image
	Reason  string    `json:"reason"`
	Author  string    `json:"author"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
}

// Matches tells whether an alert is dismissed.
func (s *Suppression) Matches(a *Alert) bool {
	return s.Rule == a.Rule && (s.Sensor == "" || s.Sensor == a.Sensor) && (s.Process == "" || s.Process == a.Process)
}

const suppressionColumns = "id, rule, sensor, process, reason, author, created, expires"

func scanSuppression(s scanner, v *Suppression) error {
	return s.Scan(&v.ID, &v.Rule, &v.Sensor, &v.Process, &v.Reason, &v.Author, at{&v.Created}, at{&v.Expires})
}

func (d *DB) suppressions(ctx context.Context, q querier) ([]Suppression, error) {
	return list(ctx, d, q, scanSuppression, "SELECT "+suppressionColumns+" FROM suppressions WHERE expires = 0 OR expires > ? ORDER BY id", ms(d.now()))
}

// Suppressions gives those in force.
func (d *DB) Suppressions(ctx context.Context) ([]Suppression, error) {
	all, err := d.suppressions(ctx, d.db)
	if err != nil {
		return nil, fmt.Errorf("list suppressions: %w", err)
	}
	return all, nil
}

// Suppress makes one, and dismisses with it what is new.
func (d *DB) Suppress(ctx context.Context, s Suppression) (Suppression, error) {
	s.ID, s.Created = d.NewID(), d.now().UTC()
	err := d.change(ctx, func(tx *sql.Tx) error {
		_, err := d.in(ctx, tx, "INSERT INTO suppressions ("+suppressionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			s.ID, s.Rule, s.Sensor, s.Process, s.Reason, s.Author, ms(s.Created), ms(s.Expires))
		if err != nil {
			return err
		}
		_, err = d.in(ctx, tx, `UPDATE alerts SET status = ?, reason = ?, changed = ?
			WHERE status = ? AND rule = ? AND (? = '' OR sensor = ?) AND (? = '' OR process = ?)`,
			Dismissed, s.Reason, ms(s.Created), New, s.Rule, s.Sensor, s.Sensor, s.Process, s.Process)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("suppress: %w", err)
	}
	return s, nil
}

// DeleteSuppression ends one; what it dismissed stays so.
func (d *DB) DeleteSuppression(ctx context.Context, id string) error {
	if err := one(d.exec(ctx, "DELETE FROM suppressions WHERE id = ?", id)); err != nil {
		return fmt.Errorf("delete suppression %s: %w", id, err)
	}
	return nil
}
