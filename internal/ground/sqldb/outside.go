package sqldb

import (
	"context"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// Outside runs statements of PostgreSQL that may not stand in a transaction,
// such as CREATE INDEX CONCURRENTLY, one after another on one connection. It
// holds the named lock meanwhile, so that no other node does the same; where
// another does, the error is of kind Unavailable. What was done stays done when
// a later statement fails, so the caller must be able to begin again.
func (db *DB) Outside(ctx context.Context, name string, run func(exec func(text string) error) error) error {
	if db.dialect != Postgres {
		return errs.New(errs.Internal, "sqldb.outside", "only PostgreSQL has statements that stand outside transactions")
	}
	c, err := db.reader.Conn(ctx)
	if err != nil {
		return classify(err)
	}
	defer c.Close()
	var mine bool
	if err := c.QueryRowContext(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name).Scan(&mine); err != nil {
		return classify(err)
	}
	if !mine {
		return errs.New(errs.Unavailable, "sqldb.outside_busy", "another node is at it")
	}
	err = run(func(text string) error {
		_, err := c.ExecContext(ctx, text)
		return classify(err)
	})
	// A connection that broke has let go of the lock by itself.
	if _, e := c.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(hashtextextended($1, 0))", name); e != nil && err == nil {
		err = classify(e)
	}
	return err
}
