package controltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Each runs tests on every kind of control state, each on one of its own.
func Each(t *testing.T, tests map[string]func(t *testing.T, place string)) {
	t.Run("sqlite", func(t *testing.T) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "control.db")) })
		}
	})
	t.Run("postgresql", func(t *testing.T) {
		place := Postgres(t)
		for name, test := range tests {
			t.Run(name, func(t *testing.T) { test(t, database(t, place, strings.ToLower(name))) })
		}
	})
}

// database makes one of a name on a server.
func database(t *testing.T, place, name string) string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Exec(t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if err := errors.Join(err, c.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(place, "/postgres?", "/"+name+"?", 1)
}

// Postgres starts PostgreSQL for one test, which is skipped where it is missing and
// QUICK=1 is set.
func Postgres(t testing.TB) string {
	t.Helper()
	programs := find(t)
	// Not t.TempDir: the parents of that are closed to the user that PostgreSQL runs as.
	dir, err := os.MkdirTemp("", "vigil-postgresql-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove PostgreSQL's folder: %v", err)
		}
	})
	if err := giveAway(dir); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(programs, "initdb"), "--pgdata", data, "--username", "vigil", "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C")
	run(dir, initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	var said bytes.Buffer
	server := exec.Command(filepath.Join(programs, "postgres"), "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories="+dir, "-c", "fsync=off", "-c", "shared_buffers=16MB")
	server.Stdout, server.Stderr = &said, &said
	run(dir, server)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		if err := server.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("stop PostgreSQL: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("PostgreSQL ended: %v\n%s", err, &said)
		}
	})
	place := "postgres://vigil@/postgres?host=" + url.QueryEscape(dir)
	wait(t, place, ended, &said)
	return place
}

func wait(t testing.TB, place string, ended chan error, said *bytes.Buffer) {
	for deadline := time.Now().Add(time.Minute); ; {
		err := ping(place)
		if err == nil {
			return
		}
		select {
		case end := <-ended:
			ended <- end
			t.Fatalf("PostgreSQL ended: %v\n%s", end, said)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("PostgreSQL does not answer: %v", err)
		}
	}
}

func ping(place string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, place)
	if err != nil {
		return err
	}
	return errors.Join(c.Ping(ctx), c.Close(ctx))
}

// find gives the folder of PostgreSQL's programs.
func find(t testing.TB) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("go env: %v", err)
	}
	out, err := exec.Command(filepath.Join(filepath.Dir(strings.TrimSpace(string(root))), "scripts", "postgresql")).Output()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) && exit.ExitCode() == 3 {
		t.Skip(strings.TrimSpace(string(exit.Stderr)))
	} else if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if err != nil {
		t.Fatalf("find PostgreSQL: %v", err)
	}
	return strings.TrimSpace(string(out))
}
