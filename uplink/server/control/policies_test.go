package control_test

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	"vigil/uplink/server/control"
)

// What an older server left is brought along: its sensors, and its own policy default.
func testMigrate(t *testing.T, place string) {
	driver := "sqlite"
	if strings.HasPrefix(place, "postgres://") {
		driver = "pgx"
	}
	old, err := sql.Open(driver, place)
	must(t, err)
	tables, err := os.ReadFile("migrations/1.sql")
	must(t, err)
	for _, statement := range []string{
		string(tables),
		"CREATE TABLE migrations (number BIGINT PRIMARY KEY, time BIGINT NOT NULL)", "INSERT INTO migrations VALUES (1, 1)",
		"INSERT INTO sensors (id, name, enrolled, seen, address, serial, expires, applied) VALUES ('s', 'web', 1, 1, '', '', 1, 1)",
		"INSERT INTO policies (name, version, body, note, author, created) VALUES ('default', 1, '{\"x\":1}', '', 'eve', 1)",
	} {
		_, err := old.ExecContext(t.Context(), statement)
		must(t, err)
	}
	must(t, old.Close())
	d := open(t, place, newClock())
	s, err := d.Sensor(t.Context(), "s")
	must(t, err)
	want(t, "sensor", fmt.Sprint(s.Name, s.Applied, s.Follows, s.Refused), "web1")
	p, err := d.PolicyOf(t.Context(), "s")
	must(t, err)
	want(t, "policy", fmt.Sprint(p.Version, string(p.Body), p.Author), `1{"x":1}eve`)
}

func testPolicies(t *testing.T, place string) {
	ctx, d := t.Context(), open(t, place, newClock())
	id := enrol(t, d, "a")
	all, err := d.Policies(ctx)
	must(t, err)
	want(t, "from the start", len(all), 1)
	p, err := d.PolicyOf(ctx, id)
	must(t, err)
	want(t, "it says nothing", fmt.Sprint(p.Name, p.Version, string(p.Body)), "default1{}")
	_, err = d.PutPolicy(ctx, control.Policy{Name: "default", Body: []byte(`{}`)}, 0)
	wantError(t, "over another's", err, control.ErrConflict)
	_, err = d.PutPolicy(ctx, control.Policy{Name: "default", Body: []byte(`{"x":1}`)}, 1)
	must(t, err)
	p, err = d.PolicyOf(ctx, id)
	must(t, err)
	want(t, "policy", fmt.Sprint(p.Version, string(p.Body)), `2{"x":1}`)
	again := open(t, place, newClock()) // begins nothing anew
	versions, err := again.PolicyVersions(ctx, "default")
	must(t, err)
	want(t, "versions", len(versions), 2)
	wantError(t, "an unknown policy", d.Follow(ctx, id, "web"), control.ErrNotFound)
	_, err = d.PutPolicy(ctx, control.Policy{Name: "web", Body: []byte(`{}`)}, 0)
	must(t, err)
	must(t, d.Follow(ctx, id, "web"))
	p, err = d.PolicyOf(ctx, id)
	must(t, err)
	want(t, "policy", p.Name, "web")
	must(t, d.Reported(ctx, id, control.Report{Applied: 1, Follows: "web", Refused: "version 2: \x00 is no kind", Health: []byte(`{}`)}))
	s, err := d.Sensor(ctx, id)
	must(t, err)
	want(t, "what it follows", fmt.Sprint(s.Follows, s.Applied, s.Refused), "web1version 2: \uFFFD is no kind")
}
