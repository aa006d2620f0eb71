package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

const (
	groupMax  = 512                   // closures committed together
	groupTime = 20 * time.Millisecond // after which a group takes in nobody new
)

// sqliteWriter owns the one writing connection. Callers queue up; a group of
// them shares one transaction, so one fsync pays for all. Whoever finds the lead
// free runs the group on its own goroutine: a caller who is alone hands nothing
// over and waits for nobody.
type sqliteWriter struct {
	ctx    context.Context // of the transactions
	pool   *sql.DB
	conn   *sql.Conn
	stmts  *statements
	logger *slog.Logger
	queue  chan *writeRequest
	lead   chan struct{} // holds one while somebody runs groups
	quit   chan struct{} // closed when no more is to be begun
	done   chan struct{} // closed when nothing runs any more
	once   sync.Once

	checkpointer atomic.Pointer[checkpointer]
}

type writeRequest struct {
	ctx   context.Context
	fn    func(*Tx) error
	reply chan error
	tx    *Tx
}

func newSQLiteWriter(ctx context.Context, pool *sql.DB, logger *slog.Logger) (*sqliteWriter, error) {
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, classify(err)
	}
	return &sqliteWriter{ctx: context.WithoutCancel(ctx), pool: pool, conn: c, logger: logger, stmts: &statements{prepare: c.PrepareContext},
		queue: make(chan *writeRequest, groupMax), lead: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}, nil
}

func (w *sqliteWriter) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	st, err := w.stmts.get(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

func (w *sqliteWriter) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	st, err := w.stmts.get(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (w *sqliteWriter) write(ctx context.Context, fn func(*Tx) error) error {
	r := &writeRequest{ctx: ctx, fn: fn, reply: make(chan error, 1)}
	select {
	case w.queue <- r:
	case <-w.quit:
		return errClosed()
	case <-ctx.Done():
		return ctx.Err()
	}
	// Once queued, the answer is waited for even if the caller's context ends:
	// the write may have happened, and "cancelled" would say that it has not.
	for {
		select {
		case err := <-r.reply:
			return err
		case w.lead <- struct{}{}:
			w.serve(r)
		case <-w.done:
			select {
			case err := <-r.reply:
				return err
			default:
				return errClosed()
			}
		}
	}
}

// serve runs groups until r has its answer, and gives the lead to whoever waits.
func (w *sqliteWriter) serve(r *writeRequest) {
	defer func() { <-w.lead }()
	for len(r.reply) == 0 {
		select {
		case <-w.quit:
			return
		default:
		}
		select {
		case next := <-w.queue:
			w.group(next)
		default:
			return
		}
	}
}

func errClosed() error {
	return errs.New(errs.Unavailable, "sqldb.closed", "the database is being closed")
}

// group runs the first request and those waiting behind it in one transaction.
func (w *sqliteWriter) group(first *writeRequest) {
	ctx := w.ctx
	if _, err := w.exec(ctx, "BEGIN IMMEDIATE", nil); err != nil {
		// Someone else holds the file: everyone now waiting hears of it at once
		// instead of one after another, each after its own time-out.
		w.refuse(first, classify(err))
		return
	}
	var committed []*writeRequest
	ended := false
	running := first
	defer func() {
		if !ended { // a closure has ended its goroutine, as a failing test does
			w.abandon(ctx, append(committed, running), errors.New("a write did not return"))
		}
	}()
	deadline := time.Now().Add(groupTime)
	for r := first; r != nil; {
		running = r
		if w.runOne(ctx, r) {
			committed = append(committed, r)
		}
		if r.tx != nil && r.tx.broken != nil {
			ended = true
			w.abandon(ctx, committed, r.tx.broken)
			return
		}
		r = nil
		if len(committed) < groupMax && time.Now().Before(deadline) {
			select {
			case r = <-w.queue:
			default:
			}
		}
	}
	ended = true
	if _, err := w.exec(ctx, "COMMIT", nil); err != nil {
		w.abandon(ctx, committed, err)
		return
	}
	for _, r := range committed {
		for _, f := range r.tx.after {
			f()
		}
		r.reply <- nil
	}
	if c := w.checkpointer.Load(); c != nil {
		c.wake()
	}
}

// abandon ends a group that can't be committed. SQLite may have rolled the
// transaction back by itself, as it does when the disk is full: what would run
// on then would stand outside of any transaction.
func (w *sqliteWriter) abandon(ctx context.Context, committed []*writeRequest, cause error) {
	if _, err := w.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		w.logger.Debug("rollback of an abandoned group", "error", err)
	}
	w.logger.Error("a group of writes is abandoned", "writes", len(committed), "error", cause)
	err := error(errs.Wrap(cause, errs.Unavailable, "sqldb.group", "the database could not keep what was written; try again"))
	if e := classify(cause); errs.CodeOf(e) == codeFull {
		err = e
	}
	for _, r := range committed {
		r.reply <- err
	}
}

// runOne runs one closure in a savepoint and tells whether it waits for the commit.
func (w *sqliteWriter) runOne(ctx context.Context, r *writeRequest) bool {
	if err := r.ctx.Err(); err != nil {
		r.reply <- err
		return false
	}
	r.tx = &Tx{ctx: ctx, dialect: SQLite, conn: w}
	if err := r.tx.Nested(func() error { return r.fn(r.tx) }); err != nil {
		r.reply <- err
		return false
	}
	return true
}

// refuse answers those who wait now; whoever comes because of the answer waits anew.
func (w *sqliteWriter) refuse(first *writeRequest, err error) {
	all := []*writeRequest{first}
	for range len(w.queue) {
		all = append(all, <-w.queue)
	}
	for _, r := range all {
		r.reply <- err
	}
}

func (w *sqliteWriter) close() error {
	w.once.Do(func() {
		close(w.quit)
		w.lead <- struct{}{} // and keeps it
		close(w.done)
	})
	<-w.done
	if c := w.checkpointer.Swap(nil); c != nil {
		c.close()
	}
	w.refuseWaiting()
	w.stmts.close()
	err := w.conn.Close()
	if e := w.pool.Close(); err == nil {
		err = e
	}
	return err
}

func (w *sqliteWriter) refuseWaiting() {
	for {
		select {
		case r := <-w.queue:
			r.reply <- errClosed()
		default:
			return
		}
	}
}
