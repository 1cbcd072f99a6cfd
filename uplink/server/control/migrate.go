package control

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// lastMigration is the number of the newest file in migrations.
const lastMigration = 2

// migrationLock is the name that servers which start at once wait on, in PostgreSQL.
const migrationLock = 0x766967696c

func (d *DB) migrate(ctx context.Context) error {
	if !d.postgres {
		d.writing.Lock()
		defer d.writing.Unlock()
	}
	return d.changeOnce(ctx, func(tx *sql.Tx) error {
		if d.postgres {
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
				return fmt.Errorf("wait for other servers: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, time BIGINT NOT NULL)"); err != nil {
			return fmt.Errorf("make the table of migrations: %w", err)
		}
		var have int64
		if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0) FROM migrations").Scan(&have); err != nil {
			return fmt.Errorf("read the table of migrations: %w", err)
		}
		if have > lastMigration {
			return fmt.Errorf("the state is of a newer server: migration %d, this server knows %d", have, lastMigration)
		}
		for n := have + 1; n <= lastMigration; n++ {
			if err := d.migrateTo(ctx, tx, n); err != nil {
				return fmt.Errorf("migrate to %d: %w", n, err)
			}
		}
		return nil
	})
}

func (d *DB) migrateTo(ctx context.Context, tx *sql.Tx, n int64) error {
	text, err := migrations.ReadFile(fmt.Sprintf("migrations/%d.sql", n))
	if err != nil {
		return err
	}
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, d.bind("INSERT INTO migrations (number, time) VALUES (?, ?)"), n, ms(d.now()))
	return err
}
