package control

import (
	"context"
	"fmt"
	"time"
)

// Audit is one thing that somebody did or tried.
type Audit struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	Actor   string    `json:"actor"`
	Role    Role      `json:"role"`
	Address string    `json:"address"`
	Action  string    `json:"action"`
	Target  string    `json:"target"`
	Detail  string    `json:"detail"`
	Result  string    `json:"result"` // "begun" until it is known
}

const auditColumns = "id, time, actor, role, address, action, target, detail, result"

func scanAudit(s scanner, a *Audit) error {
	return s.Scan(&a.ID, at{&a.Time}, &a.Actor, &a.Role, &a.Address, &a.Action, &a.Target, &a.Detail, &a.Result)
}

// Begin writes that something is about to be done: what cannot be written is not done.
func (d *DB) Begin(ctx context.Context, a Audit) (id string, err error) {
	id = d.NewID()
	_, err = d.exec(ctx, "INSERT INTO audit ("+auditColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'begun')",
		id, ms(d.now()), kept(a.Actor), string(a.Role), a.Address, a.Action, kept(a.Target), kept(a.Detail))
	if err != nil {
		return "", fmt.Errorf("write audit log: %w", err)
	}
	return id, nil
}

// Finish writes what came of it, and more detail unless it is "".
func (d *DB) Finish(ctx context.Context, id, detail, result string) error {
	err := one(d.exec(ctx, "UPDATE audit SET result = ?, detail = CASE WHEN ? = '' THEN detail ELSE ? END WHERE id = ? AND result = 'begun'",
		kept(result), kept(detail), kept(detail), id))
	if err != nil {
		return fmt.Errorf("finish audit log: %w", err)
	}
	return nil
}

// AuditLog gives what was done, the newest first: by actor and of an action when they are
// given, before an entry's ID when it is.
func (d *DB) AuditLog(ctx context.Context, actor, action, before string, limit int) ([]Audit, error) {
	all, err := list(ctx, d, d.db, scanAudit, "SELECT "+auditColumns+` FROM audit
		WHERE (? = '' OR actor = ?) AND (? = '' OR action = ?) AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?`,
		actor, actor, action, action, before, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return all, nil
}
