package control

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Search is a query that somebody saved, for all to use.
type Search struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Query   string    `json:"query"`
	Author  string    `json:"author"`
	Created time.Time `json:"created"`
}

// Searches gives all by name.
func (d *DB) Searches(ctx context.Context) ([]Search, error) {
	scan := func(s scanner, v *Search) error { return s.Scan(&v.ID, &v.Name, &v.Query, &v.Author, at{&v.Created}) }
	all, err := list(ctx, d, d.db, scan, "SELECT id, name, query, author, created FROM searches ORDER BY name, id LIMIT 1000")
	if err != nil {
		return nil, fmt.Errorf("list searches: %w", err)
	}
	return all, nil
}

// SaveSearch keeps one.
func (d *DB) SaveSearch(ctx context.Context, s Search) (Search, error) {
	s.ID, s.Created = d.NewID(), d.now().UTC()
	if _, err := d.exec(ctx, "INSERT INTO searches (id, name, query, author, created) VALUES (?, ?, ?, ?, ?)", s.ID, s.Name, s.Query, s.Author, ms(s.Created)); err != nil {
		return s, fmt.Errorf("save search: %w", err)
	}
	return s, nil
}

// DeleteSearch deletes one.
func (d *DB) DeleteSearch(ctx context.Context, id string) error {
	if err := one(d.exec(ctx, "DELETE FROM searches WHERE id = ?", id)); err != nil {
		return fmt.Errorf("delete search %s: %w", id, err)
	}
	return nil
}

// Setting gives a setting, or otherwise when it was never set.
func (d *DB) Setting(ctx context.Context, name, otherwise string) (string, error) {
	v, err := get(ctx, d, d.db, value[string], "SELECT value FROM settings WHERE name = ?", name)
	if errors.Is(err, ErrNotFound) {
		return otherwise, nil
	}
	if err != nil {
		return "", fmt.Errorf("setting %s: %w", name, err)
	}
	return v, nil
}

// Set changes a setting.
func (d *DB) Set(ctx context.Context, name, v string) error {
	if _, err := d.exec(ctx, "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, v); err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}
