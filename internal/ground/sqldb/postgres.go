package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const attempts = 12

// postgresWriter runs each closure in a transaction of its own.
type postgresWriter struct {
	pool   *sql.DB
	logger *slog.Logger
}

type pgConn struct {
	tx   *sql.Tx
	conn *sql.Conn // that tx runs on
}

func (c pgConn) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	return c.tx.ExecContext(ctx, text, args...)
}

func (c pgConn) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	return c.tx.QueryContext(ctx, text, args...)
}

// copy writes rows, whose values stand one after another, by COPY.
func (c pgConn) copy(ctx context.Context, table string, columns []string, values []any) error {
	return c.conn.Raw(func(driver any) error {
		rows := &copyRows{columns: len(columns), rest: values}
		_, err := driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, rows)
		return err
	})
}

// copyRows gives pgx one row after another.
type copyRows struct {
	columns int
	row     []any
	rest    []any
}

func (r *copyRows) Next() bool {
	if len(r.rest) < r.columns || r.columns == 0 {
		return false
	}
	r.row, r.rest = r.rest[:r.columns], r.rest[r.columns:]
	return true
}

func (r *copyRows) Values() ([]any, error) { return r.row, nil }
func (r *copyRows) Err() error             { return nil }

func (w *postgresWriter) write(ctx context.Context, fn func(*Tx) error) error {
	var err error
	for try := range attempts {
		if err = w.once(ctx, fn); err == nil || !retryable(err) {
			return err
		}
		w.logger.Debug("write runs again", "try", try+1, "error", err)
		// Full jitter keeps those that collided from colliding again.
		pause := time.Duration(rand.Int64N(int64(time.Millisecond) << min(try, 7)))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

func (w *postgresWriter) once(ctx context.Context, fn func(*Tx) error) error {
	// The transaction outlives an impatient caller, as on SQLite: once begun it
	// commits or fails by itself.
	own := context.WithoutCancel(ctx)
	c, err := w.pool.Conn(ctx)
	if err != nil {
		return classify(err)
	}
	defer c.Close()
	t, err := c.BeginTx(own, nil)
	if err != nil {
		return classify(err)
	}
	defer t.Rollback() // where fn ends its goroutine, as a failing test does; nothing otherwise
	tx := &Tx{ctx: own, dialect: Postgres, conn: pgConn{t, c}}
	if err := guarded(func() error { return fn(tx) }); err != nil || tx.broken != nil {
		err = cmp.Or(err, tx.broken)
		if e := t.Rollback(); e != nil {
			w.logger.Debug("rollback", "error", e)
		}
		return err
	}
	if err := t.Commit(); err != nil {
		return classify(err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

func (w *postgresWriter) close() error { return nil }
