package control

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements keeps what SQLite parsed: parsing takes longer than what most statements
// then do. PostgreSQL's driver does that by itself.
type statements struct {
	mu  sync.Mutex
	all map[string]*sql.Stmt
}

// mostStatements bounds them: those of filters are many.
const mostStatements = 128

// prepared gives a statement; nil when there is no room for another.
func (d *DB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	d.statements.mu.Lock()
	defer d.statements.mu.Unlock()
	s := d.statements.all[query]
	if s != nil || d.postgres || len(d.statements.all) == mostStatements {
		return s, nil
	}
	s, err := d.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if d.statements.all == nil {
		d.statements.all = map[string]*sql.Stmt{}
	}
	d.statements.all[query] = s
	return s, nil
}

func (d *DB) execute(ctx context.Context, q querier, query string, args []any) (sql.Result, error) {
	s, err := d.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return q.ExecContext(ctx, d.bind(query), args...)
	}
	if tx, ok := q.(*sql.Tx); ok {
		s = tx.StmtContext(ctx, s)
	}
	return s.ExecContext(ctx, args...)
}

func (d *DB) query(ctx context.Context, q querier, query string, args []any) (*sql.Rows, error) {
	s, err := d.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return q.QueryContext(ctx, d.bind(query), args...)
	}
	if tx, ok := q.(*sql.Tx); ok {
		s = tx.StmtContext(ctx, s)
	}
	return s.QueryContext(ctx, args...)
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []error
	for _, one := range s.all {
		all = append(all, one.Close())
	}
	s.all = nil
	return errors.Join(all...)
}
