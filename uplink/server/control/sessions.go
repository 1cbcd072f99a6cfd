package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// How long a session lasts: unused, and at all.
const (
	SessionIdle = 8 * time.Hour
	SessionLife = 7 * 24 * time.Hour
)

// Session is a user who logged in.
type Session struct {
	CSRF    string
	Expires time.Time

	user, hash    string
	created, seen time.Time
}

// Login makes a session; its secret is told this once.
func (d *DB) Login(ctx context.Context, u User, address string) (s Session, secret string, err error) {
	secret, now := NewSecret(), d.now().UTC()
	s = Session{CSRF: NewSecret(), Expires: now.Add(SessionLife), user: u.ID, hash: hashSecret(secret), created: now, seen: now}
	err = d.change(ctx, func(tx *sql.Tx) error {
		if _, err := d.in(ctx, tx, "DELETE FROM sessions WHERE expires <= ? OR seen <= ?", ms(now), ms(now.Add(-SessionIdle))); err != nil {
			return err
		}
		if _, err := d.in(ctx, tx, "UPDATE users SET seen = ? WHERE id = ?", ms(now), u.ID); err != nil {
			return err
		}
		_, err := d.in(ctx, tx, "INSERT INTO sessions (hash, user_id, csrf, address, created, seen, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
			s.hash, u.ID, s.CSRF, address, ms(now), ms(now), ms(s.Expires))
		return err
	})
	if err != nil {
		return s, "", fmt.Errorf("log in %s: %w", u.Name, err)
	}
	return s, secret, nil
}

func scanSession(s scanner, v *Session) error {
	return s.Scan(&v.hash, &v.user, &v.CSRF, at{&v.created}, at{&v.seen}, at{&v.Expires})
}

// Session gives the session of a secret and its user; ErrNotFound when it ended.
func (d *DB) Session(ctx context.Context, secret string) (Session, User, error) {
	now := d.now()
	s, err := get(ctx, d, d.db, scanSession, "SELECT hash, user_id, csrf, created, seen, expires FROM sessions WHERE hash = ? AND expires > ? AND seen > ?",
		hashSecret(secret), ms(now), ms(now.Add(-SessionIdle)))
	if err != nil {
		return s, User{}, fmt.Errorf("session: %w", err)
	}
	u, err := d.enabled(ctx, s.user)
	if err != nil {
		return s, u, fmt.Errorf("session: %w", err)
	}
	if now.Sub(s.seen) > time.Minute {
		if _, err := d.exec(ctx, "UPDATE sessions SET seen = ? WHERE hash = ?", ms(now), s.hash); err != nil {
			return s, u, fmt.Errorf("session: %w", err)
		}
	}
	return s, u, nil
}

func (d *DB) enabled(ctx context.Context, id string) (User, error) {
	return get(ctx, d, d.db, scanUser, "SELECT "+userColumns+" FROM users WHERE id = ? AND disabled = 0", id)
}

// Logout ends a session.
func (d *DB) Logout(ctx context.Context, s Session) error {
	if _, err := d.exec(ctx, "DELETE FROM sessions WHERE hash = ?", s.hash); err != nil {
		return fmt.Errorf("log out: %w", err)
	}
	return nil
}

// Token lets a program act as its user, with at most the token's role.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	User    string    `json:"user"`
	Role    Role      `json:"role"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"`

	userID string
}

// TokenPrefix begins every API token, so that scanners of secrets know one when they see it.
const TokenPrefix = "vigil_"

const tokenQuery = "SELECT t.id, t.name, u.name, t.role, t.created, t.expires, t.used, t.user_id FROM tokens t JOIN users u ON u.id = t.user_id "

func scanToken(s scanner, t *Token) error {
	return s.Scan(&t.ID, &t.Name, &t.User, &t.Role, at{&t.Created}, at{&t.Expires}, at{&t.Used}, &t.userID)
}

// NewToken makes one; its secret is told this once.
func (d *DB) NewToken(ctx context.Context, u User, name string, role Role, life time.Duration) (t Token, secret string, err error) {
	if !u.Role.May(role) {
		return t, "", fmt.Errorf("make token: %w: a %s cannot give the role %q", ErrInvalid, u.Role, role)
	}
	secret = TokenPrefix + NewSecret()
	t = Token{ID: d.NewID(), Name: name, User: u.Name, Role: role, Created: d.now().UTC(), Expires: d.now().Add(life).UTC(), userID: u.ID}
	_, err = d.exec(ctx, "INSERT INTO tokens (id, hash, name, user_id, role, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
		t.ID, hashSecret(secret), name, u.ID, string(role), ms(t.Created), ms(t.Expires))
	if err != nil {
		return t, "", fmt.Errorf("make token: %w", err)
	}
	return t, secret, nil
}

// Tokens gives those of one user, or for "" all.
func (d *DB) Tokens(ctx context.Context, user string) ([]Token, error) {
	all, err := list(ctx, d, d.db, scanToken, tokenQuery+"WHERE ? = '' OR t.user_id = ? ORDER BY t.id", user, user)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return all, nil
}

// DeleteToken ends one; user is whose it must be, "" for anyone's.
func (d *DB) DeleteToken(ctx context.Context, id, user string) error {
	if err := one(d.exec(ctx, "DELETE FROM tokens WHERE id = ? AND (? = '' OR user_id = ?)", id, user, user)); err != nil {
		return fmt.Errorf("delete token %s: %w", id, err)
	}
	return nil
}

// Bearer gives whom a token lets act, with the lesser of the two roles.
func (d *DB) Bearer(ctx context.Context, secret string) (User, error) {
	t, err := get(ctx, d, d.db, scanToken, tokenQuery+"WHERE t.hash = ? AND t.expires > ?", hashSecret(secret), ms(d.now()))
	if err != nil {
		return User{}, fmt.Errorf("token: %w", err)
	}
	u, err := d.enabled(ctx, t.userID)
	if err != nil {
		return u, fmt.Errorf("token: %w", err)
	}
	u.Role = least(u.Role, t.Role)
	if d.now().Sub(t.Used) > time.Minute {
		if _, err := d.exec(ctx, "UPDATE tokens SET used = ? WHERE id = ?", ms(d.now()), t.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return u, fmt.Errorf("token: %w", err)
		}
	}
	return u, nil
}
