package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Sensor is a host.
type Sensor struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Enrolled time.Time       `json:"enrolled"`
	Seen     time.Time       `json:"seen"`
	Address  string          `json:"address"`
	Revoked  time.Time       `json:"revoked,omitzero"`
	Reason   string          `json:"reason,omitempty"` // why it was revoked
	Serial   string          `json:"serial"`           // of its newest certificate
	Expires  time.Time       `json:"expires"`          // when that ends
	Version  string          `json:"version"`
	Tier     string          `json:"tier"`
	Lost     uint64          `json:"lost"`    // records that its kernel side, or it before its spool, had no room for
	Dropped  uint64          `json:"dropped"` // events that its spool had no room for, of the last 90 days
	Policy   string          `json:"policy"`
	Applied  int64           `json:"policy_version"`  // what it says it follows; 0: none yet
	Follows  string          `json:"policy_followed"` // of which policy that is the version
	Refused  string          `json:"policy_refused"`  // which version it does not follow, and why; "": it refuses none
	Health   json.RawMessage `json:"health"`
	Reported time.Time       `json:"reported,omitzero"` // when it told its health
}

const sensorColumns = `id, name, enrolled, seen, address, revoked, reason, serial, expires, version, tier, lost, policy, applied, follows, refused, health, reported,
	(SELECT CAST(COALESCE(SUM(events), 0) AS BIGINT) FROM drops WHERE drops.sensor = sensors.id)`

func scanSensor(s scanner, v *Sensor) error {
	return s.Scan(&v.ID, &v.Name, at{&v.Enrolled}, at{&v.Seen}, &v.Address, at{&v.Revoked}, &v.Reason, &v.Serial, at{&v.Expires},
		&v.Version, &v.Tier, &v.Lost, &v.Policy, &v.Applied, &v.Follows, &v.Refused, (*raw)(&v.Health), at{&v.Reported}, &v.Dropped)
}

// raw scans JSON that is kept as text.
type raw json.RawMessage

// Scan implements sql.Scanner.
func (r *raw) Scan(v any) error {
	switch v := v.(type) {
	case string:
		*r = raw(v)
	case []byte:
		*r = append((*r)[:0], v...)
	default:
		return fmt.Errorf("JSON is not text but %T", v)
	}
	return nil
}

// Sensors gives all sensors by name.
func (d *DB) Sensors(ctx context.Context) ([]Sensor, error) {
	all, err := list(ctx, d, d.db, scanSensor, "SELECT "+sensorColumns+" FROM sensors ORDER BY name, id")
	if err != nil {
		return nil, fmt.Errorf("list sensors: %w", err)
	}
	return all, nil
}

// Sensor gives one.
func (d *DB) Sensor(ctx context.Context, id string) (Sensor, error) {
	s, err := get(ctx, d, d.db, scanSensor, "SELECT "+sensorColumns+" FROM sensors WHERE id = ?", id)
	if err != nil {
		return s, fmt.Errorf("sensor %s: %w", id, err)
	}
	return s, nil
}

// Admitted tells whether the sensor may speak: it is known and not revoked.
func (d *DB) Admitted(ctx context.Context, id string) (bool, error) {
	ok, changes := d.admitted.has(id)
	if ok {
		return true, nil
	}
	n, err := list(d.brief(ctx), d, d.db, value[int64], "SELECT 1 FROM sensors WHERE id = ? AND revoked = 0", id)
	if err != nil {
		return false, fmt.Errorf("look up sensor %s: %w", id, err)
	}
	if len(n) == 1 && !d.postgres { // SQLite has one server: nobody else revokes
		d.admitted.add(id, changes)
	}
	return len(n) == 1, nil
}

// Revoke shuts a sensor out, from its next request on.
func (d *DB) Revoke(ctx context.Context, id, reason string) error {
	err := one(d.exec(ctx, "UPDATE sensors SET revoked = ?, reason = ? WHERE id = ? AND revoked = 0", ms(d.now()), reason, id))
	d.admitted.remove(id)
	if err != nil {
		return fmt.Errorf("revoke sensor %s: %w", id, err)
	}
	return nil
}

// admitted remembers sensors that may speak, so that not every request asks for it.
type admitted struct {
	mu      sync.Mutex
	all     map[string]struct{}
	changes int // what was read before one is not kept after it
}

func (a *admitted) has(id string) (ok bool, changes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok = a.all[id]
	return ok, a.changes
}

func (a *admitted) add(id string, changes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changes != changes {
		return
	}
	if a.all == nil {
		a.all = map[string]struct{}{}
	}
	a.all[id] = struct{}{}
}

func (a *admitted) remove(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changes++
	delete(a.all, id)
}

// Renewed keeps which certificate is the sensor's newest.
func (d *DB) Renewed(ctx context.Context, id, serial string, expires time.Time) error {
	if err := one(d.exec(ctx, "UPDATE sensors SET serial = ?, expires = ?, seen = ? WHERE id = ?", serial, ms(expires), ms(d.now()), id)); err != nil {
		return fmt.Errorf("renew sensor %s: %w", id, err)
	}
	return nil
}

// Report is what a sensor says of itself.
type Report struct {
	Version string
	Tier    string
	Lost    uint64
	Applied int64  // version of
	Follows string // this policy
	Refused string
	Address string
	Health  json.RawMessage
}

// Reported keeps a report.
func (d *DB) Reported(ctx context.Context, id string, r Report) error {
	err := one(d.exec(ctx, `UPDATE sensors SET version = ?, tier = ?, lost = ?, applied = ?, follows = ?, refused = ?, address = ?, health = ?, seen = ?, reported = ? WHERE id = ?`,
		r.Version, r.Tier, int64(min(r.Lost, 1<<62)), r.Applied, kept(r.Follows), kept(r.Refused), r.Address, string(r.Health), ms(d.now()), ms(d.now()), id))
	if err != nil {
		return fmt.Errorf("keep report of %s: %w", id, err)
	}
	return nil
}

// Follow sets the policy that a sensor follows.
func (d *DB) Follow(ctx context.Context, id, policy string) error {
	err := d.change(ctx, func(tx *sql.Tx) error {
		if _, err := d.policy(ctx, tx, policy, 0); err != nil {
			return err
		}
		return one(d.in(ctx, tx, "UPDATE sensors SET policy = ? WHERE id = ?", policy, id))
	})
	if err != nil {
		return fmt.Errorf("give sensor %s policy %s: %w", id, policy, err)
	}
	return nil
}
