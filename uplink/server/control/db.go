package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite
)

// What callers branch on.
var (
	ErrNotFound = errors.New("no such thing")
	ErrConflict = errors.New("already there")
	ErrInvalid  = errors.New("not valid")
	ErrExpired  = errors.New("expired")
	ErrUsed     = errors.New("already used")
)

// DB is the control state. It is safe for use by many at once.
type DB struct {
	db       *sql.DB
	now      func() time.Time
	ids      ids
	hashing  hashing
	postgres bool
	writing  sync.Mutex // SQLite has one writer: waiting here is cheaper than being told busy

	statements statements
	admitted   admitted

	nobodysPassword string // what the password of an unknown user is compared with
}

// Open opens the state at place: postgres://… or the path of a SQLite file, which is made
// when missing. It brings the tables to this version.
func Open(ctx context.Context, place string, now func() time.Time) (*DB, error) {
	d := &DB{now: now, hashing: make(hashing, 2), postgres: strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")}
	d.nobodysPassword = d.hashing.hash(NewSecret())
	driver, source := "pgx", place
	if !d.postgres {
		driver, source = "sqlite", sqliteSource(place)
	}
	var err error
	if d.db, err = sql.Open(driver, source); err != nil {
		return nil, fmt.Errorf("open control state: %w", err)
	}
	d.db.SetMaxOpenConns(8)
	d.db.SetMaxIdleConns(8)
	err = d.migrate(ctx)
	if err == nil {
		err = d.beginPolicies(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open control state: %w", err), d.db.Close())
	}
	return d, nil
}

// sqliteSource asks for a log beside the file that is synced at each commit: what was
// acknowledged to a sensor or a user survives a power cut.
func sqliteSource(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "foreign_keys(1)", "trusted_schema(0)",
	}}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

// Close closes the state.
func (d *DB) Close() error { return errors.Join(d.statements.close(), d.db.Close()) }

// Ping tells whether the state can be reached.
func (d *DB) Ping(ctx context.Context) error { return d.db.PingContext(ctx) }

// querier is a database or a transaction.
type querier interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// Shared tells whether other servers may change the state too.
func (d *DB) Shared() bool { return d.postgres }

// brief is the context of a look-up that SQLite does sooner than it could be broken off:
// to watch a context takes two goroutines a query. PostgreSQL may be far away.
func (d *DB) brief(ctx context.Context) context.Context {
	if d.postgres {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// bind writes the places for arguments as the database wants them: no text of a query
// here has a question mark of its own.
func (d *DB) bind(query string) string {
	if !d.postgres {
		return query
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		fmt.Fprintf(&b, "$%d", n)
		query = after
	}
}

// change runs f in a transaction that is kept when f gives no error.
func (d *DB) change(ctx context.Context, f func(*sql.Tx) error) error {
	if !d.postgres {
		d.writing.Lock()
		defer d.writing.Unlock()
	}
	for try := 1; ; try++ {
		err := d.changeOnce(ctx, f)
		if pg := (*pgconn.PgError)(nil); try < 5 && errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") {
			continue // two transactions met: the database undid this one
		}
		return err
	}
}

func (d *DB) changeOnce(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// exec is one statement as its own transaction; it tells how many rows it changed.
func (d *DB) exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = d.change(ctx, func(tx *sql.Tx) error {
		n, err = d.in(ctx, tx, query, args...)
		return err
	})
	return n, err
}

func (d *DB) in(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	r, err := d.execute(ctx, q, query, args)
	if err != nil {
		return 0, constraint(err)
	}
	return r.RowsAffected()
}

// constraint makes a broken UNIQUE the error that callers know.
func constraint(err error) error {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == "23505" {
		return fmt.Errorf("%w: %s", ErrConflict, pg.ConstraintName)
	}
	if strings.Contains(err.Error(), "UNIQUE constraint failed") {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// one gives ErrNotFound when a change met no row.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

type scanner interface{ Scan(...any) error }

// list gives all rows of a query.
func list[T any](ctx context.Context, d *DB, q querier, scan func(scanner, *T) error, query string, args ...any) ([]T, error) {
	rows, err := d.query(ctx, q, query, args)
	if err != nil {
		return nil, err
	}
	all := []T{}
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		all = append(all, v)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}

// get gives the row of a query, or ErrNotFound.
func get[T any](ctx context.Context, d *DB, q querier, scan func(scanner, *T) error, query string, args ...any) (T, error) {
	all, err := list(ctx, d, q, scan, query, args...)
	if err != nil || len(all) == 0 {
		var none T
		if err == nil {
			err = ErrNotFound
		}
		return none, err
	}
	return all[0], nil
}

// value scans a query of one column.
func value[T any](s scanner, v *T) error { return s.Scan(v) }
