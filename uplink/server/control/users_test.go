package control_test

import (
	"testing"
	"time"

	"vigil/uplink/server/control"
)

func testUsers(t *testing.T, place string) {
	ctx, c := t.Context(), newClock()
	d := open(t, place, c)
	admin, err := d.AddUser(ctx, "admin", control.Admin, password)
	must(t, err)
	_, err = d.AddUser(ctx, "admin", control.Viewer, password)
	wantError(t, "the same name", err, control.ErrConflict)
	_, err = d.AddUser(ctx, "x", control.Viewer, "short")
	wantError(t, "a short password", err, control.ErrInvalid)
	_, err = d.CheckPassword(ctx, "admin", password+"!")
	wantError(t, "another password", err, control.ErrNotFound)
	_, err = d.CheckPassword(ctx, "nobody", password)
	wantError(t, "nobody", err, control.ErrNotFound)
	u, err := d.CheckPassword(ctx, "admin", password)
	must(t, err)

	s, secret, err := d.Login(ctx, u, "192.0.2.1")
	must(t, err)
	_, who, err := d.Session(ctx, secret)
	must(t, err)
	want(t, "who", who.Name, "admin")
	c.pass(control.SessionIdle - time.Minute)
	_, _, err = d.Session(ctx, secret)
	must(t, err)
	c.pass(control.SessionIdle)
	_, _, err = d.Session(ctx, secret)
	wantError(t, "an idle session", err, control.ErrNotFound)
	must(t, d.Logout(ctx, s))

	viewer := control.Viewer
	_, err = d.ChangeUser(ctx, admin.ID, control.UserChange{Role: &viewer})
	wantError(t, "the last administrator", err, control.ErrInvalid)
	_, secret, err = d.Login(ctx, u, "")
	must(t, err)
	other, err := d.AddUser(ctx, "other", control.Admin, password)
	must(t, err)
	_, err = d.ChangeUser(ctx, admin.ID, control.UserChange{Role: &viewer})
	must(t, err)
	_, _, err = d.Session(ctx, secret)
	wantError(t, "the session of a changed user", err, control.ErrNotFound)

	_, bearer, err := d.NewToken(ctx, other, "ci", control.Operator, time.Hour)
	must(t, err)
	who, err = d.Bearer(ctx, bearer)
	must(t, err)
	want(t, "role", who.Role, control.Operator)
	_, err = d.ChangeUser(ctx, admin.ID, control.UserChange{Role: &other.Role})
	must(t, err)
	_, err = d.ChangeUser(ctx, other.ID, control.UserChange{Role: &viewer})
	must(t, err)
	who, err = d.Bearer(ctx, bearer)
	must(t, err)
	want(t, "role of a user who was made less", who.Role, control.Viewer)
	c.pass(time.Hour)
	_, err = d.Bearer(ctx, bearer)
	wantError(t, "an old token", err, control.ErrNotFound)
}

// Who forgot a password gets another from who runs the server; the old one and what was
// begun with it are no more, and the log has it.
func testReset(t *testing.T, place string) {
	ctx, c := t.Context(), newClock()
	d := open(t, place, c)
	admin, err := d.AddUser(ctx, control.FirstAdmin, control.Admin, password)
	must(t, err)
	_, err = d.AddUser(ctx, "other", control.Admin, password)
	must(t, err)
	disabled := true
	_, err = d.ChangeUser(ctx, admin.ID, control.UserChange{Disabled: &disabled})
	must(t, err)
	other, err := d.CheckPassword(ctx, "other", password)
	must(t, err)
	_, secret, err := d.Login(ctx, other, "192.0.2.1")
	must(t, err)
	fresh := control.NewPassword()
	must(t, d.ResetPassword(ctx, control.FirstAdmin, fresh))
	must(t, d.ResetPassword(ctx, "other", fresh))
	_, _, err = d.Session(ctx, secret)
	wantError(t, "a session of the old password", err, control.ErrNotFound)
	for _, name := range []string{control.FirstAdmin, "other"} {
		_, err = d.CheckPassword(ctx, name, password)
		wantError(t, "the old password of "+name, err, control.ErrNotFound)
		_, err = d.CheckPassword(ctx, name, fresh)
		must(t, err)
	}
	wantError(t, "nobody", d.ResetPassword(ctx, "nobody", fresh), control.ErrNotFound)
	all, err := d.AuditLog(ctx, "local", "users.reset", "", 10)
	must(t, err)
	want(t, "entries of the log", len(all), 2)
}
