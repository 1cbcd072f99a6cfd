package control

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Export is a place that events and alerts are sent on to.
type Export struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Settings json.RawMessage `json:"settings"`
	Enabled  bool            `json:"enabled"`
	Author   string          `json:"author"`
	Changed  time.Time       `json:"changed"`
}

const exportColumns = "id, name, kind, settings, enabled, author, changed"

func scanExport(s scanner, e *Export) error {
	var enabled int64
	err := s.Scan(&e.ID, &e.Name, &e.Kind, (*raw)(&e.Settings), &enabled, &e.Author, at{&e.Changed})
	e.Enabled = enabled != 0
	return err
}

// Exports gives all by name.
func (d *DB) Exports(ctx context.Context) ([]Export, error) {
	all, err := list(ctx, d, d.db, scanExport, "SELECT "+exportColumns+" FROM exports ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	return all, nil
}

// Export gives one.
func (d *DB) Export(ctx context.Context, id string) (Export, error) {
	e, err := get(ctx, d, d.db, scanExport, "SELECT "+exportColumns+" FROM exports WHERE id = ?", id)
	if err != nil {
		return e, fmt.Errorf("export %s: %w", id, err)
	}
	return e, nil
}

// PutExport makes an export, or changes the one of that ID.
func (d *DB) PutExport(ctx context.Context, e Export) (Export, error) {
	e.Changed = d.now().UTC()
	enabled := int64(0)
	if e.Enabled {
		enabled = 1
	}
	var err error
	if e.ID == "" {
		e.ID = d.NewID()
		_, err = d.exec(ctx, "INSERT INTO exports (id, name, kind, settings, enabled, author, changed) VALUES (?, ?, ?, ?, ?, ?, ?)",
			e.ID, e.Name, e.Kind, string(e.Settings), enabled, e.Author, ms(e.Changed))
	} else {
		err = one(d.exec(ctx, "UPDATE exports SET name = ?, kind = ?, settings = ?, enabled = ?, author = ?, changed = ? WHERE id = ?",
			e.Name, e.Kind, string(e.Settings), enabled, e.Author, ms(e.Changed), e.ID))
	}
	if err != nil {
		return e, fmt.Errorf("put export %s: %w", e.Name, err)
	}
	return e, nil
}

// DeleteExport deletes one.
func (d *DB) DeleteExport(ctx context.Context, id string) error {
	if err := one(d.exec(ctx, "DELETE FROM exports WHERE id = ?", id)); err != nil {
		return fmt.Errorf("delete export %s: %w", id, err)
	}
	if _, err := d.exec(ctx, "DELETE FROM settings WHERE name = ?", snapshotOf+id); err != nil {
		return fmt.Errorf("delete export %s: %w", id, err)
	}
	return nil
}

// snapshotOf begins the name of the setting that has when the last snapshot was due.
const snapshotOf = "export.snapshot."

// ClaimSnapshot tells whether a snapshot of an export that is due then is this server's to
// make: of all that share the state, one makes it.
func (d *DB) ClaimSnapshot(ctx context.Context, id string, due time.Time) (bool, error) {
	n, err := d.exec(ctx, `INSERT INTO settings (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE settings.value < excluded.value`,
		snapshotOf+id, due.UTC().Format("2006-01-02T15:04:05Z"))
	if err != nil {
		return false, fmt.Errorf("claim snapshot of export %s: %w", id, err)
	}
	return n > 0, nil
}
