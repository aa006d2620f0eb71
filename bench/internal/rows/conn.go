// Package rows writes rows by the database driver alone, as the lower bound
// that the product's own writing is compared with: conn.go (a connection of
// either engine, with the product's durability), copy.go (copies of rows that
// the product has written).
package rows

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // driver "sqlite"
)

// Conn is one connection with at most one transaction. It serves one goroutine.
type Conn interface {
	Begin(ctx context.Context) error
	Exec(ctx context.Context, text string, args []any) error
	Commit(ctx context.Context) error
	// Query gives the names and values of all rows.
	Query(ctx context.Context, text string, args ...any) (names []string, rows [][]any, err error)
	Close(ctx context.Context)
}

// Placeholder gives the n-th parameter, counted from 1.
func Placeholder(engine string, n int) string {
	if engine == "postgres" {
		return fmt.Sprint("$", n)
	}
	return "?"
}

// Connect opens a connection: pgx itself, or SQLite with the product's settings.
func Connect(ctx context.Context, engine, url string) (Conn, error) {
	if engine == "postgres" {
		c, err := pgx.Connect(ctx, url)
		return &pgConn{conn: c}, err
	}
	db, err := sql.Open("sqlite", "file:"+url+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-65536)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return &liteConn{db: db, known: map[string]*sql.Stmt{}}, nil
}

type pgConn struct {
	conn *pgx.Conn
	tx   pgx.Tx
}

func (c *pgConn) Begin(ctx context.Context) (err error) {
	c.tx, err = c.conn.Begin(ctx)
	return err
}

func (c *pgConn) Exec(ctx context.Context, text string, args []any) error {
	_, err := c.tx.Exec(ctx, text, args...)
	return err
}

func (c *pgConn) Commit(ctx context.Context) error { return c.tx.Commit(ctx) }

func (c *pgConn) Close(ctx context.Context) { _ = c.conn.Close(context.WithoutCancel(ctx)) }

func (c *pgConn) Query(ctx context.Context, text string, args ...any) (names []string, out [][]any, err error) {
	found, err := c.conn.Query(ctx, text, args...)
	if err != nil {
		return nil, nil, err
	}
	defer found.Close()
	for _, f := range found.FieldDescriptions() {
		names = append(names, f.Name)
	}
	for found.Next() {
		values, err := found.Values()
		if err != nil {
			return nil, nil, err
		}
		out = append(out, values)
	}
	return names, out, found.Err()
}

type liteConn struct {
	db    *sql.DB
	known map[string]*sql.Stmt
}

func (c *liteConn) Begin(ctx context.Context) error {
	_, err := c.db.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}

func (c *liteConn) Exec(ctx context.Context, text string, args []any) error {
	st := c.known[text]
	if st == nil {
		var err error
		if st, err = c.db.PrepareContext(ctx, text); err != nil {
			return err
		}
		c.known[text] = st
	}
	_, err := st.ExecContext(ctx, args...)
	return err
}

func (c *liteConn) Commit(ctx context.Context) error {
	_, err := c.db.ExecContext(ctx, "COMMIT")
	return err
}

func (c *liteConn) Close(context.Context) {
	for _, st := range c.known {
		st.Close()
	}
	c.db.Close()
}

func (c *liteConn) Query(ctx context.Context, text string, args ...any) ([]string, [][]any, error) {
	found, err := c.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, nil, err
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		return nil, nil, err
	}
	var out [][]any
	for found.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, nil, err
		}
		out = append(out, values)
	}
	return names, out, found.Err()
}
