package control

import (
	"context"
	"fmt"
	"time"
)

// How long the state keeps what is over. Alerts that nobody closed stay, however old:
// an alert is closed by people, also when its sensor is gone.
const (
	KeepAudit  = 365 * 24 * time.Hour
	KeepAlerts = 365 * 24 * time.Hour // that are closed or dismissed, since they changed last
	KeepDrops  = 90 * 24 * time.Hour
)

// atOnce is how many rows one transaction deletes: those who wait for it wait for moments.
const atOnce = 500

// Forgotten is how much was deleted.
type Forgotten struct{ Audit, Alerts, Drops int64 }

// Forget deletes what has been kept for long enough, little by little.
func (d *DB) Forget(ctx context.Context) (f Forgotten, err error) {
	for _, of := range []struct {
		n     *int64
		query string
		args  []any
	}{
		{&f.Audit, "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE time < ? ORDER BY time LIMIT ?)", []any{d.before(KeepAudit), atOnce}},
		{&f.Drops, `DELETE FROM drops WHERE (sensor, epoch, first, last, class, reason) IN
			(SELECT sensor, epoch, first, last, class, reason FROM drops WHERE time < ? ORDER BY time LIMIT ?)`, []any{d.before(KeepDrops), atOnce}},
		// An alert goes when its comments have gone.
		{nil, `DELETE FROM comments WHERE id IN (SELECT c.id FROM comments c JOIN alerts a ON c.alert = a.id
			WHERE a.changed < ? AND a.status IN (?, ?) LIMIT ?)`, []any{d.before(KeepAlerts), Closed, Dismissed, atOnce}},
		{&f.Alerts, `DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE changed < ? AND status IN (?, ?)
			AND NOT EXISTS (SELECT 1 FROM comments WHERE comments.alert = alerts.id) ORDER BY changed LIMIT ?)`, []any{d.before(KeepAlerts), Closed, Dismissed, atOnce}},
	} {
		n, err := d.littleByLittle(ctx, of.query, of.args)
		if of.n != nil {
			*of.n = n
		}
		if err != nil {
			return f, fmt.Errorf("delete what is old: %w", err)
		}
	}
	return f, nil
}

func (d *DB) before(age time.Duration) int64 { return ms(d.now().Add(-age)) }

// littleByLittle runs a bounded statement until it changes nothing more.
func (d *DB) littleByLittle(ctx context.Context, query string, args []any) (all int64, err error) {
	for {
		n, err := d.exec(ctx, query, args...)
		if all += n; err != nil || n < atOnce {
			return all, err
		}
	}
}
