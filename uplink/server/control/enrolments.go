package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Enrolment is leave for one host to become a sensor.
type Enrolment struct {
	ID      string    `json:"id"`
	Note    string    `json:"note"`
	Author  string    `json:"author"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"`
	Sensor  string    `json:"sensor,omitempty"` // who used it

	publicKey string
}

const enrolmentColumns = "id, note, author, created, expires, used, sensor, public_key"

func scanEnrolment(s scanner, e *Enrolment) error {
	return s.Scan(&e.ID, &e.Note, &e.Author, at{&e.Created}, at{&e.Expires}, at{&e.Used}, &e.Sensor, &e.publicKey)
}

// NewEnrolment makes one; its secret is told this once.
func (d *DB) NewEnrolment(ctx context.Context, author, note string, life time.Duration) (e Enrolment, secret string, err error) {
	secret = NewSecret()
	e = Enrolment{ID: d.NewID(), Note: note, Author: author, Created: d.now().UTC(), Expires: d.now().Add(life).UTC()}
	_, err = d.exec(ctx, "INSERT INTO enrolments (id, hash, note, author, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
		e.ID, hashSecret(secret), note, author, ms(e.Created), ms(e.Expires))
	if err != nil {
		return e, "", fmt.Errorf("make enrolment: %w", err)
	}
	return e, secret, nil
}

// Enrolments gives all, the newest first.
func (d *DB) Enrolments(ctx context.Context) ([]Enrolment, error) {
	all, err := list(ctx, d, d.db, scanEnrolment, "SELECT "+enrolmentColumns+" FROM enrolments ORDER BY id DESC LIMIT 1000")
	if err != nil {
		return nil, fmt.Errorf("list enrolments: %w", err)
	}
	return all, nil
}

// DeleteEnrolment takes one back.
func (d *DB) DeleteEnrolment(ctx context.Context, id string) error {
	if err := one(d.exec(ctx, "DELETE FROM enrolments WHERE id = ?", id)); err != nil {
		return fmt.Errorf("delete enrolment %s: %w", id, err)
	}
	return nil
}

// Newcomer is a host that shows an enrolment's secret.
type Newcomer struct {
	Secret    string
	PublicKey string // a hash of its key
	Name      string
	Version   string
	Address   string
}

// Enrol makes a newcomer a sensor and gives its ID. A secret serves one key: the same
// host may ask again, when the answer did not reach it.
func (d *DB) Enrol(ctx context.Context, n Newcomer) (id string, err error) {
	err = d.change(ctx, func(tx *sql.Tx) error {
		e, err := get(ctx, d, tx, scanEnrolment, "SELECT "+enrolmentColumns+" FROM enrolments WHERE hash = ?", hashSecret(n.Secret))
		switch {
		case errors.Is(err, ErrNotFound):
			return fmt.Errorf("token: %w", ErrNotFound)
		case err != nil:
			return err
		case !e.Expires.After(d.now()):
			return fmt.Errorf("token: %w", ErrExpired)
		case !e.Used.IsZero() && e.publicKey != n.PublicKey:
			return fmt.Errorf("token: %w", ErrUsed)
		case !e.Used.IsZero():
			id = e.Sensor
			return nil
		}
		id = d.NewID()
		// The condition on used decides between two that come at once.
		if err := one(d.in(ctx, tx, "UPDATE enrolments SET used = ?, sensor = ?, public_key = ? WHERE id = ? AND used = 0", ms(d.now()), id, n.PublicKey, e.ID)); errors.Is(err, ErrNotFound) {
			return fmt.Errorf("token: %w", ErrUsed)
		} else if err != nil {
			return err
		}
		_, err = d.in(ctx, tx, `INSERT INTO sensors (id, name, enrolled, seen, address, serial, expires, version) VALUES (?, ?, ?, ?, ?, '', 0, ?)`,
			id, n.Name, ms(d.now()), ms(d.now()), n.Address, n.Version)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("enrol: %w", err)
	}
	return id, nil
}
