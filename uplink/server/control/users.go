package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Role is what a user may do; each may do what those before it may.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // sees
	Operator Role = "operator" // works on alerts, searches and saves
	Approver Role = "approver" // decides what sensors do: policies, suppressions, revoking
	Admin    Role = "admin"    // users, enrolment, exports, the audit log
)

// FirstAdmin is the name of the user that a new server has.
const FirstAdmin = "admin"

func (r Role) rank() int {
	for i, known := range [...]Role{Viewer, Operator, Approver, Admin} {
		if r == known {
			return i + 1
		}
	}
	return 0
}

// Valid tells whether there is such a role.
func (r Role) Valid() bool { return r.rank() > 0 }

// May tells whether r may do what needs the role least.
func (r Role) May(least Role) bool { return least.Valid() && r.rank() >= least.rank() }

// least gives the lesser of two roles.
func least(a, b Role) Role {
	if a.May(b) {
		return b
	}
	return a
}

// User is a person or program that may log in.
type User struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Created  time.Time `json:"created"`
	Disabled time.Time `json:"disabled,omitzero"`
	Seen     time.Time `json:"seen,omitzero"`

	password string
}

const userColumns = "id, name, role, password, created, disabled, seen"

func scanUser(s scanner, u *User) error {
	return s.Scan(&u.ID, &u.Name, &u.Role, &u.password, at{&u.Created}, at{&u.Disabled}, at{&u.Seen})
}

// Users gives all by name.
func (d *DB) Users(ctx context.Context) ([]User, error) {
	all, err := list(ctx, d, d.db, scanUser, "SELECT "+userColumns+" FROM users ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return all, nil
}

// AddUser makes a user.
func (d *DB) AddUser(ctx context.Context, name string, role Role, password string) (User, error) {
	u := User{ID: d.NewID(), Name: name, Role: role, Created: d.now().UTC()}
	if name == "" || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@") != "" {
		return u, fmt.Errorf("add user: %w: name %q: letters, digits and .-_@, at most 64", ErrInvalid, name)
	}
	if !role.Valid() {
		return u, fmt.Errorf("add user %s: %w: role %q", name, ErrInvalid, role)
	}
	if err := checkPassword(name, password); err != nil {
		return u, fmt.Errorf("add user %s: %w", name, err)
	}
	_, err := d.exec(ctx, "INSERT INTO users (id, name, role, password, created) VALUES (?, ?, ?, ?, ?)", u.ID, name, string(role), d.hashing.hash(password), ms(u.Created))
	if err != nil {
		return u, fmt.Errorf("add user %s: %w", name, err)
	}
	return u, nil
}

// UserChange is what an administrator changes of a user; nil leaves a thing as it is.
type UserChange struct {
	Role     *Role
	Password *string
	Disabled *bool
}

// ChangeUser does that, and ends the user's sessions: what they were allowed is no more.
// One administrator is always left.
func (d *DB) ChangeUser(ctx context.Context, id string, c UserChange) (u User, err error) {
	var hash *string
	if c.Role != nil && !c.Role.Valid() {
		return u, fmt.Errorf("change user: %w: role %q", ErrInvalid, *c.Role)
	}
	if c.Password != nil {
		if err := checkPassword("", *c.Password); err != nil {
			return u, fmt.Errorf("change user: %w", err)
		}
		h := d.hashing.hash(*c.Password)
		hash = &h
	}
	err = d.change(ctx, func(tx *sql.Tx) error {
		u, err = d.changeUser(ctx, tx, id, c, hash)
		return err
	})
	if err != nil {
		return u, fmt.Errorf("change user %s: %w", id, err)
	}
	return u, nil
}

func (d *DB) changeUser(ctx context.Context, tx *sql.Tx, id string, c UserChange, hash *string) (User, error) {
	var disabled *int64
	if c.Disabled != nil {
		disabled = new(int64)
		if *c.Disabled {
			*disabled = ms(d.now())
		}
	}
	err := one(d.in(ctx, tx, "UPDATE users SET role = COALESCE(?, role), password = COALESCE(?, password), disabled = COALESCE(?, disabled) WHERE id = ?",
		(*string)(c.Role), hash, disabled, id))
	if err != nil {
		return User{}, err
	}
	if _, err := d.in(ctx, tx, "DELETE FROM sessions WHERE user_id = ?", id); err != nil {
		return User{}, err
	}
	if _, err := get(ctx, d, tx, value[int64], "SELECT 1 FROM users WHERE role = ? AND disabled = 0 LIMIT 1", string(Admin)); errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("%w: nobody would be left to administrate", ErrInvalid)
	} else if err != nil {
		return User{}, err
	}
	return get(ctx, d, tx, scanUser, "SELECT "+userColumns+" FROM users WHERE id = ?", id)
}

// NewPassword makes one: 120 bits.
func NewPassword() string { return NewSecret()[:20] }

// ResetPassword gives a user another password, and lets in again who was disabled, as the
// operator of this machine: for who forgot it. It ends the user's sessions.
func (d *DB) ResetPassword(ctx context.Context, name, password string) error {
	u, err := get(ctx, d, d.db, scanUser, "SELECT "+userColumns+" FROM users WHERE name = ?", name)
	if err != nil {
		return fmt.Errorf("reset password of %s: %w", name, err)
	}
	id, err := d.Begin(ctx, Audit{Actor: "local", Action: "users.reset", Target: u.ID, Detail: name})
	if err != nil {
		return err
	}
	enabled := false
	_, err = d.ChangeUser(ctx, u.ID, UserChange{Password: &password, Disabled: &enabled})
	result := "done"
	if err != nil {
		result = err.Error()
	}
	return errors.Join(err, d.Finish(ctx, id, "", result))
}

// SetPassword changes a user's own password, who shows the old one.
func (d *DB) SetPassword(ctx context.Context, u User, old, password string) error {
	if !d.hashing.matches(old, u.password) {
		return fmt.Errorf("set password: %w: the old one is another", ErrInvalid)
	}
	if err := checkPassword(u.Name, password); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	_, err := d.ChangeUser(ctx, u.ID, UserChange{Password: &password})
	return err
}

// CheckPassword gives the user that the name and password are of, else ErrNotFound: it
// does not tell, by its error or by its time, whether there is such a user.
func (d *DB) CheckPassword(ctx context.Context, name, password string) (User, error) {
	u, err := get(ctx, d, d.db, scanUser, "SELECT "+userColumns+" FROM users WHERE name = ? AND disabled = 0", name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("check password: %w", err)
	}
	known := err == nil
	if !known {
		u.password = d.nobodysPassword
	}
	if len(password) > 4*maxPassword || !d.hashing.matches(password, u.password) || !known {
		return User{}, fmt.Errorf("check password: %w", ErrNotFound)
	}
	return u, nil
}
