package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Write is the only way to change the database. It runs fn in a transaction:
// when Write returns nil, all that fn did is on disk; when it returns an error,
// none of it is, unless the error is of kind Unavailable and the connection
// broke while committing (then the outcome is unknown, and the caller's
// idempotency key decides).
//
// fn may run again, after a deadlock, a serialisation failure or an aborted
// group; it does no outside I/O, keeps no state of an earlier run, and does not
// call Write. On SQLite the closures of many callers run one after another on
// the writer connection and are committed together; on PostgreSQL each is a
// transaction of its own, at READ COMMITTED: lock the rows that you will change,
// or Lock a name, or rely on a unique key.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return db.writer.write(ctx, fn)
}

// Tx is a running write. It is used by one goroutine and not after its closure has returned.
type Tx struct {
	ctx     context.Context // that of the writer: a caller who gives up must not tear down the group
	dialect Dialect
	conn    conn
	after   []func()
	depth   int
	broken  error // a savepoint was lost, and with it everything since the transaction began
}

// conn is what a transaction needs of its connection.
type conn interface {
	exec(ctx context.Context, text string, args []any) (sql.Result, error)
	query(ctx context.Context, text string, args []any) (*sql.Rows, error)
}

// Dialect tells which database this is.
func (tx *Tx) Dialect() Dialect { return tx.dialect }

// Exec runs a statement and gives the number of rows it touched.
func (tx *Tx) Exec(text string, args ...any) (int64, error) {
	res, err := tx.conn.exec(tx.ctx, text, args)
	if err != nil {
		return 0, classify(err)
	}
	return res.RowsAffected()
}

// Insert is Exec that gives the rowid of the last row inserted, too: on SQLite,
// where the rows of one statement follow each other without a gap. On PostgreSQL
// it is 0.
func (tx *Tx) Insert(text string, args ...any) (n, last int64, err error) {
	res, err := tx.conn.exec(tx.ctx, text, args)
	if err != nil {
		return 0, 0, classify(err)
	}
	if tx.dialect == SQLite {
		if last, err = res.LastInsertId(); err != nil {
			return 0, 0, err
		}
	}
	n, err = res.RowsAffected()
	return n, last, err
}

// Copy writes rows by PostgreSQL's COPY, all or none: their values, of the given
// columns, stand one after another, ids as their bytes. There is none on SQLite.
func (tx *Tx) Copy(table string, columns []string, values []any) error {
	c, ok := tx.conn.(pgConn)
	if !ok {
		return errs.New(errs.Internal, "sqldb.copy", "rows are copied on PostgreSQL only")
	}
	return classify(c.copy(tx.ctx, table, columns, values))
}

// Query reads rows, the writes of this transaction among them. The caller closes the rows
// before the next statement.
func (tx *Tx) Query(text string, args ...any) (*Rows, error) {
	return rowsOf(tx.conn.query(tx.ctx, text, args))
}

// QueryRow reads one row into dest; found is false when there is none.
func (tx *Tx) QueryRow(text string, args []any, dest ...any) (found bool, err error) {
	rows, err := tx.Query(text, args...)
	if err != nil {
		return false, err
	}
	return scanOne(rows, dest)
}

// AfterCommit runs f once the transaction is on disk. f must not block.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Lock waits for the named lock and holds it to the end of the transaction.
// On SQLite there is one writer, so it is held already.
func (tx *Tx) Lock(name string) error {
	if tx.dialect == SQLite {
		return nil
	}
	_, err := tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
	return err
}

// Nested runs fn so that its failure undoes only what fn did: the transaction
// goes on. What fn wanted to run after the commit is dropped with it.
func (tx *Tx) Nested(fn func() error) error {
	tx.depth++
	defer func() { tx.depth-- }()
	name := fmt.Sprintf("s%d", tx.depth)
	mark := len(tx.after)
	if _, err := tx.Exec("SAVEPOINT " + name); err != nil {
		return err
	}
	err := guarded(fn)
	if err == nil {
		// It fails where fn has passed over the failure of a statement.
		if _, err = tx.Exec("RELEASE SAVEPOINT " + name); err == nil {
			return nil
		}
	}
	tx.after = tx.after[:mark]
	for _, text := range []string{"ROLLBACK TO SAVEPOINT ", "RELEASE SAVEPOINT "} {
		if _, e := tx.Exec(text + name); e != nil {
			tx.broken = e
			return fmt.Errorf("%w (and the savepoint could not be rolled back: %w)", err, e)
		}
	}
	return err
}

// guarded turns a panic into an error: one caller's bug must not take the
// writer down with everyone else's work.
func guarded(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()), errs.Internal, "sqldb.panic", "the operation failed unexpectedly")
		}
	}()
	return fn()
}
