package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// DefaultPolicy is what sensors follow until told otherwise. It is there from the start, and
// says nothing then: sensors follow their own configuration.
const DefaultPolicy = "default"

// beginPolicies makes the first version of it, unless there is one.
func (d *DB) beginPolicies(ctx context.Context) error {
	_, err := d.exec(ctx, "INSERT INTO policies (name, version, body, note, author, created) VALUES (?, 1, '{}', ?, '', ?) ON CONFLICT DO NOTHING",
		DefaultPolicy, "each host as its own configuration says", ms(d.now()))
	return err
}

// Policy is what sensors shall do: a version never changes, a change is the next version.
type Policy struct {
	Name    string          `json:"name"`
	Version int64           `json:"version"`
	Body    json.RawMessage `json:"body"`
	Note    string          `json:"note"`
	Author  string          `json:"author"`
	Created time.Time       `json:"created"`
}

const policyColumns = "name, version, body, note, author, created"

func scanPolicy(s scanner, p *Policy) error {
	return s.Scan(&p.Name, &p.Version, (*raw)(&p.Body), &p.Note, &p.Author, at{&p.Created})
}

// Policies gives the newest version of each.
func (d *DB) Policies(ctx context.Context) ([]Policy, error) {
	all, err := list(ctx, d, d.db, scanPolicy, "SELECT "+policyColumns+` FROM policies p
		WHERE version = (SELECT MAX(version) FROM policies WHERE name = p.name) ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	return all, nil
}

// PolicyVersions gives all versions of one, the newest first.
func (d *DB) PolicyVersions(ctx context.Context, name string) ([]Policy, error) {
	all, err := list(ctx, d, d.db, scanPolicy, "SELECT "+policyColumns+" FROM policies WHERE name = ? ORDER BY version DESC LIMIT 1000", name)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", name, err)
	}
	return all, nil
}

// policy gives a version of one, the newest for 0.
func (d *DB) policy(ctx context.Context, q querier, name string, version int64) (Policy, error) {
	p, err := get(ctx, d, q, scanPolicy, "SELECT "+policyColumns+" FROM policies WHERE name = ? AND (version = ? OR ? = 0) ORDER BY version DESC LIMIT 1", name, version, version)
	if err != nil {
		return p, fmt.Errorf("policy %s: %w", name, err)
	}
	return p, nil
}

// PolicyOf gives what a sensor shall follow.
func (d *DB) PolicyOf(ctx context.Context, sensor string) (Policy, error) {
	name, err := get(ctx, d, d.db, value[string], "SELECT policy FROM sensors WHERE id = ?", sensor)
	if err != nil {
		return Policy{}, fmt.Errorf("policy of sensor %s: %w", sensor, err)
	}
	return d.policy(ctx, d.db, name, 0)
}

// PutPolicy makes the next version, and gives ErrConflict unless after is the newest
// until then: two people do not overwrite each other unseen.
func (d *DB) PutPolicy(ctx context.Context, p Policy, after int64) (Policy, error) {
	p.Version, p.Created = after+1, d.now().UTC()
	err := d.change(ctx, func(tx *sql.Tx) error {
		newest, err := d.policy(ctx, tx, p.Name, 0)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if newest.Version != after {
			return fmt.Errorf("%w: the newest version is %d", ErrConflict, newest.Version)
		}
		_, err = d.in(ctx, tx, "INSERT INTO policies (name, version, body, note, author, created) VALUES (?, ?, ?, ?, ?, ?)",
			p.Name, p.Version, string(p.Body), p.Note, p.Author, ms(p.Created))
		return err
	})
	if err != nil {
		return p, fmt.Errorf("put policy %s: %w", p.Name, err)
	}
	return p, nil
}
